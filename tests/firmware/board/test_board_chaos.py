"""`make chaos`: minutes of volleys on boards of 192 KB, over TLS, while broker, gateway and a board are killed."""

import asyncio
import os
import signal
import sys
import time
from collections import Counter

import pytest

from firmware import wire
from firmware.workshop.application import compile_into
from gateway.journal.chain import verify
from gateway.journal.rows import kept, reading
from simulators.board.broker import Broker
from simulators.board.street import BoardStreet

LAST_S = float(os.environ.get("SOUNDPOST_CHAOS_S", "420"))
ROUNDS, EVERY_S, AWAY_S, LIMIT_S = 8, 15.0, 6.0, 90.0
SHOT, LIVE = (45.0, 30.0, 1.5), ("b0", "b1")
pytestmark = pytest.mark.chaos


class Chaos:
    """A street of two boards and what it speaks through; each of `kill` takes one of them away for AWAY_S."""

    def __init__(self, folder, program, micropython):
        self.folder, self.micropython = folder, micropython
        (folder / "flash").mkdir()
        (folder / "releases").mkdir()
        compile_into(folder / "flash", "x64")
        self.broker = Broker(program, folder)
        self.street = BoardStreet(folder, folder / "flash", int(time.time()), self.broker.ports, live=LIVE)
        self.broker.configure(self.street.broker_keys)
        self.kills = (self.kill_broker, self.kill_gateway, self.kill_board)

    async def start_gateway(self):
        with (self.folder / "log").open("ab") as log:
            self._gateway = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "soundpost", "gateway", "--config", self.folder / "gateway.toml",
                stdout=log, stderr=log,
            )  # fmt: skip

    async def kill_gateway(self, number=signal.SIGKILL):
        self._gateway.send_signal(number)
        await self._gateway.wait()
        await asyncio.sleep(AWAY_S)
        await self.start_gateway()

    async def kill_broker(self):
        await self.broker.kill()
        await asyncio.sleep(AWAY_S)
        await self.broker.start()

    async def kill_board(self):
        await self.street.benches["b0"].kill()
        await asyncio.sleep(AWAY_S)
        await self.street.benches["b0"].start(self.micropython)
        await self.until_locked()

    async def until_locked(self):
        async with asyncio.timeout(LIMIT_S):
            while not all(bench.is_locked() for bench in self.street.benches.values()):  # noqa: ASYNC110
                await asyncio.sleep(0.1)

    async def close(self):
        await self.street.close()
        self._gateway.kill()
        await self._gateway.wait()
        await self.broker.kill()

    def arrivals(self):
        """node -> how many of its arrivals are in the journal; and how many have a clip."""
        with reading(self.folder / "street.journal") as connection:
            rows = [each.row for each in kept(connection, "frame")]
        said = [(row.node, wire.open(row.body, self.street.keys[row.node], wire.UP).record) for row in rows]
        heard = [(node, record) for node, record in said if isinstance(record, wire.Arrival)]
        return Counter(node for node, _ in heard), sum(record.clip is not None for _, record in heard)


async def test_every_round_of_every_volley_arrives_whoever_is_killed(tmp_path, program, micropython, capsys):
    chaos = Chaos(tmp_path, program("mosquitto"), micropython)
    await chaos.broker.start()
    await chaos.start_gateway()
    volleys, end_s = 0, time.time() + LAST_S
    try:
        await chaos.street.switch_on(micropython)
        await chaos.until_locked()
        while time.time() < end_s:
            begin_s = time.time() + 0.3
            for n in range(ROUNDS):
                chaos.street.drive_shot(SHOT, begin_s + 0.12 * n)
            volleys += 1
            await asyncio.sleep(3.0)
            await chaos.kills[volleys % 3]()
            await asyncio.sleep(max(0.0, begin_s + EVERY_S - time.time()))
        async with asyncio.timeout(LIMIT_S):
            while sum(chaos.arrivals()[0].values()) < len(LIVE) * ROUNDS * volleys:  # noqa: ASYNC110
                await asyncio.sleep(0.5)
        consoles = {node: bench.console() for node, bench in chaos.street.benches.items()}
        counts, clips = chaos.arrivals()
    finally:
        await chaos.close()
    with capsys.disabled():
        print(f"\n{volleys} volleys of {ROUNDS}: {dict(counts)}, {clips} of them with their clips")

    assert counts == dict.fromkeys(LIVE, ROUNDS * volleys)
    assert not any("Traceback" in text or "ERROR" in text for text in consoles.values()), consoles
    assert consoles["b1"].count("INFO ready") == 1
    assert verify(tmp_path / "street.journal") is None
