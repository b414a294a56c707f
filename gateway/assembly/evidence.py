"""From a config to the evidence process: the one place where evidence meets the journal. It follows the journal behind
a cursor of its own, and tells it by signed requests what it did. It holds no key of a node and no wire to a lamp.

It is niced, and a batch program for the scheduler, so that video never delays a light.
"""

import asyncio
import contextlib
import functools
import json
import pathlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import structlog

from gateway.assembly.asking import ask_gateway, now_us, read_key
from gateway.config import GatewayConfig
from gateway.evidence.camera_line import CameraLine, Connect
from gateway.evidence.cases import Cases, Sees, Watcher
from gateway.evidence.reader_line import ReaderLine
from gateway.evidence.reader_ways import broker_of, door_of, reads_of, trigger_of
from gateway.evidence.recording import Clip
from gateway.evidence.ring import Ring
from gateway.evidence.shelf import Sealed, Shelf, check_folder
from gateway.evidence.sightings import Sightings
from gateway.evidence.station import Parts, Station
from gateway.evidence.tables import EvidenceTable, StreamTable
from gateway.evidence.telling import Body, Telling
from gateway.evidence.triggers import Trigger
from gateway.intake.keyring import read_keys, read_secret
from gateway.journal.following import Following
from gateway.journal.rows import Kept
from gateway.reaction.walls import Walls
from gateway.street import Place
from gateway.tasks import end
from hw import mp4_clip
from hw.linux.systemd import beat, notify
from hw.modbus_wire import Wires
from hw.mqtt_connection import tls_context
from hw.rtsp_camera import RtspCamera, place_of
from hw.rtsp_messages import Account
from hw.rtsp_video import Picture

LATE_US = 30_000_000
"""A ring reaches so much farther back than a clip: a shot may be told late."""
AGAIN_US = 120_000_000
CURSOR = "evidence.cursor"
log = structlog.get_logger("gateway.evidence")


def check_evidence(config: GatewayConfig, folder: pathlib.Path) -> None:
    """Make all of it and open nothing. Raises ValueError or OSError naming what cannot be."""
    table = config.evidence
    if table is None:
        return
    check_folder(folder / table.folder)
    _check_keys_elsewhere(config, table, folder)
    mp4_clip.check_installed()
    read_key(folder / table.key_file)
    key = read_key(folder / table.request_key_file)
    if config.requests_keys_file is None:
        raise ValueError("evidence: needs requests_keys_file, in which the journal finds who tells it what was done")
    known = read_keys(folder / config.requests_keys_file).get(table.by)
    if known != key:
        raise ValueError(
            f"evidence.by: {table.by} has {'no' if known is None else 'another'} key in requests_keys_file"
        )
    for stream in table.stream:
        _connector(stream, config, folder)
    _triggers(table, folder)
    if table.mqtt is not None:
        broker_of(table.mqtt, folder, read_secret)
    if table.http is not None:
        door_of(table.http, table.reader, folder, read_secret, lambda name, body: None)


def _check_keys_elsewhere(config: GatewayConfig, table: EvidenceTable, folder: pathlib.Path) -> None:
    """Who is given the folder of what is sealed is not given what opens it. Raises ValueError naming the key."""
    keys = {
        "evidence.key_file": table.key_file,
        "evidence.request_key_file": table.request_key_file,
        "keys_file": config.keys_file,
        "requests_keys_file": config.requests_keys_file,
    }
    for field, file in keys.items():
        if file is not None and (folder / file).resolve().is_relative_to((folder / table.folder).resolve()):
            raise ValueError(
                f"{field}: {folder / file} lies in evidence.folder, the folder that is sealed; keep it anywhere else"
            )


