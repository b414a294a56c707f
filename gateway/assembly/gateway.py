"""From a config to an agent: the one place where all parts of a gateway meet. A new part joins here, by one line."""

import asyncio
import functools
import hashlib
import json
import pathlib
import secrets
import socket
import time
from collections.abc import Callable, Container, Sequence

import structlog

from firmware.wire import U32
from gateway.agent import Agent, Link, Teller
from gateway.alerts.because import read_because
from gateway.alerts.notices import read_updated
from gateway.assembly.claims import check_claims
from gateway.assembly.evidence import check_evidence
from gateway.assembly.lamp_banks import LampPast, lamp_past, lamp_plugs
from gateway.assembly.metering import Metering
from gateway.assembly.zone_reach import check_zones
from gateway.config import GatewayConfig
from gateway.core import Core
from gateway.edges import Plug
from gateway.incident import Committed, NewAir
from gateway.intake.gate import Gate
from gateway.intake.keyring import Keyring, KeyWatch, read_secret
from gateway.intake.link_mqtt import MqttLink
from gateway.intake.link_serial import SerialLink
from gateway.intake.seen import Seen
from gateway.intake.tables import MqttTable
from gateway.journal.doorbell import Doorbell
from gateway.journal.file import check_place
from gateway.journal.recovery import recent
from gateway.journal.request import Requests
from gateway.journal.rows import Row
from gateway.judging.judge import Judge
from gateway.orders import Aim
from gateway.placing.associate import Associator
from gateway.placing.backlog import Backlog
from gateway.placing.soon import Soon
from gateway.reaction.cameras import Cameras
from gateway.reaction.device_tables import CameraTable
from gateway.reaction.eye import Eye
from gateway.reaction.limits import HOUR_US, Spent
from gateway.reaction.policy import Policy, Rules
from gateway.reaction.policy_tables import PolicyTable
from gateway.reaction.region_tables import Ground
from gateway.reaction.sun import sun_over
from gateway.reaction.walls import Walls
from gateway.upkeep.ledger import Ledger
from gateway.upkeep.releases import Releases
from gateway.upkeep.rollout import Rollout
from gateway.upkeep.silence import Silence
from gateway.upkeep.watch import Watch
from hw.linux.settings import missing_files, unwritable_file
from hw.mqtt_connection import Broker, tls_context
from hw.onvif_camera import OnvifCamera, Trust
from hw.serial_line import open_serial_line

SEEN_FRAMES = 100_000
UNKNOWN = LampPast()
DISK_S = 3.0  # a start waits so long for its own row to be on the disk, and goes on without it
log = structlog.get_logger("gateway.assembly")


async def assemble(config: GatewayConfig, folder: pathlib.Path, keyring: Keyring, teller: Teller) -> Agent:
    """The agent that a config asks for, with what its journal has of the time before. folder : where files are looked
    for. Raises ValueError or OSError naming what cannot be opened at all."""
    links_there, policy = links(config, folder), build_policy(config, folder)
    check_claims(config, folder)
    limit = None if config.journal_max_mb is None else config.journal_max_mb * 1_000_000
    check_place(folder / config.journal)
    metering = Metering(config, folder, now_us)
    journal = metering.journal(folder / config.journal, limit)
    start_us, last_boot = now_us(), journal.last_boot()
    boot = last_boot + 1 if 0 < last_boot < U32 else 1 + secrets.randbits(30)
    past = recent(journal.newest_first(), start_us)
    fed_again = {(row.node, row.boot, row.sequence) for row in past.rows}
    seen = Seen(key for key in journal.recent_frames(SEEN_FRAMES) if key not in fed_again)
    since_us = past.rows[0].at_us if past.rows else start_us
    airs = [air for body in journal.airs_since(since_us) if (air := read_air(body)).at_us <= start_us]
    gate = Gate(keyring.keys, seen, boot)
    lamps = lamp_past(journal.newest_bodies("effect"), journal.newest_bodies("lamp"))
    updates = [read_updated(json.loads(body)) for body in journal.updates()]
    if config.requests_keys_file is not None:
        journal.recall_incidents()
    if any(rules.most_per_h is not None for rules in policy.rules.acts().values()):
        policy.recall(_spent(journal.reasons_since(start_us - HOUR_US), since_us))
    started = journal.append([Row("config", start_us, _fingerprint(config, folder), boot=boot)])
    started.add_done_callback(asyncio.Future.exception)  # the journal's news say it
    await asyncio.wait([started], timeout=DISK_S)
    rollout = Rollout(gate.seal, updates)
    core = build_core(config, gate, airs, start_us, rollout, policy)
    keys = Plug("keys", (), lambda tell: KeyWatch(keyring, core.rekeyed, tell, now_us))
    more = [keys, *_followers(config, folder, journal.incidents), *plugs(config, folder, rollout, lamps)]
    more += metering.plugs(core, journal, lambda: agent)
    agent = Agent(core, journal, links_there, now_us, metering.teller(teller), more)
    agent.recover(past, start_us)
    return agent


