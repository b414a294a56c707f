"""One board as a process: what it says and shows when frames are lost, pulses or sound stop, the config is wrong."""

import asyncio
import contextlib
import itertools
import json
import re
import time

import pytest

from firmware import wire
from firmware.board import blink
from firmware.workshop.application import compile_into
from gateway.intake.gate import Gate
from gateway.intake.seen import Seen
from hw.mcu.pins import CHIPS
from hw.serial_line import open_serial_line
from simulators.board.bench import Bench
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
        self.boots = []
        self.playing = asyncio.create_task(self.bench.run())
        self.serving = asyncio.create_task(self.serve())

    async def serve(self):
        self.line = await open_serial_line(self.cable.b, 115_200)
        async for frame in self.line.frames():
            opened = self.gate.open(frame, time.time_ns() // 1000)
            self.boots.append(opened.boot)
            if isinstance(opened.record, wire.Health):
                self.healths.append(opened.record)
            await self.line.write_frame(
                self.gate.seal("n17", wire.Ack(((opened.boot, opened.sequence, opened.sequence),)))
            )

    async def command(self, verb, argument=0):
        command = wire.Command(time.time_ns() & 0xFFFFFFF, verb, argument, time.time_ns() // 1000 + 10_000_000)
        await self.line.write_frame(self.gate.seal("n17", command))

    async def ask(self):
        """Its health now."""
        n = len(self.healths)
        await self.command(wire.REPORT)
        await self.until(lambda: len(self.healths) > n)
        return self.healths[-1]

    async def once(self, clock):
        """Its health, once its clock is in this state."""
        async with asyncio.timeout(LIMIT_S):
            while (health := await self.ask()).clock != clock:
                pass
        return health

    async def until(self, is_so):
        async with asyncio.timeout(LIMIT_S):
            while not is_so():  # noqa: ASYNC110  (another process does it)
                await asyncio.sleep(0.05)

    async def until_said(self, words):
        await self.until(lambda: words in self.bench.console())

    def codes(self):
        """The codes that its LED has shown whole: flashes less than a second apart."""
        path = self.bench.folder / f"pin{CHIPS[self.chip].led}"
        rows = [line.split() for line in path.read_text().splitlines()] if path.exists() else []
        on_ms = [int(ms) for ms, level in rows if level == "1"]
        groups = [1]
        for before_ms, after_ms in itertools.pairwise(on_ms):
            if after_ms - before_ms < 1000:
                groups[-1] += 1
            else:
                groups.append(1)
        return groups[:-1]

    def uncounted(self):
        """The frames that the bench lost and that the board has not said were lost; it cannot know of its start's."""
        counted = sum(int(n) for n in re.findall(r"was lost frames=(\d+)", self.bench.console()))
        return self.bench.lost - counted

    def feeds(self):
        return (self.bench.folder / "watchdog").read_text().count("feed")

    async def close(self):
        for task in (self.playing, self.serving):
            task.cancel()
        await asyncio.gather(self.playing, self.serving, return_exceptions=True)
        await self.bench.close()
        await self.line.close()
        self.cable.close()


@contextlib.asynccontextmanager
async def trying(folder, flash, chip, micropython):
    trial = Trial(folder / chip, flash, chip)
    try:
        await trial.bench.start(micropython)
        yield trial
    finally:
        await trial.close()


async def lose_frames_then_pulses_then_sound(folder, flash, micropython, chip, lost):
    async with trying(folder, flash, chip, micropython) as trial:
        await trial.until(trial.bench.is_locked)
        before, uncounted = await trial.once(wire.LOCKED), trial.uncounted()
        trial.bench.drive_loss(lost)
        await trial.until(lambda: trial.uncounted() == uncounted)
        after = await trial.once(wire.LOCKED)
        trial.bench.has_pulses = False
        shown = len(trial.codes())
        without = await trial.once(wire.HOLDOVER)
        await trial.until(lambda: 3 in trial.codes()[shown:])
        trial.playing.cancel()  # no sound any more
        await trial.until_said("no heartbeat of audio")
        fed = trial.feeds()
        complaints = trial.bench.console().count("no heartbeat of audio")
        await trial.until(lambda: trial.bench.console().count("no heartbeat of audio") >= complaints + 3)

        assert trial.feeds() == fed > 10
        assert "Traceback" not in trial.bench.console()
        assert KEY.hex() not in trial.bench.console()
    return before, after, without


async def test_a_board_counts_lost_frames_misses_pulses_and_starves_its_watchdog_when_deaf(
    tmp_path, flash, micropython
):
    for before, after, without in await asyncio.gather(
        lose_frames_then_pulses_then_sound(tmp_path, flash, micropython, "esp32s3", 768),
        lose_frames_then_pulses_then_sound(tmp_path, flash, micropython, "rp2350", 48),
    ):
        assert before.temperature_cc == 1200
        assert after.gaps > before.gaps  # a shared machine may lose some more
        assert without.sigma_us > after.sigma_us


async def be_busy(folder, flash, micropython, chip):
    async with trying(folder, flash, chip, micropython) as trial:
        await trial.until(trial.bench.is_locked)
        lost, uncounted = trial.bench.lost, trial.uncounted()
        trial.bench.drive_stall(True)
        await asyncio.sleep(0.4)
        trial.bench.drive_stall(False)
        await trial.until_said("late to the microphone")
        doubtful = await trial.ask()
        await trial.until(lambda: trial.bench.lost > lost and trial.uncounted() == uncounted)
        return doubtful, await trial.once(wire.LOCKED)


async def test_a_board_that_was_busy_counts_what_its_ring_lost(tmp_path, flash, micropython):
    for doubtful, after in await asyncio.gather(
        be_busy(tmp_path, flash, micropython, "esp32s3"), be_busy(tmp_path, flash, micropython, "rp2350")
    ):
        assert doubtful.clock in (wire.COARSE, wire.LOCKED)  # locked where the pulse came before our question
        assert after.gaps >= 1


async def test_a_board_shows_itself_and_starts_anew_when_its_gateway_says_so(tmp_path, flash, micropython):
    async with trying(tmp_path, flash, "rp2350", micropython) as trial:
        await trial.until(trial.bench.is_locked)
        await trial.command(wire.IDENTIFY, 2)
        await trial.until(lambda: max(trial.codes(), default=0) >= 8)
        await trial.ask()
        boot = trial.boots[-1]
        await trial.command(wire.RESTART)
        await trial.until(lambda: trial.boots[-1] != boot)

        assert trial.bench.resets == 1
        assert trial.boots[-1] == boot + 1


async def refuse(folder, flash, micropython, change, says):
    trial = Trial(folder, flash, "esp32s3")
    if isinstance(change, str):
        (trial.bench.folder / "node.key").write_text(change)
    else:
        document = json.loads((trial.bench.folder / "node.json").read_text()) | change
        (trial.bench.folder / "node.json").write_text(json.dumps(document))
    try:
        await trial.bench.start(micropython)
        await trial.until_said(says)
        await trial.until(trial.codes)

        assert trial.codes()[0] == blink.CODES[-1][0]
        assert trial.feeds() > 50
        assert "Traceback" not in trial.bench.console()
        assert "secret" not in trial.bench.console()
    finally:
        await trial.close()


async def test_a_board_with_a_wrong_config_says_so_and_blinks_its_code(tmp_path, flash, micropython):
    await asyncio.gather(
        refuse(tmp_path / "chip", flash, micropython, {"chip": "esp8266"}, "chip must be one of"),
        refuse(tmp_path / "node", flash, micropython, {"node": ""}, "node must be"),
        refuse(tmp_path / "key", flash, micropython, "secret", "node.key must hold a key"),
    )


async def test_a_board_whose_flash_takes_nothing_says_so_and_still_reports(tmp_path, flash, micropython):
    trial = Trial(tmp_path, flash, "esp32s3")
    (trial.bench.folder / "outbox").write_text("where a folder should be")
    try:
        await trial.bench.start(micropython)
        await trial.until_said("ERROR records are kept in memory only")
        await trial.until(lambda: trial.healths)
        await trial.until(lambda: blink.CODES[4][0] in trial.codes())

        assert "nothing can be kept on flash" in trial.bench.console()
        assert "Traceback" not in trial.bench.console()
    finally:
        await trial.close()
