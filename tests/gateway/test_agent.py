"""The agent over a driven line, lamps and a real journal: what it does when the disk, the bank or the link does not."""

import asyncio
import contextlib
import functools
import math

import pytest
from structlog.testing import capture_logs

from dsp.geodesy import Site
from firmware import wire
from gateway.agent import Agent
from gateway.alerts.told import record
from gateway.edges import Plug
from gateway.incident import Alarm, Announce, Heard, News
from gateway.intake.link_serial import SerialLink
from gateway.journal.chain import verify
from gateway.journal.journal import Journal, JournalFull
from gateway.journal.moments import read_step
from gateway.journal.recovery import recent
from gateway.journal.rows import Row, kept, reading
from gateway.orders import Aim, Light, Outcome
from gateway.reaction.bank_rules import BankRules, try_s
from gateway.reaction.cameras import Cameras
from gateway.reaction.eye import Eye
from gateway.reaction.lights import LampBank
from hw.fake import FakeCamera, FakeLamps, FakeLine
from hw.modbus_lamps import ModbusLamps
from simulators.peers.lamp_bank import LampBank as Bank

S = 1_000_000
SITE = Site(38.9, -77.0, 20.0)
SHOT = (45.0, 30.0, 1.5)


WORDS = {Announce: "incident", Outcome: "outcome", Heard: "heard", Alarm: "alarm", News: "news"}


class Listener:
    """A Teller that remembers, and can be waited on."""

    def __init__(self):
        self.heard = []
        self._more = asyncio.Event()

    def ready(self, links):
        self._hear("ready", links)

    def record(self, told):
        return record(told, SITE)

    def tell(self, told):
        self._hear(WORDS[type(told)], told.incident if isinstance(told, Announce) else told)

    def _hear(self, *said):
        self.heard.append(said)
        self._more.set()

    async def until(self, what, condition=lambda said: True):
        async with asyncio.timeout(10):
            while True:
                for word, said in self.heard:
                    if word == what and condition(said):
                        return said
                self._more.clear()
                await self._more.wait()


class HeardLine(FakeLine):
    """A FakeLine whose `sent` can be waited on."""

    def __init__(self):
        super().__init__()
        self._more = asyncio.Event()

    async def write_frame(self, frame):
        await super().write_frame(frame)
        self._more.set()

    async def until(self, condition):
        async with asyncio.timeout(10):
            while not condition(self.sent):
                self._more.clear()
                await self._more.wait()


class World:
    """Time that goes on from the street's own, a line, a teller, and an agent over them."""

    def __init__(self, street, journal, line, ahead_s=0, plugs=None):
        self.street, self.line, self.teller = street, line, Listener()
        self.start_s = asyncio.get_running_loop().time() - ahead_s
        link = SerialLink("line", self._line)
        edges = [self.cameras()] if plugs is None else plugs(self)
        self.agent = Agent(street.core(), journal, [link], self.now_us, self.teller, edges)
        self.stop = asyncio.Event()

    async def _line(self):
        return self.line

    def bank(self, name, make, channels, answer_s=0.5):
        """A plug of a bank with these lamps; make : () -> its driver."""
        joined = functools.partial(LampBank, channels=channels, clock=self.now_us, rules=BankRules(answer_s))
        patience_s = try_s(answer_s) + 0.5
        return Plug(name, (Light,), lambda tell: joined(name, make(), report=tell), patience_s)

    def cameras(self, make=FakeCamera):
        """A plug of the street's one camera; make : () -> its driver."""
        mount = self.street.mounts[0]
        return Plug("cameras", (Aim,), lambda tell: Cameras([Eye(mount, make())], self.now_us, tell))

    def now_us(self):
        return self.street.t_us + S + round((asyncio.get_running_loop().time() - self.start_s) * 1e6)

    def acks(self):
        """All spans that were acked on the line."""
        return [span for frame in self.line.sent for key in self.street.keys.values() for span in _spans(frame, key)]


def _spans(frame, key):
    with contextlib.suppress(wire.BadFrame):
        return wire.open(frame, key).record.spans
    return ()


@contextlib.asynccontextmanager
async def running(world):
    task = asyncio.create_task(world.agent.run(world.stop))
    await world.teller.until("ready")
    yield world
    world.stop.set()
    async with asyncio.timeout(10):
        await task


@pytest.fixture
async def path(tmp_path):
    return tmp_path / "street.journal"