def check(config: GatewayConfig, folder: pathlib.Path) -> None:
    """Make everything that a config names, and open nothing. Raises ValueError or OSError naming what cannot be, and
    the serial ports, files and folders that are not there (when it runs, a port may come later)."""
    named = [(f"serial {number}.port", pathlib.Path(line.port)) for number, line in enumerate(config.serial, start=1)]
    named.append(("journal", (folder / config.journal).parent))
    if config.releases is not None:
        named.append(("releases", folder / config.releases))
    faults = [missing_files(named)]
    if config.metrics_file is not None:
        faults.append(unwritable_file("metrics_file", folder / config.metrics_file))
    if any(faults):
        raise OSError("; ".join(filter(None, faults)))
    check_place(folder / config.journal)
    links(config, folder)
    build_policy(config, folder)
    if config.requests_keys_file is not None:
        Keyring(folder / config.requests_keys_file)
    for plug in plugs(config, folder):
        plug.make(lambda told: None)
    check_claims(config, folder)
    check_evidence(config, folder)


def links(config: GatewayConfig, folder: pathlib.Path) -> list[Link]:
    """The ways to the nodes."""
    lines: list[Link] = [
        SerialLink(line.port, functools.partial(open_serial_line, line.port, line.baud)) for line in config.serial
    ]
    return [*lines, *([MqttLink(broker_of(config.mqtt, folder))] if config.mqtt is not None else ())]


def plugs(
    config: GatewayConfig, folder: pathlib.Path, rollout: Rollout | None = None, lamps: LampPast = UNKNOWN
) -> list[Plug]:
    """Whatever acts. lamps : what the journal has of them."""
    found = lamp_plugs(config.lamp_bank, folder, sun_over(config.the_site()), now_us, lamps)
    if config.camera:
        found.append(Plug("cameras", (Aim,), lambda tell: Cameras(_eyes(config, folder), now_us, tell)))
    if config.releases is not None and rollout is not None:
        folder_of_releases = folder / config.releases
        found.append(Plug("releases", (), lambda tell: Releases(folder_of_releases, rollout.offer)))
    return found


def build_core(
    config: GatewayConfig,
    gate: Gate,
    airs: Sequence[NewAir] = (),
    since_us: int | None = None,
    rollout: Rollout | None = None,
    policy: Policy | None = None,
) -> Core:
    """The core that a config asks for; a replay of the journal builds it in the same way. airs : what a journal has of
    them, oldest first. since_us : from when on it learns the air and watches the poles; None: never. policy : as of
    `build_policy`; one whose config names no files needs not be given."""
    poles = config.poles()
    places = {node: pole.xyz_m for node, pole in poles.items()}
    live, weather = Associator(config.air.air(), places), config.air.air()
    medium, known = config.medium.medium(weather), airs if config.medium.learn else ()
    late_us = {node: pole.offset_us for node, pole in poles.items()}
    watch = Watch(weather, medium, Ledger(places), known, since_us, late_us)
    silence = None if since_us is None else Silence(places, since_us)
    judge = Judge(rare_s=config.policy.rare_h * 3600)
    decides = policy or _policy(config, config.policy.rules())
    soon = Soon() if config.policy.lights.soon else None
    return Core(gate, live, decides, poles, Backlog(places), watch, rollout, silence, judge, soon)


def build_policy(config: GatewayConfig, folder: pathlib.Path) -> Policy:
    """The policy that a config asks for. Raises as `build_rules` does."""
    return _policy(config, build_rules(config, folder))


def _policy(config: GatewayConfig, rules: Rules) -> Policy:
    walls = Walls(config.the_walls())
    return Policy(rules, config.lamps(), config.mounts(), sun_over(config.the_site()), walls)


def build_rules(config: GatewayConfig, folder: pathlib.Path, table: PolicyTable | None = None) -> Rules:
    """The rules of a config's policy, or of another one for its street. folder : where the files that it names are
    looked for. Raises ValueError naming a file that cannot be used, a street without lamps, or a zone that no lamp or
    camera reaches."""
    lamps = config.lamps()
    rules = (table or config.policy).rules(Ground(folder, config.the_site()))
    for street in rules.lights.streets:
        if not any(street.holds(lamp.xyz_m) for lamp in lamps):
            near_m = min((street.away_m(lamp.xyz_m) for lamp in lamps), default=None)
            nearest = "there are none" if near_m is None else f"the nearest stands {near_m:.0f} m off"
            raise ValueError(f"policy.lights.streets: {street.name} has no lamp; {nearest}")
    check_zones(rules, lamps, config.mounts())
    return rules


