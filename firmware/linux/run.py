"""Builds a Linux node from its config and runs it: the one place where its parts meet."""

import asyncio
import pathlib
import signal
import time
from collections.abc import Callable
from functools import partial
from importlib import metadata

import structlog

from firmware.clock import Clock
from firmware.linux.block_time import Dater
from firmware.linux.config import NodeConfig, SourceTable, UplinkTable, read_key, read_password
from firmware.linux.dsp_ear import DspEar
from firmware.linux.figures import Figures
from firmware.linux.look_outbox import LookOutbox
from firmware.linux.looking_node import LookingNode
from firmware.linux.metering import Metering
from firmware.linux.mqtt_line import Broker, open_mqtt_line
from firmware.linux.patient_spool import PatientSpool
from firmware.linux.rarity_file import RarityFile
from firmware.linux.shell import Shell
from firmware.linux.spool import first_boot
from firmware.linux.uplink import Uplink
from firmware.linux.voices import voices
from hw.linux.audio_file import AudioFile
from hw.linux.chrony import UNSET, read_clock
from hw.linux.date import wrong_date
from hw.linux.microphone import Microphone
from hw.linux.pcm_pipe import PcmPipe
from hw.linux.systemd import notify
from hw.mqtt_connection import tls_context
from hw.ports import BlockSource, FrameLine
from hw.serial_line import open_serial_line

STOPS = (signal.SIGTERM, signal.SIGINT)
log = structlog.get_logger(layer="firmware.node")


def utc_us() -> int:
    """The host's clock, microseconds UTC."""
    return time.time_ns() // 1000


async def serve(config: NodeConfig, folder: pathlib.Path, ready: Callable[[str], None]) -> None:
    """Run until the source ends or a signal comes. ready : told once, with a line for people.

    folder : where the config lies; files named in it are looked for there. Raises ValueError or OSError of one line:
    a key, file, device or state folder that is not what it must be, a serial port that is not there (unless
    `uplink.wait`), or a broker that refuses us. A broker that is not there yet is waited for, and that is said.
    """
    await _until_signalled(asyncio.create_task(_serve(config, folder, ready)))


async def _serve(config: NodeConfig, folder: pathlib.Path, ready: Callable[[str], None]) -> None:
    uplink = build_uplink(config, folder)
    key = read_key(folder / config.key_file)
    source = build_source(config.source, folder)
    spool = PatientSpool(folder / config.state_dir, first_boot())
    try:
        await source.open()
        line = None if config.uplink.wait else await _first_line(uplink, patient=config.uplink.kind == "mqtt")
        rare = RarityFile(folder / config.state_dir)
        shell = await build_shell(config, key, source, spool, uplink, rare, _metering(config, folder))
        ready(f"ready node={config.node} rate_hz={source.rate_hz} channels={source.n_channels} uplink={uplink.name}")
        notify("READY=1")
        await shell.run(line)
    finally:
        notify("STOPPING=1")
        await source.close()
        spool.close()


async def _first_line(uplink: Uplink, *, patient: bool) -> FrameLine | None:
    """The line, or None where it is to be waited for: not where trying again alone will not help."""
    try:
        return await uplink.open()
    except PermissionError:
        raise
    except OSError as error:
        if not patient:
            raise
        log.warning("the broker is not there yet; listening goes on, and what is heard is kept", why=str(error))
        return None


async def build_shell(
    config: NodeConfig,
    key: bytes,
    source: BlockSource,
    spool: PatientSpool,
    uplink: Uplink,
    rare: RarityFile,
    metering: Metering | None = None,
) -> Shell:
    """The node and its shell, round a source that is open."""
    stated = source.start_us is not None
    clock = Clock(source.rate_hz, drift_ppm=0 if stated else 20)
    dater = None
    if source.start_us is not None:
        clock.mark(0, source.start_us, config.source.sigma_us)
    else:
        dater = Dater(clock, read_clock, utc_us)
        reading = await dater.read()
        log.info("host clock", source=reading.source, sigma_us=reading.sigma_us)
        if reading.source == UNSET.source:
            why = wrong_date(utc_us()) or "the host's clock is not set (chrony)"
            log.warning(f"{why}: until it is, no shot is placed by this node")
    judge, faults = voices()
    for fault in faults:
        log.warning("a voice is not heard; the others say what is a gunshot", why=fault)
    ear = DspEar(source.rate_hz, source.n_channels, config.source.full_scale_db, judge)
    outbox = LookOutbox(spool.boot, spool.saved)
    node = LookingNode(ear, clock, outbox, config.node, key, config.clips, rare.rarity)
    return Shell(node, source, spool, uplink, dater, rare, metering=metering)


def _metering(config: NodeConfig, folder: pathlib.Path) -> Metering | None:
    if config.metrics_file is None:
        return None
    return Metering(folder / config.metrics_file, Figures(metadata.version("soundpost"), utc_us()))


def build_source(table: SourceTable, folder: pathlib.Path) -> BlockSource:
    """The source that a config asks for, not open yet. Raises ValueError where it makes no sense."""
    if table.kind == "file":
        return AudioFile(folder / str(table.path), table.first_us, table.paced)
    rate_hz = table.rate_hz or 0  # the config has seen to it that there is one
    if table.kind == "pipe":
        path = str(table.path) if table.path == "-" else str(folder / str(table.path))
        return PcmPipe(path, rate_hz, table.n_channels, start_us=table.first_us)
    device = None if table.device is None else str(table.device)
    return Microphone(table.backend, device, rate_hz, table.n_channels, block_s=table.block_ms / 1000)


def build_uplink(config: NodeConfig, folder: pathlib.Path) -> Uplink:
    """The uplink that a config asks for, not open yet. ValueError or OSError names a password or certificate file."""
    table = config.uplink
    if table.kind == "serial":
        return Uplink(str(table.port), partial(open_serial_line, str(table.port), table.baud))
    broker = _broker(table, config.node, folder)
    return Uplink(broker.name, partial(open_mqtt_line, broker))


def _broker(table: UplinkTable, node: str, folder: pathlib.Path) -> Broker:
    files = [str(folder / file) if file else None for file in (table.ca_file, table.cert_file, table.tls_key_file)]
    password = read_password(folder / table.password_file) if table.password_file else None
    tls = tls_context(*files) if table.with_tls else None
    return Broker(str(table.host), int(table.port), node, table.user, password, tls)


async def _until_signalled(running: asyncio.Task[None]) -> None:
    """Wait for the task; end it in good order on SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for stop in STOPS:
        loop.add_signal_handler(stop, stopped.set)
    stopping = asyncio.create_task(stopped.wait())
    try:
        await asyncio.wait([running, stopping], return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
    finally:
        for task in (running, stopping):
            task.cancel()
        await asyncio.gather(running, stopping, return_exceptions=True)
        for stop in STOPS:
            loop.remove_signal_handler(stop)
