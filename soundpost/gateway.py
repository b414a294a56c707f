"""`soundpost gateway`: reads gateway.toml, lets the gateway be put together, and runs it until it is told to stop."""

import argparse
import asyncio
import contextlib
import json
import os
import pathlib
import signal
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import structlog

from dsp.geodesy import Site
from gateway.agent import run_until_signalled
from gateway.alerts.told import line, record
from gateway.assembly.gateway import assemble, check
from gateway.config import GatewayConfig, read_config
from gateway.effects import Told
from gateway.intake.keyring import Keyring, keyless
from gateway.lamp_notice import LampNotice
from gateway.tasks import end_all
from hw.linux.date import wrong_date
from soundpost.certificate_ends import ending
from soundpost.lasting_output import lasting_output
from soundpost.logs import add_log_argument, in_json, log_to_standard_error
from soundpost.terminal import one_line

HELP = "Run a gateway: take the nodes' frames in, place shots, and move lamps and cameras."
EXAMPLE = "soundpost gateway --config gateway.toml --check"
log = structlog.get_logger("soundpost.gateway")
LAST_S = 2.0
UNTIL_SET = "until then no certificate is valid yet, and what nodes hear is refused and kept by them"
STOPS = (signal.SIGTERM, signal.SIGINT)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `soundpost gateway`."""
    parser.add_argument("--config", required=True, type=pathlib.Path, metavar="FILE", help="gateway.toml")
    parser.add_argument("--check", action="store_true", help="check the config and the files it names, run nothing")
    parser.add_argument("--json", action="store_true", help="say what happens as JSON lines")
    add_log_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Run until SIGTERM or SIGINT. Raises ValueError or OSError of one line."""
    with contextlib.nullcontext() if args.check else lasting_output():
        return _run(args)


def _run(args: argparse.Namespace) -> int:
    config, folder = read_config(args.config), args.config.parent
    keyring = Keyring(folder / config.keys_file)
    log_to_standard_error(args.log)
    lacking = keyless(keyring.keys, config.poles())
    if date := wrong_date(time.time_ns() // 1000):
        log.warning(f"{date}; {UNTIL_SET}")
    if over := _say_ending(config, folder, args.check):
        raise ValueError(f"{args.config}: {over}")
    if args.check:
        if lacking:
            raise ValueError(f"{folder / config.keys_file}: {_no_key(lacking)}")
        try:
            check(config, folder)
        except (OSError, ValueError) as error:
            raise ValueError(f"{args.config}: {one_line(error)}") from error
        print(f"{args.config}: good. {_summary(config)}")
        return 0
    if lacking:
        log.warning(_no_key(lacking))
    asyncio.run(_serve(config, folder, keyring, Terminal(config.the_site(), args.json or in_json(args.log, 1))))
    return 0


def _say_ending(config: GatewayConfig, folder: pathlib.Path, checked: bool) -> str:
    """Certificates that end soon go to the log. Comes back: what a check does not let pass; one that runs tries it."""
    try:
        over, soon = ending(config.mqtt, folder, datetime.now(UTC))
    except (OSError, ValueError) as error:
        return one_line(error) if checked else ""  # one that runs says it when it opens them
    for words in soon if checked else [*over, *soon]:
        log.warning("a certificate ends", which=words)
    return "; ".join(over) if checked else ""


def _no_key(nodes: Sequence[str]) -> str:
    return f"node {', '.join(nodes)} has no key, so nothing of it is let in (soundpost keys add makes one)"


class Terminal:
    """Tells people, or with `as_json` programs, on standard output."""

    def __init__(self, site: Site, as_json: bool) -> None:
        self._site = site
        self._as_json = as_json

    def ready(self, links: Sequence[str]) -> None:
        """The gateway listens."""
        self._say(f"ready, listening on {', '.join(links)}", {"what": "ready", "links": list(links)})

    def record(self, told: Told | LampNotice) -> dict[str, Any]:
        """What happened, for the journal."""
        return record(told, self._site)

    def tell(self, told: Told | LampNotice) -> None:
        """What happened."""
        self._say(line(told, self._site), record(told, self._site))

    def _say(self, words: str, record_of_it: dict[str, Any]) -> None:
        print(json.dumps(record_of_it) if self._as_json else words, flush=True)


async def _serve(config: GatewayConfig, folder: pathlib.Path, keyring: Keyring, terminal: Terminal) -> None:
    await run_until_signalled(await assemble(config, folder, keyring, terminal), STOPS)
    if stuck := await end_all(LAST_S):
        log.error("the gateway has ended; these parts of it would not, and are left", parts=stuck)
        os._exit(0)  # or the interpreter would wait for them for ever


def _summary(config: GatewayConfig) -> str:
    links = [line.port for line in config.serial] + ([config.mqtt.host] if config.mqtt else [])
    lamps = sum(len(bank.lamps) for bank in config.lamp_bank)
    return f"{len(config.pole)} poles, {lamps} lamps, {len(config.camera)} cameras, links: {', '.join(links)}"
