"""Which recordings a case's rows begin, in driven time: each picture once, and nothing told lost that was not."""

import asyncio
from dataclasses import dataclass

import pytest

from gateway.evidence import recording as recording_
from gateway.evidence.cases import Case
from gateway.evidence.recordings import Recordings
from gateway.evidence.ring import Ring
from gateway.evidence.shelf import Entry, Shelf

S = 1_000_000
T_US = 1_790_000_000 * S


@dataclass(frozen=True)
class Picture:
    at_us: int
    is_key: bool
    layout: bytes = b"sps"
    size: int = 100


class Clip:
    def __init__(self, first, sink, title):
        self.sink, self.n_pictures = sink, 0

    def add(self, pictures):
        for each in pictures:
            self.sink.write(f"{each.at_us}\n".encode())

    def close(self):
        pass


class Full(Clip):
    def add(self, pictures):
        raise OSError(28, "No space left on device", "clips")


class Line:
    def __init__(self, ring):
        self.ring = ring


class Street:
    """A camera's ring, a shelf, the recordings, and a clock that the test drives."""

    def __init__(self, folder):
        self.folder, self.ring, self.now_us, self.clip = folder, Ring(120 * S, 10_000_000), T_US, Clip
        self.kept, self.lost, self.tasks, self.until_us = [], [], set(), T_US + 30 * S
        self.start()

    def start(self):
        self.shelf = Shelf(self.folder, bytes(32))

        async def no_more_room():
            pass

        def new_clip(first, sink, title):
            return self.clip(first, sink, title)

        def start(work, name):
            self.tasks.add(task := asyncio.create_task(work, name=name))
            task.add_done_callback(self.tasks.discard)

        self.recordings = Recordings(
            self.shelf, {"corner": Line(self.ring)}, lambda incident: self.until_us,
            new_clip, lambda picture: b"jpeg", lambda: self.now_us, no_more_room,
            self._kept, lambda *why: self.lost.append(why), start,
        )  # fmt: skip

    def _kept(self, incident, entry):
        if entry.what == "clip":
            self.kept.append(entry)

    def film(self, from_s, until_s):
        for index in range(round(from_s * 10), round(until_s * 10)):
            self.ring.feed(Picture(T_US + index * S // 10, index % 10 == 0))
        self.now_us = T_US + round(until_s * S)

    async def row(self, until_s=30):
        """A row of the incident; what it begins is waited for, where its time is over."""
        self.until_us = T_US + until_s * S
        self.shelf.begin("i-1", T_US, self.until_us)
        self.recordings.record(Case("i-1", (), ("corner",), (), T_US - 10 * S, self.until_us), "corner")
        if self.now_us > self.until_us + 2 * S and self.tasks:
            await asyncio.wait(tuple(self.tasks))

    def spans(self):
        return [(each.name, (each.from_us - T_US) / S, (each.until_us - T_US) / S) for each in self.kept]


@pytest.fixture
def street(tmp_path, monkeypatch):
    monkeypatch.setattr(recording_, "STEP_S", 0.001)
    return Street(tmp_path)


async def test_a_further_row_of_an_incident_whose_clip_is_whole_records_nothing_again(street):
    street.film(-20, 40)
    for _ in range(30):
        await street.row()

    assert street.spans() == [("corner-1.mp4", -10.0, 30.0)]
    assert street.lost == []


async def test_a_later_shot_records_on_from_where_the_clip_before_is_whole(street):
    street.film(-20, 34)
    await street.row()
    street.film(34, 60)
    await street.row(until_s=50)

    assert street.spans() == [("corner-1.mp4", -10.0, 30.0), ("corner-2.mp4", 30.0, 50.0)]


async def test_a_row_while_the_clip_is_being_closed_is_not_missed(street):
    street.film(-20, 34)
    at_end = {}

    class Closing(Clip):
        def close(self):
            if not at_end:
                at_end["until"] = street.until_us = T_US + 50 * S

    street.clip = Closing
    street.film(34, 60)
    await street.row()

    assert street.spans()[-1] == ("corner-2.mp4", 30.0, 50.0)


async def test_no_picture_is_told_once_not_with_each_row(street):
    street.now_us = T_US + 40 * S
    for _ in range(5):
        await street.row()

    assert street.lost == [("i-1", "corner", "no picture came that a clip could begin with")]


async def test_after_a_restart_a_whole_clip_is_not_begun_anew(street):
    street.film(-20, 34)
    await street.row()
    street.start()
    street.recordings.take_up()
    street.film(34, 36)
    await street.row()

    assert street.spans() == [("corner-1.mp4", -10.0, 30.0)]
    assert street.lost == []


async def test_after_a_restart_an_incident_whose_time_is_not_over_is_recorded_on(street):
    street.shelf.begin("i-1", T_US, T_US + 30 * S)
    street.shelf.put("i-1", Entry("corner-1.mp4", "clip", "corner", T_US - 10 * S, T_US + 5 * S, "", 0, ""), b"clip")
    street.film(-20, 8)
    street.start()
    street.recordings.take_up()
    street.film(8, 40)
    await street.row()

    assert street.spans() == [("corner-2.mp4", 5.0, 30.0)]


async def test_a_full_disk_is_tried_again_by_a_later_row_from_then_on(street):
    street.film(-20, 10)
    street.clip = Full
    await street.row()
    await asyncio.wait(tuple(street.tasks))
    street.clip = Clip
    street.film(10, 40)
    await street.row()

    assert [why for _, _, why in street.lost] == ["[Errno 28] No space left on device: 'clips'"]
    assert street.spans() == [("corner-1.mp4", -10.0, 30.0)]