async def test_a_shot_is_decided_told_and_kept(small_street, path):
    async with running(World(small_street, Journal(path), HeardLine())) as world:
        for _, frame in small_street.frames_of(SHOT):
            world.line.drive_frame(frame)
        incident = await world.teller.until("incident")
    with reading(path) as connection:
        kinds = [each.row.kind for each in kept(connection)]

    assert math.dist(incident.rounds[0].fix.xyz_m[:2], SHOT[:2]) < 2
    assert kinds.count("frame") == 7
    assert kinds.count("incident") == 1
    assert verify(path) is None


async def test_what_cannot_be_told_is_written_down_and_stops_nothing(small_street, path, caplog):
    world = World(small_street, Journal(path), HeardLine())
    hear = world.teller.tell

    def cannot(told):
        hear(told)
        raise OSError(28, "No space left on device")

    world.teller.tell = cannot
    async with running(world):
        for _, frame in small_street.frames_of(SHOT):
            world.line.drive_frame(frame)
        await world.teller.until("incident")
        world.agent.told(News("edge", "still there", world.now_us()))
    with reading(path) as connection:
        kinds = [each.row.kind for each in kept(connection)]

    assert (kinds.count("frame"), kinds.count("incident"), kinds.count("edge")) == (7, 1, 1)
    assert "could not be told; it is written down" in caplog.text


async def test_a_full_disk_costs_the_acks_and_not_the_decisions(small_street, path):
    journal = Journal(path, max_bytes=40_960)
    too_much = journal.append([Row("effect", i, bytes(100)) for i in range(1000)])
    async with running(World(small_street, journal, HeardLine())) as world:
        for _, frame in small_street.frames_of(SHOT):
            world.line.drive_frame(frame)
        await world.teller.until("incident")
        said = await world.teller.until("news")
        acks = world.acks()

    assert acks == []
    assert f"{path} cannot be written" in said.note
    assert [word for word, _ in world.teller.heard].count("news") == 1
    assert isinstance(too_much.exception(), JournalFull)


async def test_a_disk_that_comes_back_has_all_of_it_and_then_the_acks_go(small_street, path):
    path.mkdir()
    async with running(World(small_street, Journal(path, again_s=0), HeardLine())) as world:
        for _, frame in small_street.frames_of(SHOT):
            world.line.drive_frame(frame)
        await world.teller.until("incident")
        before = world.acks()
        path.rmdir()
        await world.line.until(lambda sent: len(world.acks()) == 7)
        await world.teller.until("news", lambda said: "is on the disk again" in said.note)
    with reading(path) as connection:
        kinds = [each.row.kind for each in kept(connection)]

    assert before == []
    assert (kinds.count("frame"), kinds.count("incident"), kinds.count("journal")) == (7, 1, 2)
    assert verify(path) is None


async def test_a_line_that_goes_away_is_opened_again_and_its_nodes_are_asked_for_the_rest(small_street, path):
    with capture_logs() as logs:
        async with running(World(small_street, Journal(path), HeardLine())) as world:
            old, world.line = world.line, HeardLine()
            old.drive_failure(OSError("line: pulled out"))
            await world.line.until(lambda sent: len(sent) == 7)
            world.line.drive_frame(small_street.frames_of(SHOT)[0][1])
            await world.line.until(lambda sent: len(sent) == 8)

    assert len(world.acks()) == 1
    assert [each["event"] for each in logs] == ["serial line lost", "serial line is back"]


async def test_what_was_stored_but_not_decided_before_a_kill_is_decided_after_it(small_street, path):
    frames = [Row("frame", at_us, frame) for at_us, frame in small_street.frames_of(SHOT)]
    world = World(small_street, Journal(path), HeardLine())
    world.agent.recover(recent(frames[::-1], world.now_us()), world.now_us())
    async with running(world):
        incident = await world.teller.until("incident")
    with reading(path) as connection:
        (row,) = kept(connection, "incident")

    assert len(incident.rounds) == 1
    assert not incident.historic
    assert abs(row.row.at_us - small_street.t_us) < 10 * S