def _spent(bodies: Sequence[bytes], until_us: int) -> list[Spent]:
    """What was done of late that counts for limits, but for what is taken up again and so will be done once more."""
    reasons = [read_because(json.loads(body)) for body in bodies]
    did = (each for each in reasons if each.word == "does" and each.at_us < until_us)
    return [Spent(each.act, each.incident, each.at_us) for each in did]


def read_air(body: bytes) -> NewAir:
    """An air row's body."""
    record = json.loads(body)
    return NewAir(record["temperature_c"], tuple(record["wind_en_mps"]), record["at_us"])


def now_us() -> int:
    """UTC in microseconds."""
    return time.time_ns() // 1000


def _followers(config: GatewayConfig, folder: pathlib.Path, incidents: Container[str]) -> list[Plug]:
    """Who follows the journal is woken; who may ask is known by a key of their own."""
    ring = None if config.requests_keys_file is None else Keyring(folder / config.requests_keys_file)
    requests = None if ring is None else Requests(ring.keys, incidents)

    def doorbell(tell: Callable[..., None]) -> Doorbell:
        return Doorbell(folder / config.journal, requests, tell, now_us)

    found = [Plug("followers", (Committed,), doorbell, recall_s=0.0)]
    if ring is not None:
        words = "keys of those who may ask"
        found.append(Plug(words, (), lambda tell: KeyWatch(ring, lambda nodes: None, tell, now_us, words)))
    return found


def _eyes(config: GatewayConfig, folder: pathlib.Path) -> list[Eye]:
    operator_s, site = config.policy.cameras.operator_s, config.the_site()
    return [
        Eye(
            mount,
            _named_camera(table, folder),
            site=site if table.geo_move else None,
            home_deg=table.home_deg,
            operator_s=operator_s,
        )
        for table, mount in zip(config.camera, config.mounts(), strict=True)
    ]


def _named_camera(table: CameraTable, folder: pathlib.Path) -> OnvifCamera:
    """camera_of, whose faults name the table."""
    try:
        return camera_of(table, folder)
    except ValueError as error:
        raise ValueError(f"camera {table.name}: {error}") from error


def camera_of(table: CameraTable, folder: pathlib.Path) -> OnvifCamera:
    """The driver of a camera. folder : where its files are looked for. Raises OSError or ValueError naming a file that
    cannot be used."""
    if not table.verify:
        log.warning("camera is not verified: whoever stands between can read and turn", camera=table.name)
    return OnvifCamera(
        table.url,
        table.user,
        read_secret(folder / table.password_file) if table.password_file else "",
        pan_span_deg=table.pan_span_deg,
        tilt_span_deg=table.tilt_span_deg,
        presets={each.token: (each.pan_deg, each.tilt_deg) for each in table.preset},
        trust=Trust(str(folder / table.ca_file) if table.ca_file else None, table.fingerprint, table.verify),
    )


def broker_of(table: MqttTable, folder: pathlib.Path) -> Broker:
    """Where the broker is and who this gateway is to it. Raises OSError or ValueError naming a file."""
    files = [str(folder / file) if file else None for file in (table.ca_file, table.cert_file, table.tls_key_file)]
    password = read_secret(folder / table.password_file) if table.password_file else None
    tls = tls_context(*files) if table.with_tls else None
    return Broker(table.host, table.port, table.identifier or _client_id(folder), table.user, password, tls)


def _client_id(folder: pathlib.Path) -> str:
    """A client id of this gateway alone, the same at each start: two with one throw each other out."""
    place = f"{socket.gethostname()}:{folder.resolve()}"
    return f"soundpost-gateway-{hashlib.sha256(place.encode()).hexdigest()[:12]}"


def _fingerprint(config: GatewayConfig, folder: pathlib.Path) -> bytes:
    """What the journal keeps of the config that was in force: its hash, the policy in full, and the hashes of the files
    that the policy names."""
    digest = hashlib.sha256(config.model_dump_json().encode()).hexdigest()
    policy = config.policy.model_dump(mode="json", by_alias=True)
    files = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in config.policy.files()}
    return json.dumps(
        {"sha256": digest, "policy": policy, **({"files": files} if files else {})}, sort_keys=True
    ).encode()
