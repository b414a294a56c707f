"""Evidence joined, with a driven clock and readers, a real shelf: what is told, triggered once, attached, let go."""

import asyncio
import base64
import json

import pytest

from gateway.evidence import sightings_file
from gateway.evidence import station as station_
from gateway.evidence.cases import Cases, Rules, Watcher
from gateway.evidence.letting_go import DAY_US, Limits
from gateway.evidence.profile_m import read
from gateway.evidence.shelf import Entry, Shelf
from gateway.evidence.sightings import Sightings, Window
from gateway.evidence.station import Parts, Station
from gateway.evidence.telling import Telling

S = 1_000_000
T_US = 1_790_000_000 * S


class Trigger:
    def __init__(self, error=None):
        self.n, self.error = 0, error

    async def pulse(self):
        self.n += 1
        if self.error:
            raise self.error

    async def close(self):
        pass


class House:
    """A station over a folder, and what it told."""

    def __init__(self, folder, **limits):
        self.folder, self.limits, self.now_us, self.told, self.rules = folder, limits, T_US, [], Rules()
        self.triggers = {"gate": Trigger(), "dead": Trigger(OSError("http://dead: cannot be reached"))}
        self.start()

    def start(self):
        watchers = [Watcher("gate", (0, 0, 4), 100.0), Watcher("dead", (0, 0, 4), 100.0)]

        async def ask(body):
            self.told.append(body)

        self.shelf = Shelf(self.folder, bytes(32))
        window = Window(30 * S, 30 * S)
        sightings = Sightings({"gate": read, "dead": read}, window, lambda lat, lon: (0.0, 0.0), 1_000_000)
        parts = Parts(
            Cases(self.rules, [], watchers), sightings, self.shelf, {}, Telling(ask, lambda words: None), self.triggers,
            Limits(**self.limits), lambda *args: None, lambda picture: b"", lambda: self.now_us, 0,
        )  # fmt: skip
        self.station = Station(parts)

    async def run_a_while(self, *works, until=lambda: True):
        """Let it run, do the works, and go on until it has come to that, and a little more."""
        task = asyncio.create_task(self.station.run())
        await asyncio.sleep(0.02)
        for work in works:
            if asyncio.iscoroutine(result := work()):
                await result
        async with asyncio.timeout(30):
            while not until():  # noqa: ASYNC110 (what is waited for has no event)
                await asyncio.sleep(0.01)
        for _ in range(10):
            await asyncio.sleep(0.005)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    def deeds(self, did):
        return [body for body in self.told if body["did"] == did]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    for name, value in {"TICK_S": 0.01, "TIDY_S": 0.02}.items():
        monkeypatch.setattr(station_, name, value)
    monkeypatch.setattr(sightings_file, "WRITE_S", 0.0)


def shot(incident="i-1", t_s=0):
    rounds = [{"e_m": 0.0, "n_m": 0.0, "t_us": T_US + t_s * S, "ellipse_95": {"major_m": 3.0}}]
    return {"incident": incident, "rounds": rounds, "grade": "A", "p_gunshot": 0.9}


def plate(text, picture=b""):
    image = base64.b64encode(picture).decode()
    appearance = {"LicensePlateInfo": {"PlateNumber": text}, "Image": image}
    return json.dumps({"Frame": {"Object": {"Appearance": appearance}}}).encode()


def seen_of(house):
    """By plate, as it lies there."""
    if not any("sightings.json" in about.files for about in house.shelf.abouts()):
        return {}
    told = json.loads(b"".join(house.shelf.read("i-1", "sightings.json")))
    return {each["plate"]: each for each in told["sightings"]}


