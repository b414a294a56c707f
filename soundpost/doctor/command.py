"""`soundpost doctor`: is this gateway, or this Linux node, well; and what to do where it is not."""

import argparse
import json
import os
import pathlib
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from soundpost.doctor.checking import examine
from soundpost.doctor.leaving_out import clean, known_secrets
from soundpost.doctor.rounds import checks_of
from soundpost.doctor.subject import read_subject
from soundpost.doctor.support import write_zip
from soundpost.doctor.verdict import FAIL, PASS, WARN, Verdict
from soundpost.logs import log_to_standard_error

HELP = (
    "Examine a gateway or a Linux node: a line for each thing, PASS, WARN or FAIL with what to do. "
    "It changes nothing, and switches no lamp. Exit status 1 where anything fails."
)
EXAMPLE = """soundpost doctor --config gateway.toml
  soundpost doctor --config node.toml --json
  soundpost doctor --config gateway.toml --zip for-support.zip"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `soundpost doctor`."""
    parser.add_argument("--config", required=True, type=pathlib.Path, metavar="FILE", help="gateway.toml or node.toml")
    parser.add_argument(
        "--web", type=pathlib.Path, metavar="FILE", help="web.toml (default: the one beside it, if any)"
    )
    parser.add_argument("--whole", action="store_true", help="verify the whole journal, not its newest rows; minutes")
    parser.add_argument("--json", action="store_true", help="JSON lines, one a check")
    parser.add_argument("--zip", type=pathlib.Path, metavar="FILE", help="a zip for support, with secrets left out")


def run(args: argparse.Namespace) -> int:
    """0 where nothing fails, else 1. Raises OSError naming the zip that cannot be written."""
    log_to_standard_error()
    subject = read_subject(args.config, args.web)
    found, hangs = examine(checks_of(subject, args.whole))
    verdicts = [_clean(each, known_secrets(subject.no_files())) for each in found]
    _say(verdicts, args.json)
    if args.zip is not None:
        names = write_zip(args.zip, subject, verdicts)
        print(f"{args.zip}: {', '.join(names)}; look through it before you send it", file=sys.stderr)
    status = int(any(each.level == FAIL for each in verdicts))
    if hangs:
        sys.stdout.flush()
        os._exit(status)  # a check hangs, and the interpreter would wait for what it began
    return status


def _clean(verdict: Verdict, secrets: Sequence[str]) -> Verdict:
    """What a password stands in that was written in place of its file's name, and what looks like one."""
    return replace(verdict, says=clean(verdict.says, secrets), what=clean(verdict.what, secrets))


def _say(verdicts: Sequence[Verdict], as_json: bool) -> None:
    for each in verdicts:
        print(json.dumps(each.record()) if as_json else each.line())
    if not as_json:
        n = Counter(each.level for each in verdicts)
        print(f"{n[PASS]} PASS, {n[WARN]} WARN, {n[FAIL]} FAIL", flush=True)
