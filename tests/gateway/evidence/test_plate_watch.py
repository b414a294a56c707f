"""A plate reader out of a camera and a recogniser: what it pushes to a real door, and what it says and does not say."""

import asyncio
import base64
import json
import re
from dataclasses import dataclass

import pytest

from gateway.assembly.plates import PLATE, Parts, PlateWatch, plates
from gateway.evidence.push import Fields, read_push
from hw.plate_push import PlatePush
from hw.push_door import PushDoor

S = 1_000_000
T_US = 1_790_000_000 * S
LIKE = re.compile(PLATE)


@dataclass(frozen=True)
class Picture:
    at_us: int
    is_key: bool = True


class Lane:
    """A camera whose pictures the test gives, a recogniser that reads what it is told to, and a real door."""

    def __init__(self):
        self.pictures, self.said, self.taken, self.came = asyncio.Queue(), [], [], asyncio.Event()
        self.words, self.read_once = {}, asyncio.Event()
        self.door = PushDoor(("127.0.0.1", 0), ["lane"], "token", self._take)

    def _take(self, name, body):
        self.taken.append(body)
        self.read_once.set()
        self.came.set()

    def _say(self, words):
        self.said.append(words)
        self.came.set()

    async def connect_again_and_again(self):
        """The first two pictures; once the first was taken the third, until it is taken, too."""
        first, second, third = [self.pictures.get_nowait() for _ in range(3)]
        yield first
        yield second
        await self.read_once.wait()
        while len(self.taken) < 2:
            yield third
            await asyncio.sleep(0)
        await asyncio.Event().wait()

    async def connect(self):
        while (each := await self.pictures.get()) is not None:
            if isinstance(each, OSError):
                raise each
            yield each

    def read(self, jpeg):
        found = self.words[int(jpeg)]
        if isinstance(found, OSError):
            raise found
        return found

    async def watch(self, *pictures, until, token="token", every_us=S):
        await self.door.open()
        push = PlatePush(f"http://127.0.0.1:{self.door.port}/readers/lane", token, None)
        watch = PlateWatch(
            Parts(self.connect, lambda picture: b"%d" % picture.at_us, self.read, push.push, self._say, LIKE, every_us)
        )
        task = asyncio.create_task(watch.run())
        for each in pictures:
            self.pictures.put_nowait(each)
        async with asyncio.timeout(20):
            while not until():
                self.came.clear()
                await self.came.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await self.door.close()
        return watch


async def test_what_it_reads_comes_in_as_any_readers_push_with_its_time_and_picture():
    lane = Lane()
    lane.words[T_US] = [("ab12 cde", 0.97), ("HOTEL", 0.99), ("7XYZ123", 0.2)]
    await lane.watch(Picture(T_US - S, is_key=False), Picture(T_US), until=lambda: lane.taken)

    (plate,) = [one for body in lane.taken for one in read_push(body, Fields())]
    assert (plate.text, plate.confidence, plate.t_us, plate.picture) == ("AB12 CDE", 0.97, T_US, b"%d" % T_US)


async def test_a_camera_that_breaks_a_picture_that_cannot_be_read_and_a_door_that_refuses_are_said_without_the_plate():
    lane = Lane()
    lane.words = {T_US: OSError("the picture cannot be read"), T_US + 2 * S: [("AB12CDE", 0.9)]}
    await lane.watch(
        Picture(T_US), OSError("cannot be reached"), Picture(T_US + 2 * S),
        until=lambda: any("HTTP" in each for each in lane.said), token="wrong",
    )  # fmt: skip

    assert [each.partition(" (")[0].rpartition(": ")[2] for each in lane.said] == [
        "the picture cannot be read", "cannot be reached", "refuses",
    ]  # fmt: skip
    assert lane.taken == []
    assert not any("AB12" in each or "wrong" in each for each in lane.said)


async def test_pictures_between_are_not_read():
    lane = Lane()
    times = [T_US, T_US + S // 2, T_US + 2 * S]
    lane.words = {at_us: [(f"AA{index}11", 0.9)] for index, at_us in enumerate(times)}
    pictures = [Picture(each) for each in times]
    lane.connect = lane.connect_again_and_again
    watch = await lane.watch(*pictures, until=lambda: len(lane.taken) == 2)

    assert [json.loads(body)["plate"] for body in lane.taken] == ["AA011", "AA211"]
    assert base64.b64decode(json.loads(lane.taken[0])["picture"]) == b"%d" % T_US
    assert watch.n_read == 2


@pytest.mark.parametrize(
    ("word", "plate"),
    [
        ("AB12 CDE", "AB12 CDE"), ("b-mw 1234", "B-MW 1234"), ("\uff11\uff12\uff13\uff14AB", "1234AB"),
        ("7abc123", "7ABC123"),
        ("HOTEL", None), ("A1", None), ("<b>1234", None), ("12345678901", None), ("", None), ("AB--12", None),
    ],
)  # fmt: skip
def test_what_is_a_plate_and_what_a_sign(word, plate):
    assert [text for text, _ in plates([(word, 0.9)], LIKE)] == ([] if plate is None else [plate])
