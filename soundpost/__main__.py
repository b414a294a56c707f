"""The one console script: looks up the command, parses, calls its room, turns errors into one line and an exit status.

Each command is a file of this folder, or `command.py` of a folder in it, with `HELP`, `EXAMPLE`,
`add_arguments(parser)` and `run(args) -> int`; only the one that was asked for is imported.
"""

import argparse
import contextlib
import importlib
import os
import sys
from importlib import metadata
from types import ModuleType

from soundpost.terminal import ended_alike, one_line

COMMANDS = {
    "detect": "hear impulses in audio files",
    "locate": "place shots from a list of arrivals",
    "replay": "run recordings, scenarios or a journal through the same code",
    "simulate": "render a scenario and run real nodes and the real core on it",
    "demo": "watch a street at night: real processes, simulated sound",
    "node": "run a pole's node",
    "gateway": "run a gateway",
    "board": "build, flash, provision and check a pole's 30-dollar board",
    "journal": "verify or read a gateway's journal",
    "policy": "try another policy on a journal, or say why what was done was done",
    "init": "from a survey of poles to a folder that runs: configs, keys, broker, map",
    "doctor": "examine a gateway or a Linux node: time, disk, keys, broker, nodes, lamps, cameras",
    "web": "serve the street's pages: map, incidents, poles, and the API",
    "map": "build the pages' base map of an OpenStreetMap extract",
    "evidence": "keep, list, show and export what cameras saw round a shot",
    "plates": "read plates in a camera's video, for evidence; off unless it is started",
    "score": "how good detector and locator are, against their bars",
    "camera": "ask cameras what they can, and survey their mounts",
    "lamps": "which lamps have failed, and telling the city of them",
    "keys": "make and change the keys that nodes and gateway share",
}


FOLDERS = ("board", "camera", "doctor", "init", "policy")
WHOLE = ("init", "keys")
"""Those that leave nothing half done, however they are ended."""
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def main(argv: list[str] | None = None) -> int:
    """Run one command. Returns 0 done, 1 bad input (one line on standard error), 2 wrong usage."""
    argv = sys.argv[1:] if argv is None else argv
    name = argv[0] if argv and argv[0] in COMMANDS else ""
    if not name:
        _overview().parse_args(argv or ["--help"])
        return 2
    for threads in THREADS:  # matrices are small here: threads would only wait for each other
        os.environ.setdefault(threads, "1")
    try:
        command = command_of(name)
    except ModuleNotFoundError as error:  # an extra that this machine does without
        print(f"soundpost {name}: needs {error.name}, which is not installed: docs/how-to/install.md", file=sys.stderr)
        return 1
    parser = parser_of(name, command)
    args = parser.parse_args(argv[1:])
    try:
        with ended_alike() if name in WHOLE else contextlib.nullcontext():
            return int(command.run(args))
    except BrokenPipeError:
        sys.stderr.close()  # whoever read our output has enough
        return 0
    except KeyboardInterrupt:
        return 130
    except (OSError, ValueError) as error:
        print(f"soundpost {name}: {one_line(error)}", file=sys.stderr)
        return 1


def command_of(name: str) -> ModuleType:
    """The file that a command of COMMANDS is. Raises ImportError where what it stands on is not installed."""
    return importlib.import_module(f"soundpost.{name}.command" if name in FOLDERS else f"soundpost.{name}")


def parser_of(name: str, command: ModuleType) -> argparse.ArgumentParser:
    """What it takes. Its man page and the shells' completion are made of the same."""
    parser = argparse.ArgumentParser(
        prog=f"soundpost {name}",
        description=command.HELP,
        epilog=f"example:\n  {command.EXAMPLE}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_arguments(parser)
    return parser


def _overview() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="soundpost", formatter_class=argparse.RawDescriptionHelpFormatter)
    listing = "\n".join(f"  {name:10} {text}" for name, text in COMMANDS.items())
    parser.epilog = f"commands:\n{listing}\n\nsoundpost COMMAND --help tells more."
    parser.add_argument("--version", action="version", version=f"soundpost {metadata.version('soundpost')}")
    parser.add_argument("command", choices=COMMANDS, metavar="COMMAND")
    return parser


if __name__ == "__main__":
    sys.exit(main())
