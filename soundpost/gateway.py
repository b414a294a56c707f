"""`soundpost gateway`: reads gateway.toml, builds the agent of it, and runs it until it is told to stop."""

import argparse
import asyncio
import functools
import hashlib
import json
import pathlib
import secrets
import signal
import socket
import time
from collections.abc import Sequence
from typing import Any

import structlog

from dsp.geodesy import Site
from firmware.wire import U32
from gateway.agent import Agent, Link, run_until_signalled
from gateway.alerts.bulletin import (
    alarm_line,
    alarm_record,
    headline,
    heard_line,
    heard_record,
    incident_record,
    outcome_line,
    outcome_record,
    read_updated,
    updated_line,
    updated_record,
)
from gateway.config import CameraTable, GatewayConfig, MqttTable, read_config
from gateway.core import Core
from gateway.incident import Alarm, Announce, Heard, NewAir, Outcome, Updated
from gateway.intake.gate import Gate
from gateway.intake.keyring import Keyring, keyless, read_secret
from gateway.intake.link_mqtt import MqttLink
from gateway.intake.link_serial import SerialLink
from gateway.intake.seen import Seen
from gateway.journal.journal import Journal
from gateway.journal.recovery import recent
from gateway.journal.rows import Row
from gateway.placing.associate import Associator
from gateway.placing.backlog import Backlog
from gateway.reaction.cameras import Cameras, Eye
from gateway.reaction.lights import LampBank, Lights
from gateway.reaction.policy import Policy, best
from gateway.reaction.sun import sun_over
from gateway.upkeep.ledger import Ledger
from gateway.upkeep.releases import Releases, missing
from gateway.upkeep.rollout import Rollout
from gateway.upkeep.watch import Watch
from hw.modbus_lamps import ModbusLamps
from hw.mqtt_connection import Broker, tls_context
from hw.onvif_camera import OnvifCamera, Trust
from hw.serial_line import open_serial_line
from soundpost.logs import log_to_standard_error

HELP = "Run a gateway: take the nodes' frames in, place shots, and move lamps and cameras."
EXAMPLE = "soundpost gateway --config gateway.toml --check"
SEEN_FRAMES = 100_000
DISK_S = 3.0  # a start waits so long for its own row to be on the disk, and goes on without it
log = structlog.get_logger("soundpost.gateway")
STOPS = (signal.SIGTERM, signal.SIGINT)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `soundpost gateway`."""
    parser.add_argument("--config", required=True, type=pathlib.Path, metavar="FILE", help="gateway.toml")
    parser.add_argument("--check", action="store_true", help="check the config and the files it names, run nothing")
    parser.add_argument("--json", action="store_true", help="say what happens as JSON lines")


def run(args: argparse.Namespace) -> int:
    """Run until SIGTERM or SIGINT. Raises ValueError or OSError of one line."""
    config, folder = read_config(args.config), args.config.parent
    keyring = Keyring(folder / config.keys_file)
    log_to_standard_error()
    lacking = keyless(keyring.keys, config.poles())
    if args.check:
        if lacking:
            raise ValueError(f"{folder / config.keys_file}: {_no_key(lacking)}")
        _equipment(config, folder)
        if config.releases is not None and not (folder / config.releases).is_dir():
            raise ValueError(missing(folder / config.releases))
        if not (home := (folder / config.journal).parent).is_dir():
            raise ValueError(f"{args.config}: journal: the folder {home} is not there")
        print(f"{args.config}: good. {_summary(config)}")
        return 0
    if lacking:
        log.warning(_no_key(lacking))
    asyncio.run(_serve(config, folder, keyring, Terminal(config.the_site(), args.json)))
    return 0


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

    def incident(self, announce: Announce) -> dict[str, Any]:
        """An incident, new or changed. Comes back: its record, for the journal."""
        chief = best(announce.incident.rounds)
        record = incident_record(announce, chief, self._site)
        self._say(headline(announce, chief, self._site), record)
        return record

    def outcome(self, outcome: Outcome) -> dict[str, Any]:
        """What became of an order. Comes back: its record, for the journal."""
        record = outcome_record(outcome)
        self._say(outcome_line(outcome), record)
        return record

    def heard(self, heard: Heard) -> dict[str, Any]:
        """Something like a shot that has no place. Comes back: its record, for the journal."""
        record = heard_record(heard)
        self._say(heard_line(heard), record)
        return record

    def alarm(self, alarm: Alarm) -> dict[str, Any]:
        """A pole that is not right, or right again. Comes back: its record, for the journal."""
        record = alarm_record(alarm)
        self._say(alarm_line(alarm), record)
        return record

    def updated(self, updated: Updated) -> dict[str, Any]:
        """Where a node stands with a release. Comes back: its record, for the journal."""
        record = updated_record(updated)
        self._say(updated_line(updated), record)
        return record

    def keys(self, news: str) -> dict[str, Any]:
        """Whose keys came, changed or went. Comes back: its record, for the journal."""
        record = {"what": "keys", "note": news}
        self._say(news, record)
        return record

    def journal(self, news: str) -> dict[str, Any]:
        """The disk takes nothing, or takes it again. Comes back: its record, for the journal."""
        record = {"what": "journal", "note": news}
        self._say(news, record)
        return record

    def _say(self, line: str, record: dict[str, Any]) -> None:
        print(json.dumps(record) if self._as_json else line, flush=True)


async def _serve(config: GatewayConfig, folder: pathlib.Path, keyring: Keyring, terminal: Terminal) -> None:
    links, drivers, eyes = _equipment(config, folder)
    limit = None if config.journal_max_mb is None else config.journal_max_mb * 1_000_000
    journal = Journal(folder / config.journal, limit)
    start_us, last_boot = now_us(), journal.last_boot()
    boot = last_boot + 1 if 0 < last_boot < U32 else 1 + secrets.randbits(30)
    past = recent(journal.newest_first(), start_us)
    fed_again = {(row.node, row.boot, row.sequence) for row in past.rows}
    seen = Seen(key for key in journal.recent_frames(SEEN_FRAMES) if key not in fed_again)
    since_us = past.rows[0].at_us if past.rows else start_us
    airs = [air for body in journal.airs_since(since_us) if (air := read_air(body)).at_us <= start_us]
    gate = Gate(keyring.keys, seen, boot)
    updates = [read_updated(json.loads(body)) for body in journal.updates()]
    started = journal.append([Row("config", start_us, _fingerprint(config), boot=boot)])
    started.add_done_callback(asyncio.Future.exception)  # the journal's news say it
    await asyncio.wait([started], timeout=DISK_S)
    rollout = Rollout(gate.seal, updates)
    core = build_core(config, gate, airs, start_us, rollout)
    agent = Agent(core, journal, links, now_us, terminal)
    agent.lights = Lights(
        LampBank(bank.url, lamps, bank.channels(), now_us, agent.told, bank.answer_s)
        for bank, lamps in zip(config.lamp_bank, drivers, strict=True)
    )
    agent.cameras = Cameras(eyes, now_us, agent.told)
    agent.keyring = keyring
    agent.releases = Releases(folder / config.releases if config.releases else None, rollout.offer)
    agent.recover(past, start_us)
    await run_until_signalled(agent, STOPS)


def build_core(
    config: GatewayConfig,
    gate: Gate,
    airs: Sequence[NewAir] = (),
    since_us: int | None = None,
    rollout: Rollout | None = None,
) -> Core:
    """The core that a config asks for; a replay of the journal builds it in the same way. airs : what a journal has of
    them, oldest first. since_us : from when on it learns the air and watches the poles; None: never."""
    policy = Policy(config.policy.rules(), config.lamps(), config.mounts(), sun_over(config.the_site()))
    poles = config.poles()
    places = {node: pole.xyz_m for node, pole in poles.items()}
    live, weather = Associator(config.air.air(), places), config.air.air()
    watch = Watch(weather, config.medium.medium(weather), Ledger(places), airs if config.medium.learn else (), since_us)
    return Core(gate, live, policy, poles, Backlog(places), watch, rollout)


def read_air(body: bytes) -> NewAir:
    """An air row's body."""
    record = json.loads(body)
    return NewAir(record["temperature_c"], tuple(record["wind_en_mps"]), record["at_us"])


