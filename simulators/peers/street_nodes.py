"""The nodes of a street that `soundpost init` made, without their poles: each comes to the broker as itself, with the
certificate and the key of its own folder, and says what a node says. So a street can be seen at work before anything
hangs on a pole.

usage: python -m simulators.peers.street_nodes FOLDER [--shots 3] [--every-s 5]
FOLDER has a folder for each node, with its node.toml: `nodes` of what `soundpost init` made. They report how they are
every 20 s, as a real node does; with --shots, so many shots in the middle of the street, each heard by all.
Standard output: {"what": "let in", "nodes": N} when the broker took all of them; {"what": "acked", "nodes": N} when the
gateway had a word of each on its disk; {"what": "shot", "t_us", "lat_deg", "lon_deg"} for each shot; "away", "missed",
"refused", each with its node and why. Ends on SIGTERM. It is light, and reports for good: what lets real nodes hear
real sound, and ends then, is simulators/demo/rehearsal.py.
"""

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from dsp.air import Air, travel_s
from dsp.geodesy import Site
from firmware import wire
from firmware.linux.config import NodeConfig, read_config, read_key
from firmware.linux.mqtt_line import Broker, MqttLine, open_mqtt_line
from hw.mqtt_connection import tls_context
from simulators.peers.peer import run, utc_us

HEALTH_S, AGAIN_S = 20.0, 1.0
SIGMA_US, LEVEL_CDB, SNR_CDB, P_PERMILLE = 200, 9500, 3500, 930
SHAPE = (300, 2000, 900, 4)
SHOOTER_M = 1.5
AIR = Air(temperature_c=20.0)


def say(what: str, **facts: object) -> None:
    """A line, at once."""
    sys.stdout.write(json.dumps({"what": what, **facts}) + "\n")
    sys.stdout.flush()


@dataclass(slots=True)
class StreetNode:
    """One of them. folder : its own. boot : larger than that of whoever was it before. let_in, acked : once it was."""

    folder: Path
    config: NodeConfig
    key: bytes = field(repr=False)
    boot: int
    let_in: asyncio.Event = field(default_factory=asyncio.Event)
    acked: asyncio.Event = field(default_factory=asyncio.Event)
    _line: MqttLine | None = None
    _sequence: Iterator[int] = field(default_factory=lambda: count(1))

    async def live(self) -> None:
        """For good: whoever is thrown out, or finds nobody, comes again."""
        while True:
            try:
                self._line = await open_mqtt_line(self._broker())
                self.let_in.set()
                try:
                    async with asyncio.TaskGroup() as tasks:
                        tasks.create_task(self._report())
                        tasks.create_task(self._listen(self._line))
                finally:
                    await self._line.close()
            except* OSError as errors:
                say("away", node=self.config.node, why=str(errors.exceptions[0]))
            self._line = None
            await asyncio.sleep(AGAIN_S)

    async def hear(self, t_us: int) -> None:
        """An arrival. Raises OSError where the broker does not take it."""
        told = (t_us, SIGMA_US, wire.LOCKED, LEVEL_CDB, wire.DBSPL, SNR_CDB, P_PERMILLE, wire.BLAST, 0, SHAPE)
        await self._write(wire.Arrival(*told, None, None))

    async def _report(self) -> None:
        began_us = utc_us()
        while True:
            now_us = utc_us()
            how = (now_us, SIGMA_US, wire.LOCKED, (now_us - began_us) // 1_000_000, 0, 0, 0, None, None, 0, 0, 0, 0)
            await self._write(wire.Health(*how, 2000, 5500, wire.DBSPL, None))
            await asyncio.sleep(HEALTH_S)

    async def _listen(self, line: MqttLine) -> None:
        async for frame in line.frames():
            try:
                record = wire.open(frame, self.key).record
            except wire.BadFrame as error:
                say("refused", node=self.config.node, why=str(error))
                continue
            if record.__class__ is wire.Ack:
                self.acked.set()
        raise ConnectionError("the broker hung up")

    async def _write(self, record: tuple) -> None:  # type: ignore[type-arg]
        if self._line is None:
            raise ConnectionError("it is away")
        node = self.config.node.encode()
        await self._line.write_frame(wire.seal(record, self.key, node, self.boot, next(self._sequence)))

    def _broker(self) -> Broker:
        way = self.config.uplink
        files = (way.ca_file, way.cert_file, way.tls_key_file)
        tls = tls_context(*(str(self.folder / file) if file else None for file in files))
        return Broker(str(way.host), int(way.port), self.config.node, tls=tls)


def read_nodes(folder: Path) -> list[StreetNode]:
    """Those of a folder that have a node.toml, by name. Raises OSError or ValueError naming what is wrong."""
    paths = sorted(folder.glob("*/node.toml"))
    if not paths:
        raise ValueError(f"{folder}: has no folder with a node.toml; give `nodes` of what soundpost init made")
    nodes = []
    for path in paths:
        config = read_config(path)
        if config.uplink.kind != "mqtt" or config.pole is None:
            raise ValueError(f"{path}: must say pole, and an uplink over MQTT")
        key = read_key(path.parent / config.key_file)
        nodes.append(StreetNode(path.parent, config, key, utc_us() // 1_000_000))
    return nodes


async def shoot(nodes: Sequence[StreetNode]) -> None:
    """A shot in their middle, now: each hears it when the sound comes to its pole."""
    poles = [(pole.lat_deg, pole.lon_deg, pole.h_m) for node in nodes if (pole := node.config.pole) is not None]
    site = Site(sum(each[0] for each in poles) / len(poles), sum(each[1] for each in poles) / len(poles))
    t_us = utc_us()
    say("shot", t_us=t_us, lat_deg=site.lat_deg, lon_deg=site.lon_deg)
    paths_m = [(e, n, u - SHOOTER_M) for e, n, u in (site.to_enu(*each) for each in poles)]
    late_s = travel_s(AIR, paths_m).tolist()
    for late, node in sorted(zip(late_s, nodes, strict=True), key=lambda each: float(each[0])):
        await asyncio.sleep(max(0.0, late - (utc_us() - t_us) / 1e6))
        try:
            await node.hear(t_us + round(late * 1e6))
        except OSError as error:
            say("missed", node=node.config.node, why=str(error))


async def live_all(nodes: Sequence[StreetNode], n_shots: int, every_s: float) -> None:
    """Until SIGTERM or SIGINT."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)

    async def story() -> None:
        for what in ("let_in", "acked"):
            await asyncio.gather(*(getattr(node, what).wait() for node in nodes))
            say(what.replace("_", " "), nodes=len(nodes))
        for _ in range(n_shots):
            await shoot(nodes)
            await asyncio.sleep(every_s)

    async with asyncio.TaskGroup() as group:  # whatever fails ends all, and is told
        tasks = [group.create_task(each) for each in (story(), *(node.live() for node in nodes))]
        await stopped.wait()
        for task in tasks:
            task.cancel()


def main(argv: list[str] | None = None) -> int:
    """Run them as a process until SIGTERM. Returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m simulators.peers.street_nodes", description="the nodes of a street, without their poles"
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="`nodes` of what soundpost init made")
    parser.add_argument("--shots", type=int, default=0, metavar="N", help="shots in the middle of the street")
    parser.add_argument("--every-s", type=float, default=5.0, metavar="S", help="seconds between them")
    args = parser.parse_args(argv)

    async def life() -> None:
        await live_all(read_nodes(args.folder), args.shots, args.every_s)

    return run("street_nodes", life())


if __name__ == "__main__":
    sys.exit(main())
