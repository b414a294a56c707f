"""A camera's clips of an incident, in driven time: what is written and when, and what comes of it on a full disk."""

import asyncio
import errno
import os
from dataclasses import dataclass

import pytest

from gateway.evidence import recording as recording_
from gateway.evidence.camera_line import KEYLESS_US, CameraLine
from gateway.evidence.recording import Recording
from gateway.evidence.ring import Ring
from gateway.evidence.shelf import Shelf
from gateway.evidence.telling import MOST_WAITING, Refused, Telling

S = 1_000_000
T_US = 1_790_000_000 * S


@dataclass(frozen=True)
class Picture:
    at_us: int
    is_key: bool
    layout: bytes = b"sps"
    size: int = 100


class Clip:
    """Writes each picture's time, a line each."""

    def __init__(self, first, sink, title):
        self.sink, self.n_pictures = sink, 0

    def add(self, pictures):
        for each in pictures:
            self.sink.write(f"{each.at_us}\n".encode())
            self.n_pictures += 1

    def close(self):
        pass


class Street:
    """A ring, a shelf and a clock that the test drives."""

    def __init__(self, folder):
        self.shelf = Shelf(folder, bytes(32))
        self.shelf.begin("i-1", T_US, T_US + 30 * S)
        self.ring, self.now_us = Ring(60 * S, 10_000_000), T_US
        self.kept, self.lost = [], []
        self.clip = Clip

    def film(self, from_s, until_s, **more):
        for index in range(round(from_s * 10), round(until_s * 10)):
            self.ring.feed(Picture(T_US + index * S // 10, index % 10 == 0, **more))
        self.now_us = T_US + round(until_s * S)

    def recording(self, from_s=-10, until_s=30):
        return Recording(
            self.shelf, "i-1", "corner", self.ring, lambda: (T_US + from_s * S, T_US + until_s * S),
            self.clip,
            lambda incident, entry: self.kept.append(entry), lambda *why: self.lost.append(why), lambda: self.now_us,
        )  # fmt: skip

    def times(self, name):
        return [(int(line) - T_US) / S for line in b"".join(self.shelf.read("i-1", name)).split()]


@pytest.fixture
def street(tmp_path, monkeypatch):
    monkeypatch.setattr(recording_, "STEP_S", 0.001)
    return Street(tmp_path)


async def settled():
    for _ in range(5):
        await asyncio.sleep(0.01)


async def test_a_clip_begins_before_the_shot_grows_as_pictures_come_and_ends_in_time(street):
    street.film(-20, 1)
    task = asyncio.create_task(street.recording().run())
    await settled()
    street.film(1, 20)
    await settled()
    street.film(20, 40)
    await task

    times = street.times("corner-1.mp4")
    assert (times[0], times[-1], len(times)) == (-10.0, 30.0, 401)
    assert times == sorted(set(times))
    assert [(each.name, each.what, each.from_us - T_US, each.until_us - T_US) for each in street.kept] == [
        ("corner-1.mp4", "clip", -10 * S, 30 * S)
    ]
    assert street.lost == []


async def test_a_break_and_another_form_are_clips_of_their_own(street):
    street.film(-12, 0)
    street.film(0, 10, layout=b"other")
    street.ring.cut()
    street.film(12, 40, layout=b"other")
    await street.recording().run()

    spans = [(street.times(each.name)[0], street.times(each.name)[-1]) for each in street.kept]
    assert spans == [(-10.0, -0.1), (0.0, 9.9), (12.0, 30.0)]
    assert [each.name for each in street.kept] == ["corner-1.mp4", "corner-2.mp4", "corner-3.mp4"]


async def test_a_camera_without_pictures_is_told_as_lost(street):
    street.now_us = T_US + 40 * S
    await street.recording().run()

    assert street.kept == []
    assert street.lost == [("i-1", "corner", "no picture came that a clip could begin with")]


async def test_a_full_disk_is_told_and_leaves_nothing_of_a_clip(street, tmp_path):
    class Full(Clip):
        def add(self, pictures):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "clips")

    street.clip = Full
    street.film(-12, 1)
    await street.recording().run()

    assert [why for _, _, why in street.lost] == ["[Errno 28] No space left on device: 'clips'"]
    assert list(tmp_path.rglob("*.part")) == []
    assert street.shelf.about("i-1").files == {}


async def test_told_to_stop_it_keeps_what_there_is(street):
    street.film(-12, 1)
    recording = street.recording()
    task = asyncio.create_task(recording.run())
    await settled()
    recording.stop()
    await task

    assert street.times("corner-1.mp4")[-1] == 0.9


async def test_a_camera_line_says_each_fault_once_and_when_it_is_over():
    said = []
    films = iter(
        [
            OSError("cannot be reached"),
            OSError("cannot be reached"),
            [Picture(T_US, True), Picture(T_US + S, True, b"other")],
            [Picture(T_US + index * S, False) for index in range(2 * KEYLESS_US // S)],
        ]
    )
    over = asyncio.Event()

    async def connect(lost):
        film = next(films, None)
        if film is None:
            over.set()
            await asyncio.Event().wait()
        if isinstance(film, OSError):
            raise film
        for each in film:
            yield each

    line = CameraLine("corner", connect, Ring(10 * S, 10_000), lambda camera, words: said.append(words))
    task = asyncio.create_task(line.run())
    async with asyncio.timeout(20):
        await over.wait()
    task.cancel()

    assert said == [
        "sends no pictures: cannot be reached",
        "sends pictures again",
        "its picture has another form from now on: it goes to a clip of its own",
        "sends no pictures: the camera ended its video",
        "sends pictures again",
        "sends no key picture for 15 s: no clip can begin",
        "sends no pictures: the camera ended its video",
    ]


async def test_what_was_done_is_told_in_order_and_again_until_it_is_taken():
    answers, told, said, taken = iter([OSError("away"), OSError("away"), None, Refused("no"), None]), [], [], []

    async def ask(body):
        if (answer := next(answers)) is not None:
            raise answer
        told.append(body["note"])

    telling = Telling(ask, said.append)
    for note in ("a", "b", "c"):
        telling.say({"did": "fault", "note": note}, lambda note=note: taken.append(note))
    task = asyncio.create_task(telling.run())
    assert await telling.finish(20) == 0
    task.cancel()

    assert told == taken == ["a", "c"]
    assert said == [
        "the gateway does not answer, what was done waits: away",
        "the gateway does not write down what was done (fault): no",
    ]


async def test_where_too_much_waits_to_be_told_the_newest_is_let_go_and_counted():
    async def never(body):
        raise OSError("away")

    telling = Telling(never, lambda words: None)
    for _ in range(MOST_WAITING + 5):
        telling.say({"did": "fault"})

    assert telling.untold == 5