async def test_a_real_bank_that_is_away_gets_its_order_when_it_is_back(small_street, path):
    bank = Bank(("127.0.0.1", 0), 4, 30)
    await bank.open()
    url = bank.url
    host, port = url.removeprefix("tcp://").split(":")
    await bank.close()
    back = Bank((host, int(port)), 4, 30)
    with capture_logs() as logs:
        channels = {lamp.name: i for i, lamp in enumerate(small_street.lamps)}
        world = World(
            small_street,
            Journal(path),
            HeardLine(),
            plugs=lambda world: [world.bank(url, lambda: ModbusLamps(url), channels)],
        )
        async with running(world):
            for _, frame in small_street.frames_of(SHOT):
                world.line.drive_frame(frame)
            await world.teller.until("incident")
            await back.open()
            for name in channels:
                await world.teller.until("outcome", lambda said, name=name: said.device == name and said.done)
            levels = list(back.levels)
        await back.close()

    assert levels == [100] * 4
    assert [each["event"] for each in logs if "lamps" in each["event"]] in (
        ["lamps do not answer", "lamps answer again"],
        [],
    )


@pytest.mark.parametrize("by_s", [25, -25, 600, 1024 * 7 * 86_400])
async def test_a_clock_that_was_wrong_is_set_right_and_the_next_shot_moves_the_lamps(small_street, path, by_s):
    world = World(small_street, Journal(path), HeardLine(), ahead_s=by_s)
    with capture_logs() as logs:
        async with running(world):
            world.start_s += by_s
            async with asyncio.timeout(10):
                while not any(each["event"] == "the clock was set" for each in logs):  # noqa: ASYNC110 (a log wakes nobody)
                    await asyncio.sleep(0)
            for _, frame in small_street.frames_of(SHOT, world.now_us() - S):
                world.line.drive_frame(frame)
            incident = await world.teller.until("incident")
    with reading(path) as connection:
        (row,) = kept(connection, "clock")
        (told,) = kept(connection, "incident")

    assert not incident.historic
    assert read_step(row.row.body).after_us - read_step(row.row.body).before_us == pytest.approx(-by_s * S, abs=S)
    assert 0 <= told.row.at_us - small_street.t_us < 60 * S
    assert next(each for each in logs if each["event"] == "the clock was set")["by_s"] == pytest.approx(-by_s, abs=1)


class StubbornLamps(FakeLamps):
    """Lamps whose driver breaks at the first order: it raises what no driver may, or never comes back."""

    def __init__(self, breaks):
        super().__init__()
        self.breaks, self.let_go = breaks, asyncio.Event()

    async def write_level(self, channel, level_pct, fade_s=0.0):
        if self.breaks == "raises":
            raise ZeroDivisionError("a bug")
        while self.breaks == "hangs" and not self.let_go.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await self.let_go.wait()
        await super().write_level(channel, level_pct)


class StubbornCamera(FakeCamera):
    """The same of a camera."""

    def __init__(self, breaks):
        super().__init__()
        self.breaks, self.let_go = breaks, asyncio.Event()

    async def aim(self, *order):
        if self.breaks == "raises":
            raise ZeroDivisionError("a bug")
        while self.breaks == "hangs" and not self.let_go.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await self.let_go.wait()
        return await super().aim(*order)


def breaking(made, kind, breaks):
    """The first driver that is made breaks, those after it do not."""
    made.append(kind("" if made else breaks))
    return made[-1]


@pytest.mark.parametrize("breaks", ["raises", "hangs"])
@pytest.mark.parametrize("who", ["lamps", "cameras"])
async def test_a_driver_that_breaks_while_a_shot_comes_stops_no_other_and_its_order_is_done_within_5_s(
    small_street, path, who, breaks
):
    lamps, cameras = [], []
    world = World(
        small_street,
        Journal(path),
        HeardLine(),
        plugs=lambda world: [
            world.bank(
                "bank", lambda: breaking(lamps, StubbornLamps, breaks * (who == "lamps")), {"l0": 0, "l1": 1}, 0.05
            ),
            world.bank("other bank", FakeLamps, {"l2": 2, "l3": 3}),
            world.cameras(lambda: breaking(cameras, StubbornCamera, breaks * (who == "cameras"))),
        ],
    )
    async with running(world):
        for _, frame in small_street.frames_of(SHOT):
            world.line.drive_frame(frame)
        began_s = asyncio.get_running_loop().time()
        for name in ("l0", "l1", "l2", "l3", "c1"):
            await world.teller.until("outcome", lambda said, name=name: said.device == name and said.done)
        took_s = asyncio.get_running_loop().time() - began_s
        news = [said.note for word, said in world.teller.heard if word == "news"]
        for each in (*lamps, *cameras):
            each.let_go.set()
    with reading(path) as connection:
        rows = list(kept(connection, "edge"))

    assert took_s < 5
    assert len(news) == len(rows) == 1
    assert news[0].startswith("bank " if who == "lamps" else "cameras ")
