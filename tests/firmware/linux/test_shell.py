"""The shell carries effects out in their order, dates what a live microphone hears, and outlives a failing disk."""

import asyncio
import itertools
import time

import numpy as np
import pytest
from structlog.testing import capture_logs

from firmware import wire
from firmware.clock import Clock
from firmware.linux.block_time import Dater
from firmware.linux.dsp_ear import DspEar
from firmware.linux.look_outbox import LookOutbox
from firmware.linux.looking_node import LookingNode
from firmware.linux.patient_spool import PatientSpool
from firmware.linux.shell import Shell
from firmware.linux.spool import Spool
from firmware.linux.uplink import Uplink
from hw.fake import FakeMicrophone
from hw.ports import ClockReading

KEY = bytes(range(32))
RATE_HZ = 16_000
LIMIT_S = 5


class AckingLine:
    """A FrameLine to a gateway that acks what comes. `was_on_disk`: of each frame, whether it was when it came."""

    def __init__(self, spool):
        self.records, self.was_on_disk, self._spool, self._acks = [], [], spool, asyncio.Queue()

    async def frames(self):
        while True:
            yield await self._acks.get()

    async def write_frame(self, frame):
        opened = wire.open(frame, KEY, wire.UP)
        self.records.append(opened.record)
        self.was_on_disk.append((opened.boot, opened.sequence) in self._spool.there)
        ack = wire.Ack(((opened.boot, opened.sequence, opened.sequence),))
        self._acks.put_nowait(wire.seal(ack, KEY, b"n17", 1, opened.sequence))

    async def close(self):
        pass


class WatchedSpool(PatientSpool):
    """The real spool, and what is in it."""

    def keep(self, saved):
        super().keep(saved)
        self.there.add((saved.boot, saved.sequence))

    @property
    def there(self):
        return self.__dict__.setdefault("held", set())


def utc_us():
    return time.time_ns() // 1000


async def read_clock():
    return ClockReading(300, "ntp")


@pytest.fixture
def street(tmp_path):
    """A live microphone, its shell, its disk and a line whose gateway acks."""
    microphone, spool, clock = FakeMicrophone(RATE_HZ), WatchedSpool(tmp_path, 1), Clock(RATE_HZ)
    node = LookingNode(DspEar(RATE_HZ), clock, LookOutbox(spool.boot), "n17", KEY)
    line = AckingLine(spool)
    dater = Dater(clock, read_clock, utc_us)
    shell = Shell(node, microphone, spool, Uplink("test", asyncio.Future), dater)
    yield microphone, shell, spool, line
    spool.close()


def drive_bang(microphone):
    sound = np.random.default_rng(3).normal(0, 1e-3, 3 * RATE_HZ)
    n = np.arange(320)
    sound[2 * RATE_HZ + n] += 0.6 * np.exp(-n / 40) * np.cos(2 * np.pi * 900 * n / RATE_HZ)
    for block in np.split(sound, 150):
        microphone.drive_samples(block)


async def test_a_live_bang_is_dated_kept_sent_acknowledged_and_forgotten(street):
    microphone, shell, spool, line = street
    drive_bang(microphone)
    microphone.drive_end()
    async with asyncio.timeout(LIMIT_S):
        await shell.run(line)

    (arrival,) = [record for record in line.records if isinstance(record, wire.Arrival)]
    assert abs(arrival.t_us - utc_us()) < 10_000_000
    assert arrival.clock == wire.COARSE  # the first second's mark alone is rough, and it says so
    assert all(line.was_on_disk)
    assert len(shell.node.outbox) == 0
    spool.close()
    assert Spool(spool.folder, 1).saved == ()


async def test_a_microphone_that_is_pulled_out_ends_the_node_with_its_error(street):
    microphone, shell, _, line = street
    microphone.drive_failure(OSError("microphone default (pyaudio): gone"))

    async with asyncio.timeout(LIMIT_S):
        with pytest.raises(OSError, match="gone"):
            await shell.run(line)


async def test_a_microphone_whose_rate_changes_ends_the_node_with_both_rates_named(street):
    microphone, shell, _, line = street
    microphone.drive_samples(np.zeros(320))
    microphone.drive_rate(44_100)
    microphone.drive_samples(np.zeros(882))

    async with asyncio.timeout(LIMIT_S):
        with pytest.raises(OSError, match="rate changed from 16000 to 44100 Hz"):
            await shell.run(line)


class DeafLine(AckingLine):
    """A line whose gateway answers nothing until `answers` is set; `heard` is set by each frame."""

    answers = False

    def __init__(self, spool):
        super().__init__(spool)
        self.heard = asyncio.Event()

    async def write_frame(self, frame):
        self.heard.set()
        if self.answers:
            await super().write_frame(frame)


async def until_told(logs, event):
    async with asyncio.timeout(LIMIT_S):
        while not any(each["event"].startswith(event) for each in logs):  # noqa: ASYNC110 (a log wakes nobody)
            await asyncio.sleep(0.01)


async def test_a_running_node_that_gets_no_answers_says_so_once_after_30_s_and_once_that_they_are_back(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("firmware.linux.shell.TICK_S", 0.005)
    at_us = itertools.count(0, 1_000_000)  # a second passes with each look at the clock, of which a tick takes two
    looked_us = []

    def now_us():
        looked_us.append(next(at_us))
        return looked_us[-1]

    microphone, spool, clock = FakeMicrophone(RATE_HZ), WatchedSpool(tmp_path, 1), Clock(RATE_HZ)
    node = LookingNode(DspEar(RATE_HZ), clock, LookOutbox(spool.boot), "n17", KEY)
    line = DeafLine(spool)
    shell = Shell(node, microphone, spool, Uplink("test", asyncio.Future), now_us=now_us)
    with capture_logs() as logs:
        running = asyncio.create_task(shell.run(line))
        await line.heard.wait()
        await until_told(logs, "no answer from the gateway")
        told_us = looked_us[-1]
        line.answers = True
        await until_told(logs, "the gateway answers again")
        microphone.drive_end()
        await running
    spool.close()

    assert 30_000_000 <= told_us <= 40_000_000
    assert [each["log_level"] for each in logs if "answer" in each["event"]] == ["warning", "info"]
    assert "does it have this node's key" in next(each["look_at"] for each in logs if "look_at" in each)