async def test_each_reader_is_told_to_read_once_an_incident_also_over_a_restart(tmp_path):
    house = House(tmp_path)
    again = [lambda: house.station.incident(shot()), lambda: house.station.incident(shot(t_s=1))]
    await house.run_a_while(*again, until=lambda: len(house.deeds("triggered")) >= 2)
    house.start()
    again = [lambda: house.station.incident(shot()), lambda: house.station.incident(shot("i-2"))]
    await house.run_a_while(*again, until=lambda: len(house.deeds("triggered")) >= 4)

    assert (house.triggers["gate"].n, house.triggers["dead"].n) == (2, 2)
    notes = {(body["incident"], body["camera"]): body["note"] for body in house.deeds("triggered")}
    assert notes["i-1", "gate"] == "told to read"
    assert notes["i-1", "dead"] == "NOT DONE: http://dead: cannot be reached"
    assert len(house.deeds("triggered")) == 4


def early(t_s=0.0, e_m=0.0, **more):
    place = {"e_m": e_m, "n_m": 0.0, "t_us": T_US + round(t_s * S), "within_m": 5.0, "at_us": T_US}
    return {"incident": "soon-1", **place, "grade": "A", "p_gunshot": 0.9, **more}


async def test_for_a_provisional_round_readers_are_told_at_once_and_not_again_for_its_incident(tmp_path):
    house = House(tmp_path)
    await house.run_a_while(
        lambda: house.station.early(early()),
        lambda: asyncio.sleep(0.05),
        lambda: house.station.early(early(0.3)),
        lambda: asyncio.sleep(0.05),
        lambda: house.station.seen("gate", plate("EARLY")),
        lambda: house.station.incident(shot()),
        until=lambda: len(house.deeds("triggered")) >= 4 and "EARLY" in seen_of(house),
    )

    assert house.triggers["gate"].n == 1
    assert house.triggers["dead"].n >= 2  # what did not work is tried again
    notes = {(body["incident"], body["camera"]): body["note"] for body in house.deeds("triggered")}
    assert notes["soon-1", "gate"] == "told to read"
    assert notes["i-1", "gate"] == "is told to read by soon-1, a provisional round"
    assert notes["i-1", "dead"].startswith("NOT DONE")


async def test_what_is_read_for_a_provisional_round_of_which_nothing_comes_is_kept_nowhere(tmp_path):
    house = House(tmp_path)
    await house.run_a_while(
        lambda: house.station.early(early()),
        lambda: house.station.seen("gate", plate("EARLY")),
        until=lambda: house.deeds("triggered"),
    )

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "row", [early(-6), early(3), early(e_m=120.0), early(grade="D"), early(p_gunshot=0.05)], ids=str
)
async def test_a_provisional_round_that_is_old_far_or_no_gunshot_triggers_nothing(tmp_path, row):
    house = House(tmp_path)
    await house.run_a_while(lambda: house.station.early(row))

    assert house.triggers["gate"].n == 0


async def test_where_settings_say_so_a_provisional_round_triggers_nothing(tmp_path):
    house = House(tmp_path)
    house.rules = Rules(soon=False)
    house.start()
    await house.run_a_while(lambda: house.station.early(early()))

    assert house.triggers["gate"].n == 0


async def test_what_is_too_old_triggers_nothing(tmp_path):
    house = House(tmp_path)
    house.now_us = T_US + 31 * S
    await house.run_a_while(lambda: house.station.incident(shot()))

    assert house.triggers["gate"].n == 0
    assert list(tmp_path.iterdir()) == []


async def test_plates_are_sealed_with_the_case_and_their_row_names_none(tmp_path):
    house = House(tmp_path)
    await house.run_a_while(
        lambda: house.station.seen("gate", plate("BEFORE")),
        lambda: house.station.incident(shot()),
        lambda: house.station.seen("gate", plate("AFTER")),
        lambda: house.station.seen("gate", plate("<b>")),
        until=lambda: house.deeds("kept") and house.deeds("fault"),
    )

    seen = json.loads(b"".join(house.shelf.read("i-1", "sightings.json")))["sightings"]
    assert [each["plate"] for each in seen] == ["BEFORE", "AFTER"]
    assert house.deeds("kept")[-1]["what"] == "sightings"
    assert [body["camera"] for body in house.deeds("fault")] == ["gate"]
    for words in ("BEFORE", "AFTER", "<b>"):
        assert words not in json.dumps(house.told)
    assert all(entry.told for entry in house.shelf.about("i-1").files.values())