def now_us() -> int:
    """UTC in microseconds."""
    return time.time_ns() // 1000


def _equipment(config: GatewayConfig, folder: pathlib.Path) -> tuple[list[Link], list[ModbusLamps], list[Eye]]:
    """Links, lamp banks and cameras; nothing is opened yet, but what cannot be opened at all is found."""
    links: list[Link] = [
        SerialLink(line.port, functools.partial(open_serial_line, line.port, line.baud)) for line in config.serial
    ]
    if config.mqtt is not None:
        links.append(MqttLink(_broker(config.mqtt, folder)))
    banks = [ModbusLamps(bank.url, bank.answer_s) for bank in config.lamp_bank]
    eyes = [Eye(mount, _camera(table, folder)) for table, mount in zip(config.camera, config.mounts(), strict=True)]
    return links, banks, eyes


def _camera(table: CameraTable, folder: pathlib.Path) -> OnvifCamera:
    if not table.verify:
        log.warning("camera is not verified: whoever stands between can read and turn", camera=table.name)
    return OnvifCamera(
        table.url,
        table.user,
        read_secret(folder / table.password_file) if table.password_file else "",
        pan_span_deg=table.pan_span_deg,
        tilt_span_deg=table.tilt_span_deg,
        trust=Trust(str(folder / table.ca_file) if table.ca_file else None, table.fingerprint, table.verify),
    )


def _broker(table: MqttTable, folder: pathlib.Path) -> Broker:
    files = [str(folder / file) if file else None for file in (table.ca_file, table.cert_file, table.key_file)]
    password = read_secret(folder / table.password_file) if table.password_file else None
    tls = tls_context(*files) if table.with_tls else None
    return Broker(table.host, table.port, table.identifier or _client_id(folder), table.user, password, tls)


def _client_id(folder: pathlib.Path) -> str:
    """A client id of this gateway alone, the same at each start: two with one throw each other out."""
    place = f"{socket.gethostname()}:{folder.resolve()}"
    return f"soundpost-gateway-{hashlib.sha256(place.encode()).hexdigest()[:12]}"


def _fingerprint(config: GatewayConfig) -> bytes:
    """What the journal keeps of the config that was in force: its hash, and the policy in full."""
    digest = hashlib.sha256(config.model_dump_json().encode()).hexdigest()
    return json.dumps({"sha256": digest, "policy": config.policy.model_dump()}, sort_keys=True).encode()


def _summary(config: GatewayConfig) -> str:
    links = [line.port for line in config.serial] + ([config.mqtt.host] if config.mqtt else [])
    lamps = sum(len(bank.lamps) for bank in config.lamp_bank)
    return f"{len(config.pole)} poles, {lamps} lamps, {len(config.camera)} cameras, links: {', '.join(links)}"
