"""`soundpost node`: reads node.toml and runs a pole's node until its source ends or it is told to stop."""

import argparse
import asyncio
import contextlib
import pathlib

from firmware.linux.config import NodeConfig, read_config, read_key
from firmware.linux.run import build_source, build_uplink, serve
from hw.linux.microphone import BACKENDS, inputs_of
from hw.linux.settings import missing_files, unwritable_file
from soundpost.lasting_output import lasting_output
from soundpost.logs import add_log_argument, log_to_standard_error

HELP = "Run a pole's node: listen, and report to the gateway what was heard."
EXAMPLE = """soundpost node --config node.toml --check
  soundpost node --devices"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `soundpost node`."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--config", type=pathlib.Path, metavar="FILE", help="node.toml")
    what.add_argument("--devices", action="store_true", help="list the microphones, for `device` in node.toml")
    parser.add_argument("--check", action="store_true", help="check the config and the files it names, run nothing")
    add_log_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Run until the source ends, SIGTERM or SIGINT. Raises ValueError or OSError of one line."""
    if args.devices:
        return _devices()
    with contextlib.nullcontext() if args.check else lasting_output():
        return _run(args)


def _run(args: argparse.Namespace) -> int:
    config, folder = read_config(args.config), args.config.parent
    log_to_standard_error(args.log)
    if args.check:
        read_key(folder / config.key_file)
        if faults := _faults(config, folder):
            raise OSError(f"{args.config}: {faults}")
        build_source(config.source, folder)
        print(f"{args.config}: good. node {config.node}, uplink {build_uplink(config, folder).name}")
        return 0
    asyncio.run(serve(config, folder, _say))
    return 0


def _named(config: NodeConfig, folder: pathlib.Path) -> list[tuple[str, pathlib.Path]]:
    """What a config names that must be there; a pipe may be made later."""
    named = []
    if config.uplink.kind == "serial":
        named.append(("uplink.port", pathlib.Path(str(config.uplink.port))))
    if config.source.kind == "file" and config.source.path is not None:
        named.append(("source.path", folder / config.source.path))
    return named


def _faults(config: NodeConfig, folder: pathlib.Path) -> str:
    """What is not there, or cannot be written; or ""."""
    faults = [missing_files(_named(config, folder))]
    if config.metrics_file is not None:
        faults.append(unwritable_file("metrics_file", folder / config.metrics_file))
    return "; ".join(filter(None, faults))


def _devices() -> int:
    """The microphones that each library hears through, or why there are none."""
    for backend in BACKENDS:
        try:
            inputs = inputs_of(backend)
        except OSError as error:
            print(f"{backend}: {error}")
            continue
        print(f"{backend}: {', '.join(f'{each.index} {each.name!r}' for each in inputs) or 'no microphone'}")
    return 0


def _say(line: str) -> None:
    print(line, flush=True)
