"""`soundpost node`: reads node.toml and runs a pole's node until its source ends or it is told to stop."""

import argparse
import asyncio
import pathlib

from firmware.linux.config import read_config, read_key
from firmware.linux.run import build_source, build_uplink, serve
from soundpost.logs import log_to_standard_error

HELP = "Run a pole's node: listen, and report to the gateway what was heard."
EXAMPLE = "soundpost node --config node.toml"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `soundpost node`."""
    parser.add_argument("--config", required=True, type=pathlib.Path, metavar="FILE", help="node.toml")
    parser.add_argument("--check", action="store_true", help="check the config and the files it names, run nothing")


def run(args: argparse.Namespace) -> int:
    """Run until the source ends, SIGTERM or SIGINT. Raises ValueError or OSError of one line."""
    config, folder = read_config(args.config), args.config.parent
    log_to_standard_error()
    if args.check:
        read_key(folder / config.key_file)
        build_source(config.source, folder)
        print(f"{args.config}: good. node {config.node}, uplink {build_uplink(config, folder).name}")
        return 0
    asyncio.run(serve(config, folder, _say))
    return 0


def _say(line: str) -> None:
    print(line, flush=True)
