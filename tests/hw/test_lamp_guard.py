"""The guard of lamps whose bus cannot put them back: what it leaves alone, and what becomes of it."""

import asyncio
import json
import subprocess
import sys

import pytest
from structlog.testing import capture_logs

from hw.fake import FakeLamps
from hw.guarded_lamps import COMMAND, GuardedLamps, LampGuard
from hw.lamp_guard import alone, last_state, put_back


class ExactLamps(FakeLamps):
    """Remembers what stands behind each level."""

    def __init__(self, n_lamps=4, level_pct=30):
        super().__init__(n_lamps, level_pct)
        self.raws = {}

    def raw(self, channel, level_pct):
        return self.raws.get((channel, level_pct), level_pct)

    def learn(self, channel, level_pct, raw):
        self.raws[channel, level_pct] = raw


async def test_lamps_go_back_and_what_somebody_has_set_stays():
    lamps = ExactLamps()
    lamps.levels = [100, 30, 60, 10]
    left = await put_back(lamps, {0: (30, 201, 100), 1: (30, 201, 100), 2: (30, 201, 100), 3: (30, 201, 100)})

    assert (left, lamps.levels) == ([], [30, 30, 30, 10])  # 60: a gear that goes no higher than that
    assert lamps.orders == [(0, 30), (2, 30)]
    assert lamps.raws == {(0, 30): 201, (2, 30): 201}


async def test_a_lamp_that_does_not_answer_holds_up_no_other_and_is_named():
    class OneSilent(ExactLamps):
        async def read_level(self, channel):
            if channel == 0:
                raise OSError("silent")
            return await super().read_level(channel)

    lamps = OneSilent(2, 100)

    assert await put_back(lamps, {0: (30, 30, 100), 1: (30, 30, 100)}, limit_s=0.1) == [0]
    assert lamps.levels[1] == 30


@pytest.mark.parametrize("cut", ["", '{"up": {"1": [30, ', '{"up": {"1": [30]}}', "null"])
def test_a_line_that_was_cut_short_leaves_the_one_before_in_force(cut):
    assert last_state([json.dumps({"up": {1: (30, 201, 100)}}), cut]) == {1: (30, 201, 100)}


def guard_of(url="dali:///dev/nowhere", command=COMMAND):
    return LampGuard(url, 0.5, [0, 1], command)


async def test_the_guard_waits_for_the_one_before_it():
    guard = guard_of("dali:///dev/before")
    with alone("dali:///dev/before", [0, 1]):
        waiting = asyncio.create_task(guard.ready())
        done, _ = await asyncio.wait((waiting,), timeout=1.0)
        assert not done
    async with asyncio.timeout(30):
        await waiting


async def test_a_guard_that_cannot_run_is_done_without_and_said_once():
    lamps = ExactLamps()
    for command in ((sys.executable, "-c", "raise SystemExit(1)"), ("/no/such/program",)):
        guarded = GuardedLamps(lamps, guard_of(command=command), 6.0)
        with capture_logs() as logs:
            async with asyncio.timeout(30):
                await guarded.keep(dict.fromkeys(range(4), 30))
                await guarded.write_level(0, 100)

        assert sum("guard" in each["event"] for each in logs) == 1, command

    assert lamps.levels[0] == 100


TELLS = (
    sys.executable,
    "-c",
    "import sys\nsys.stdout.write('ready\\n'); sys.stdout.flush()\nfor line in sys.stdin:\n"
    "    open(sys.argv[1], 'a').write(line)\n",
)


async def test_the_guard_knows_what_a_lamp_was_before_it_is_told_and_forgets_it_when_it_is_back(tmp_path):
    class Told(ExactLamps):
        async def write_level(self, channel, level_pct, fade_s=0.0):
            known.append(guard.was(channel))
            await super().write_level(channel, level_pct, fade_s)

    known, guard = [], LampGuard("dali:///dev/x", 0.5, [0, 1], (*TELLS, str(tmp_path / "told")))
    lamps = Told()
    lamps.learn(0, 30, 201)
    guarded = GuardedLamps(lamps, guard, 6.0)
    await guarded.keep({0: 30, 1: 30})
    await guarded.write_level(0, 100)
    await guarded.write_level(0, 60)
    await guarded.write_level(0, 30)

    assert known == [(30, 201)] * 3
    assert guard.was(0) is None


async def test_a_lamp_that_an_earlier_run_brought_up_is_guarded_and_one_that_somebody_set_is_not(tmp_path):
    guard = LampGuard("dali:///dev/y", 0.5, [0, 1], (*TELLS, str(tmp_path / "told")))
    lamps = ExactLamps(2, 100)
    guarded = GuardedLamps(lamps, guard, 6.0)
    for channel in (0, 1):
        await guarded.read_level(channel)
    await guarded.keep({0: 30, 1: 100})
    held = guard.was(0), guard.was(1)
    await guarded.keep({0: 55, 1: 100})

    assert held == ((30, 30), None)
    assert guard.was(0) is None


def test_a_guard_whose_gateway_had_nothing_up_ends_at_once():
    told = json.dumps({"url": "dali:///dev/nowhere", "answer_s": 0.5, "channels": [5]}) + '\n{"up": {}}\n'
    ran = subprocess.run(COMMAND, check=False, input=told, capture_output=True, text=True, timeout=30)

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "ready\n", "")