async def test_what_was_seen_before_a_restart_stands_with_what_is_seen_after(tmp_path):
    house = House(tmp_path)
    for texts in (("FIRST", "BOTH"), ("BOTH", "LAST")):
        house.now_us += 2 * S
        await house.run_a_while(
            lambda: house.station.incident(shot()),
            *(lambda text=text: house.station.seen("gate", plate(text)) for text in texts),
            until=lambda last=texts[-1]: last in seen_of(house),
        )
        house.start()

    both = seen_of(house)["BOTH"]
    assert sorted(seen_of(house)) == ["BOTH", "FIRST", "LAST"]
    assert (both["first_us"], both["last_us"], both["times"]) == (T_US + 2 * S, T_US + 4 * S, 2)


async def test_a_case_that_is_told_again_after_its_time_keeps_what_was_seen_before(tmp_path):
    house = House(tmp_path)

    def later():
        house.now_us = T_US + 40 * S

    await house.run_a_while(
        lambda: house.station.incident(shot()),
        lambda: house.station.seen("gate", plate("FIRST")),
        lambda: asyncio.sleep(0.1),
        later,
        lambda: asyncio.sleep(0.1),
        lambda: house.station.incident(shot(t_s=35)),
        lambda: house.station.seen("gate", plate("LAST")),
        until=lambda: "LAST" in seen_of(house),
    )

    assert {text: each["times"] for text, each in seen_of(house).items()} == {"FIRST": 1, "LAST": 1}


async def test_sightings_that_a_disk_does_not_take_are_written_when_it_does_with_their_pictures(tmp_path, monkeypatch):
    house, good, bad = House(tmp_path), Shelf.put, []

    def put(shelf, incident, entry, content):
        if len(bad) < 3:
            bad.append(entry.name)
            raise OSError(28, "No space left on device")
        return good(shelf, incident, entry, content)

    def over():
        house.now_us = T_US + 90 * S

    monkeypatch.setattr(Shelf, "put", put)
    await house.run_a_while(
        lambda: house.station.incident(shot()),
        lambda: house.station.seen("gate", plate("ABC 1", picture=b"jpeg")),
        over,
        until=lambda: len(house.deeds("kept")) == 2,
    )

    assert "ABC 1" in seen_of(house)
    assert sorted(entry.what for entry in house.shelf.about("i-1").files.values()) == ["picture", "sightings"]
    assert ["are written later" in body["note"] for body in house.deeds("fault")] == [True]
    assert house.deeds("lost") == []


async def test_sightings_that_never_can_be_written_are_told_as_lost_at_the_end(tmp_path, monkeypatch):
    house = House(tmp_path)

    def put(shelf, incident, entry, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Shelf, "put", put)
    await house.run_a_while(
        lambda: house.station.incident(shot()),
        lambda: house.station.seen("gate", plate("ABC 1")),
        until=lambda: house.deeds("fault"),
    )

    assert [(body["incident"], body["file"]) for body in house.deeds("lost")] == [("i-1", "sightings.json")]


async def test_where_no_disk_takes_many_incidents_sightings_the_oldest_are_told_as_lost(tmp_path, monkeypatch):
    house = House(tmp_path)

    def put(shelf, incident, entry, content):
        raise OSError(28, "No space left on device")

    def over():
        house.now_us = T_US + 90 * S

    monkeypatch.setattr(Shelf, "put", put)
    await house.run_a_while(
        *(lambda name=f"i-{n}": house.station.incident(shot(name)) for n in range(sightings_file.MOST_WAITING + 2)),
        lambda: house.station.seen("gate", plate("ABC 1")),
        lambda: asyncio.sleep(0.1),
        over,
        until=lambda: house.deeds("lost"),
    )

    early = [body["incident"] for body in house.deeds("lost") if "waited to be written" in body["note"]]
    assert early == ["i-0", "i-1"]
    assert len(house.deeds("lost")) == sightings_file.MOST_WAITING + 2