async def keep_evidence(
    config: GatewayConfig, folder: pathlib.Path, stop: asyncio.Event, ready: Callable[[], None]
) -> None:
    """Work until `stop` is set. Raises ValueError or OSError naming what cannot be opened at all."""
    table = config.evidence
    if table is None:
        raise ValueError("the config has no [evidence]")
    station = _station(config, table, folder)
    since_us = now_us() - AGAIN_US
    take = functools.partial(_take, station)
    cursor = folder / table.folder / CURSOR
    following = Following(folder / config.journal, cursor, take, _say, "incident", since_us)
    with contextlib.ExitStack() as closing:
        door = None if table.http is None else door_of(table.http, table.reader, folder, read_secret, station.seen)
        if door is not None:
            await door.open()
        tasks: list[asyncio.Future[Any]] = [asyncio.create_task(station.run()), asyncio.create_task(following.run())]
        topics = {each.topic: each.name for each in table.reader if each.topic is not None}
        if table.mqtt is not None and topics:
            line = ReaderLine(broker_of(table.mqtt, folder, read_secret), topics, station.seen, _say)
            tasks.append(asyncio.create_task(line.run()))
        stopping = asyncio.create_task(stop.wait())
        closing.callback(stopping.cancel)
        beating = asyncio.create_task(beat())
        closing.callback(beating.cancel)
        ready()
        notify("READY=1")
        try:
            done, _ = await asyncio.wait((*tasks, stopping), return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                each.result()
        finally:
            notify("STOPPING=1")
            if door is not None:
                await door.close()
            await end(*tasks[1:])
            tasks[0].cancel()  # once: clips that are open become whole
            await asyncio.wait((tasks[0],), timeout=10.0)


async def _take(station: Station, kept: Kept) -> None:
    """A row of the journal. One that cannot be used is said, and no reason to stop."""
    try:
        if kept.row.kind == "incident":
            await station.incident(json.loads(kept.row.body))
        elif kept.row.kind == "early":
            station.early(json.loads(kept.row.body))
        elif kept.row.kind == "request":
            asked = json.loads(kept.row.body)
            if asked.get("ask") == "review":
                station.reviewed(asked["body"]["incident"], asked["body"]["verdict"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.error("a row of the journal cannot be used", row=kept.number, why=str(error)[:200])


def _say(words: str) -> None:
    log.warning(words)


def _station(config: GatewayConfig, table: EvidenceTable, folder: pathlib.Path) -> Station:
    site = config.the_site()
    key = read_key(folder / table.request_key_file)

    async def ask(body: Body) -> None:
        await asyncio.to_thread(ask_gateway, folder / config.journal, table.by, key, "evidence", body)

    def to_level(lat_deg: float, lon_deg: float) -> tuple[float, float]:
        return site.to_enu(lat_deg, lon_deg, config.site.h_m)[:2]

    def camera_says(camera: str, words: str) -> None:
        station.camera_says(camera, words)

    lines = {
        each.camera: CameraLine(each.camera, _connector(each, config, folder), _ring(table, each), camera_says)
        for each in table.stream
    }
    station = Station(
        Parts(
            _cases(config, table),
            Sightings(reads_of(table.reader), table.window(), to_level, table.sightings_most_mb * 1_000_000),
            Shelf(folder / table.folder, read_key(folder / table.key_file)),
            lines,
            Telling(ask, _say),
            _triggers(table, folder),
            table.limits(),
            _new_clip,
            mp4_clip.still,
            now_us,
            table.least_free_mb * 1_000_000,
        )
    )
    return station


def _triggers(table: EvidenceTable, folder: pathlib.Path) -> dict[str, Trigger]:
    """What tells the readers to read, by reader. Raises ValueError or OSError naming the one that cannot be."""
    wires, found = Wires(), {}
    for each in table.reader:
        if each.trigger is not None:
            try:
                found[each.name] = trigger_of(each.trigger, folder, read_secret, wires)
            except ValueError as error:
                raise ValueError(f"evidence.reader {each.name}.trigger: {error}") from error
    return found


def _cases(config: GatewayConfig, table: EvidenceTable) -> Cases:
    watchers, site = config.evidence_watchers(), config.the_site()
    readers = [Watcher(each.name, each.place(site), each.range_m) for each in table.reader]
    return Cases(table.rules(), watchers, readers, line_of_sight(Walls(config.the_walls()), watchers))


def line_of_sight(walls: Walls, watchers: Sequence[Watcher]) -> Sees:
    """What each of these cameras sees past the walls."""
    near = {each.name: walls.near(each.xyz_m, each.range_m) for each in watchers}

    def sees(watcher: Watcher, places_m: Sequence[Place]) -> bool:
        return not bool(near[watcher.name].hide(watcher.xyz_m, np.array(places_m)).all())

    return sees


def _ring(table: EvidenceTable, stream: StreamTable) -> Ring:
    return Ring(round(table.before_s * 1e6) + LATE_US, stream.most_mb * 1_000_000)


def _new_clip(first: Picture, sink: Sealed, title: str) -> Clip:
    return mp4_clip.Mp4Clip(first, sink, title)


def _connector(stream: StreamTable, config: GatewayConfig, folder: pathlib.Path) -> Connect:
    """What connects to a camera's stream. Raises ValueError or OSError naming what it cannot."""
    camera = next((each for each in config.camera if each.name == stream.camera), None)
    user, file = stream.user, stream.password_file
    if user is None and camera is not None:
        user, file = camera.user, camera.password_file
    account = Account(user or "", read_secret(folder / file) if file else "")
    place = place_of(stream.url)
    tls = tls_context(str(folder / stream.ca_file) if stream.ca_file else None, None, None) if place.is_tls else None
    return lambda lost: RtspCamera(place, account, tls, now_us, lost=lost).pictures()
