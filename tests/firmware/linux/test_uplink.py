"""The uplink opens its line again and again, puts what is fresh first, and keeps nothing that has no line."""

import asyncio

import pytest
from structlog.testing import capture_logs

from firmware.linux.uplink import LONGEST_WAIT_S, Uplink, backoff_s

LIMIT_S = 5


class DrivenLine:
    """A FrameLine whose far end is a test: what came out is in `sent`, `hear` puts a frame in, `break_off` ends it."""

    def __init__(self, hold=False):
        self.sent, self.closed = [], False
        self.free = asyncio.Event()
        if not hold:
            self.free.set()
        self._incoming = asyncio.Queue()

    def hear(self, frame):
        self._incoming.put_nowait(frame)

    def break_off(self):
        self._incoming.put_nowait(None)

    async def frames(self):
        while (frame := await self._incoming.get()) is not None:
            yield frame
        raise OSError("the line is gone")

    async def write_frame(self, frame):
        await self.free.wait()
        self.sent.append(frame)

    async def close(self):
        self.closed = True


class Told:
    def __init__(self):
        self.ups, self.frames, self.changed = 0, [], asyncio.Event()

    def up(self):
        self.ups += 1
        self.changed.set()

    def received(self, frame):
        self.frames.append(frame)
        self.changed.set()

    async def until(self, true):
        async with asyncio.timeout(LIMIT_S):
            while not true():
                self.changed.clear()
                await asyncio.sleep(0)


async def running(lines, told):
    """An uplink over these lines, one after the other; an exception among them is raised instead."""
    waits = []

    async def open_line():
        line = lines.pop(0) if lines else await asyncio.Future()
        if isinstance(line, OSError):
            raise line
        return line

    uplink = Uplink("test", open_line, lambda tries: waits.append(tries) or 0.0)
    task = asyncio.create_task(uplink.run(told))
    return uplink, task, waits


async def test_frames_go_both_ways():
    line, told = DrivenLine(), Told()
    uplink, task, _ = await running([line], told)
    await told.until(lambda: told.ups)
    uplink.offer(b"a", fresh=True)
    line.hear(b"b")
    await told.until(lambda: line.sent and told.frames)
    task.cancel()

    assert (line.sent, told.frames) == ([b"a"], [b"b"])


async def test_what_is_fresh_goes_before_what_is_said_again():
    line, told = DrivenLine(hold=True), Told()
    uplink, task, _ = await running([line], told)
    await told.until(lambda: told.ups)
    for n in range(5):
        uplink.offer(b"old %d" % n, fresh=False)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    uplink.offer(b"new", fresh=True)
    line.free.set()
    await told.until(lambda: len(line.sent) == 6)
    task.cancel()

    assert line.sent[:2] == [b"old 0", b"new"]  # the first was on its way already


async def test_a_line_that_breaks_is_opened_again_with_growing_waits_and_the_node_is_told():
    first, second, told = DrivenLine(), DrivenLine(), Told()
    _, task, waits = await running([OSError("no"), OSError("no"), first, OSError("no"), second], told)
    await told.until(lambda: told.ups == 1)
    first.hear(b"x")
    await told.until(lambda: told.frames)
    first.break_off()
    await told.until(lambda: told.ups == 2)
    task.cancel()

    assert first.closed
    assert waits == [1, 2, 1, 2]  # a frame that came showed that the first line was good


async def test_without_a_line_nothing_is_kept():
    first, second, told = DrivenLine(hold=True), DrivenLine(), Told()
    uplink, task, _ = await running([first, second], told)
    uplink.offer(b"before", fresh=True)
    await told.until(lambda: told.ups == 1)
    uplink.offer(b"stuck", fresh=True)
    uplink.offer(b"stuck too", fresh=False)
    first.break_off()
    await told.until(lambda: told.ups == 2)
    uplink.offer(b"after", fresh=True)
    await told.until(lambda: second.sent)
    task.cancel()

    assert second.sent == [b"after"]


@pytest.mark.parametrize("tries", [0, 1, 5, 10, 1000])
def test_waits_are_bounded(tries):
    assert all(0.1 <= backoff_s(tries) <= LONGEST_WAIT_S for _ in range(200))


async def test_lines_that_come_and_go_for_one_cause_are_said_once_and_not_again_and_again():
    told, lines = Told(), [DrivenLine() for _ in range(6)]
    left = list(lines)
    with capture_logs() as logs:
        _, task, _ = await running(left, told)
        for number, line in enumerate(lines, start=1):
            await told.until(lambda number=number: told.ups == number)
            line.break_off()
        await told.until(lambda: len([each for each in logs if each["event"] == "uplink comes and goes"]) == 1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    assert [each["event"] for each in logs if each["log_level"] != "debug"] == [
        "uplink is up",
        "uplink is down",
        "uplink is up",
        "uplink comes and goes",
    ]
