"""One board as a process: what it says and shows when frames are lost, pulses or sound stop, the config is wrong."""

import asyncio
import itertools
import json
import re
import time

import pytest

from firmware import blink, wire
from gateway.gate import Gate
from gateway.seen import Seen
from hw.mcu.pins import CHIPS
from hw.serial_line import open_serial_line
from simulators.board.bench import Bench
from simulators.board.flash import compile_into
from simulators.peers.cable import Cable

LIMIT_S = 30
KEY = bytes(range(32))
FILES = ("simulators/__init__.py", "simulators/board/__init__.py", "simulators/board/stand_in_ear.py")


@pytest.fixture(scope="module")
def flash(tmp_path_factory):
    folder = tmp_path_factory.mktemp("flash")
    compile_into(folder, "x64", FILES)
    return folder


class Trial:
    """A board on a cable and a gate at its far end, which acks all and keeps the healths it heard."""

    def __init__(self, folder, flash, chip):
        self.cable, self.chip = Cable(), chip
        self.bench = Bench(
            folder / "n17", "n17", KEY, {"chip": chip, "uplink": {"kind": "serial"}}, flash,
            seed=4, start_s=int(time.time()), port=self.cable.a, ear="simulators.board.stand_in_ear import StandInEar",
        )  # fmt: skip
        self.gate, self.healths = Gate({"n17": KEY}, Seen()), []
        self.playing = asyncio.create_task(self.bench.run())
        self.serving = asyncio.create_task(self.serve())

    async def serve(self):
        self.line = await open_serial_line(self.cable.b, 115_200)
        async for frame in self.line.frames():
            opened = self.gate.open(frame, time.time_ns() // 1000)
            if isinstance(opened.record, wire.Health):
                self.healths.append(opened.record)
            await self.line.write_frame(
                self.gate.seal("n17", wire.Ack(((opened.boot, opened.sequence, opened.sequence),)))
            )

    async def ask(self):
        """Its health now."""
        n = len(self.healths)
        command = wire.Command(time.time_ns() & 0xFFFFFFF, wire.REPORT, 0, time.time_ns() // 1000 + 10_000_000)
        await self.line.write_frame(self.gate.seal("n17", command))
        async with asyncio.timeout(LIMIT_S):
            while len(self.healths) == n:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        return self.healths[-1]

    async def until_said(self, words):
        async with asyncio.timeout(LIMIT_S):
            while words not in self.bench.console():  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    def codes(self):
        """The codes that its LED has shown whole: flashes less than a second apart."""
        rows = [line.split() for line in (self.bench.folder / f"pin{CHIPS[self.chip].led}").read_text().splitlines()]
        on_ms = [int(ms) for ms, level in rows if level == "1"]
        groups = [1]
        for before_ms, after_ms in itertools.pairwise(on_ms):
            if after_ms - before_ms < 1000:
                groups[-1] += 1
            else:
                groups.append(1)
        return groups[:-1]

    def feeds(self):
        return (self.bench.folder / "watchdog").read_text().count("feed")

    async def close(self):
        for task in (self.playing, self.serving):
            task.cancel()
        await asyncio.gather(self.playing, self.serving, return_exceptions=True)
        await self.bench.close()
        await self.line.close()
        self.cable.close()


@pytest.mark.parametrize(("chip", "lost"), [("esp32s3", 768), ("rp2350", 48)])
async def test_a_board_counts_lost_frames_misses_pulses_and_dies_deaf(tmp_path, flash, micropython, chip, lost):
    trial = Trial(tmp_path, flash, chip)
    try:
        await trial.bench.start(micropython)
        await asyncio.sleep(6.5)
        before = await trial.ask()
        trial.bench.drive_loss(lost)
        await trial.until_said(f"sound was lost frames={lost}")
        await asyncio.sleep(2.0)
        after = await trial.ask()
        trial.bench.has_pulses = False
        async with asyncio.timeout(LIMIT_S):
            while trial.codes()[-1] != 3:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        without = await trial.ask()
        trial.playing.cancel()  # no sound any more
        await trial.until_said("no heartbeat of audio")
        fed = trial.feeds()
        await asyncio.sleep(1.5)
        starved = trial.feeds()
        console = trial.bench.console()
    finally:
        await trial.close()

    assert (before.clock, before.gaps, before.temperature_cc) == (wire.LOCKED, 0, 1200)
    assert (after.clock, after.gaps) == (wire.LOCKED, 1)
    assert max(before.sigma_us, after.sigma_us) < 100
    assert without.clock == wire.HOLDOVER
    assert without.sigma_us > after.sigma_us
    assert fed > 10
    assert starved == fed
    assert "Traceback" not in console
    assert KEY.hex() not in console


@pytest.mark.parametrize("chip", ["esp32s3", "rp2350"])
async def test_a_board_that_was_busy_counts_what_its_ring_lost_and_is_coarse_until_it_knows(
    tmp_path, flash, micropython, chip
):
    trial = Trial(tmp_path, flash, chip)
    try:
        await trial.bench.start(micropython)
        await asyncio.sleep(6.5)
        await trial.ask()
        trial.bench.drive_stall(True)
        await asyncio.sleep(0.4)
        trial.bench.drive_stall(False)
        await trial.until_said("late to the microphone")
        doubtful = await trial.ask()
        await trial.until_said("sound was lost frames=")
        await asyncio.sleep(1.5)
        after = await trial.ask()
        counted = sum(int(n) for n in re.findall(r"frames=(\d+)", trial.bench.console()))
    finally:
        await trial.close()

    assert trial.bench.lost > 0
    assert counted == trial.bench.lost
    assert (after.clock, after.gaps) == (wire.LOCKED, 1)
    assert doubtful.clock in (wire.COARSE, wire.LOCKED)  # locked where the pulse came before our question


@pytest.mark.parametrize(
    ("change", "says"),
    [({"chip": "esp8266"}, "chip must be one of"), ({"node": ""}, "node must be"), (None, "node.key must hold a key")],
)
async def test_a_board_with_a_wrong_config_says_so_and_blinks_its_code(tmp_path, flash, micropython, change, says):
    trial = Trial(tmp_path, flash, "esp32s3")
    folder, led = trial.bench.folder, f"pin{CHIPS['esp32s3'].led}"
    if change is None:
        (folder / "node.key").write_text("secret")
    else:
        (folder / "node.json").write_text(json.dumps(json.loads((folder / "node.json").read_text()) | change))
    try:
        await trial.bench.start(micropython)
        await trial.until_said(says)
        async with asyncio.timeout(LIMIT_S):
            while not (trial.bench.folder / led).exists() or not trial.codes():  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        codes, console = trial.codes(), trial.bench.console()
    finally:
        await trial.close()

    assert codes[0] == blink.CODES[-1][0]
    assert trial.feeds() > 50
    assert "Traceback" not in console
    assert "secret" not in console
