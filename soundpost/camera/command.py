"""`soundpost camera`: what a street's cameras can, and how their mounts stand."""

import argparse
import asyncio
import pathlib

from soundpost.camera import check, survey
from soundpost.terminal import add_verb

HELP = "Ask a street's cameras what they can and say of themselves, or find how a mount stands from landmarks."
EXAMPLES = (
    "camera check --config gateway.toml",
    "camera survey landmarks.toml --camera corner --config gateway.toml",
)
EXAMPLE = f"""soundpost {EXAMPLES[0]}
  soundpost {EXAMPLES[1]}

landmarks.toml, three or more (pan and tilt as `soundpost camera check` shows them with the thing in mid-picture):
{survey.EXAMPLE}"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A verb, and the options of each."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="check|survey")
    asks = add_verb(verbs, "check", check.WORDS, EXAMPLES[0])
    asks.add_argument("camera", nargs="*", metavar="CAMERA", help="names of gateway.toml; all without one")
    finds = add_verb(verbs, "survey", survey.WORDS, EXAMPLES[1])
    finds.add_argument("landmarks", type=pathlib.Path, metavar="FILE", help="landmarks, and where the camera sees them")
    finds.add_argument("--camera", required=True, metavar="NAME", help="a name of gateway.toml")
    for each in (asks, finds):
        each.add_argument("--config", required=True, type=pathlib.Path, metavar="FILE", help="gateway.toml")
        each.add_argument("--json", action="store_true", help="JSON lines")


def run(args: argparse.Namespace) -> int:
    """0 done; 1 a camera that cannot be used. Raises ValueError or OSError of one line."""
    if args.verb == "survey":
        return survey.run(args)
    return asyncio.run(check.run(args))