async def test_what_cannot_be_let_go_is_not_told_as_let_go(tmp_path, monkeypatch):
    house, good = House(tmp_path, keep_us=10 * DAY_US), Shelf.remove
    house.shelf.begin("old", T_US - 11 * DAY_US, 0)

    def remove(shelf, incident):
        raise OSError(30, "Read-only file system")

    with monkeypatch.context() as bad:
        bad.setattr(Shelf, "remove", remove)
        await house.run_a_while(until=lambda: house.deeds("fault"))
    assert house.deeds("let go") == []
    assert good is Shelf.remove
    await house.run_a_while(until=lambda: house.deeds("let go"))
    assert [body["incident"] for body in house.deeds("let go")] == ["old"]


async def test_what_has_grown_old_and_what_there_is_no_room_for_goes_and_is_told(tmp_path):
    house = House(tmp_path, keep_us=10 * DAY_US, most_bytes=25_000)
    for name, days, verdict in (("old", 11, None), ("first", 9, None), ("door", 5, "no gunshot"), ("last", 1, None)):
        house.shelf.begin(name, T_US - days * DAY_US, 0)
        house.shelf.put(name, Entry("c-1.mp4", "clip", "c", 0, 0, "", 0, "", told=True), bytes(10_000))
        if verdict:
            house.station.reviewed(name, verdict)
    await house.run_a_while(until=lambda: len(list(tmp_path.iterdir())) == 2)

    assert [(body["incident"], body["note"].split(";")[0].split(",")[0]) for body in house.deeds("let go")] == [
        ("old", "older than 10 days"),
        ("door", "older than 1 days"),
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first", "last"]
    house.limits["most_bytes"] = 12_000
    house.start()
    await house.run_a_while(until=lambda: len(list(tmp_path.iterdir())) == 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first"]


async def test_what_an_earlier_run_did_not_tell_is_told_and_what_it_left_half_is_lost(tmp_path):
    house = House(tmp_path)
    house.shelf.begin("i-1", T_US, T_US)
    house.shelf.put("i-1", Entry("c-1.mp4", "clip", "c", T_US, T_US, "", 0, ""), b"clip")
    house.shelf.draft("i-1", "c-2.mp4").write(b"half")
    house.start()
    await house.run_a_while(until=lambda: house.deeds("kept") and house.deeds("lost"))

    assert [body["file"] for body in house.deeds("kept")] == ["c-1.mp4"]
    assert [(body["file"], body["note"]) for body in house.deeds("lost")] == [
        ("c-2.mp4", "was being written when the program was killed")
    ]


async def test_a_disk_that_takes_nothing_is_told_and_ends_nothing(tmp_path, monkeypatch):
    house = House(tmp_path)

    def read_only(*args):
        raise OSError(30, "Read-only file system", str(tmp_path))

    with monkeypatch.context() as bad:
        bad.setattr(house.shelf, "begin", read_only)
        await house.run_a_while(lambda: house.station.incident(shot()), until=lambda: house.deeds("lost"))
    house.start()
    await house.run_a_while(lambda: house.station.incident(shot("i-2")))

    assert [(body["incident"], body["file"], "Read-only" in body["note"]) for body in house.deeds("lost")] == [
        ("i-1", "all", True)
    ]
    assert [about.incident for about in house.shelf.abouts()] == ["i-2"]


async def test_a_camera_that_comes_and_goes_is_a_row_in_ten_minutes_not_a_thousand(tmp_path):
    house = House(tmp_path)
    for _ in range(500):
        house.now_us += S
        house.station.camera_says("corner", "sends no pictures: away")
        house.station.camera_says("corner", "sends pictures again")
    house.now_us += 600 * S
    house.station.camera_says("corner", "sends no pictures: away")
    await house.run_a_while(until=lambda: len(house.deeds("fault")) >= 3)

    assert [body["note"] for body in house.deeds("fault")] == [
        "sends no pictures: away", "sends pictures again", "sends no pictures: away",
    ]  # fmt: skip
