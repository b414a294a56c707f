"""What of a reader's words belongs to an incident: near it, in its time. The rest is dropped unread."""

import base64
import hashlib
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.evidence.cases import Case, Shot
from gateway.evidence.profile_m import MOST_BYTES, MOST_OBJECTS, read
from gateway.evidence.push import MOST_PLATES, Fields, read_push
from gateway.evidence.sighting import CLASSES, BadSighting, Plate, Thing, plate_text
from gateway.evidence.sightings import MOST_OF_CASE, Sightings, Window
from simulators.peers.plate_reader import PICTURE, PlateReader

S = 1_000_000
T_US = 1_790_000_000 * S
CASE = Case("i-1", (Shot(0.0, 0.0, T_US, 5.0),), (), ("gate",), T_US - 10 * S, T_US + 30 * S)


def scene(*appearances, at="2026-11-28T02:00:00Z"):
    objects = [{"@ObjectId": str(number), "Appearance": each} for number, each in enumerate(appearances)]
    return json.dumps({"Frame": [{"@UtcTime": at, "Object": objects}]}).encode()


def plate(text, likelihood="0.9", **more):
    return {"LicensePlateInfo": {"PlateNumber": {"@Likelihood": likelihood, "#text": text}}, **more}


def person(likelihood="0.8", **more):
    return {"Class": {"Type": {"@Likelihood": likelihood, "#text": "Human"}}, **more}


class Reads:
    """How messages are read, and what was."""

    def __init__(self):
        self.n = 0

    def __call__(self, payload, more):
        self.n += 1
        return read(payload)


def sightings(reads=read, most_bytes=1_000_000):
    return Sightings(
        {"gate": reads, "far": reads}, Window(), lambda lat_deg, lon_deg: (lon_deg * 1e5, lat_deg * 1e5), most_bytes
    )


def plates(known, incident="i-1"):
    return [each["plate"] for each in known.attached[incident].records()]


def test_what_passed_before_and_after_the_shot_is_attached_and_nothing_else_is_even_read():
    reads = Reads()
    known = sightings(reads)
    for second, text in ((-60, "OLD"), (-20, "BEFORE"), (-5, "JUST")):
        known.feed("gate", scene(plate(text)), T_US + second * S)
    known.feed("far", scene(plate("FAR")), T_US - S)
    assert reads.n == 0
    known.open(CASE)
    known.feed("gate", scene(plate("AFTER")), T_US + 60 * S)
    known.feed("gate", scene(plate("LATE")), T_US + 121 * S)
    known.feed("far", scene(plate("FAR")), T_US + S)

    assert plates(known) == ["BEFORE", "JUST", "AFTER"]
    assert reads.n == 3


def test_a_quiet_day_is_dropped_unread_and_counted():
    reads = Reads()
    known = sightings(reads)
    for second in range(600):
        known.feed("gate", scene(plate("AB12CDE")), T_US + second * S)
        known.tick(T_US + second * S, 30 * S)

    assert reads.n == 0
    assert known.waiting() == 61
    assert known.counts["dropped"] == 539


def test_a_flood_of_words_waits_within_its_bound():
    known = sightings(most_bytes=10_000)
    for index in range(1000):
        known.feed("gate", scene(plate("AB12CDE")), T_US + index)

    assert known.counts["crowded"] > 800
    assert known.waiting() * len(scene(plate("AB12CDE"))) <= 10_000


def test_a_plate_is_kept_once_with_when_it_was_seen_the_surest_reading_and_the_pictures_hash():
    known = sightings()
    known.open(CASE)
    for second, likely in ((1, "0.5"), (2, "0.9"), (3, "0.7")):
        picture = base64.b64encode(b"picture" + likely.encode()).decode()
        known.feed("gate", scene(plate("AB 12", likely, Image=picture)), T_US + second * S)

    record = known.attached["i-1"].records()[0]
    assert (record["plate"], record["confidence"], record["times"]) == ("AB 12", 0.9, 3)
    assert (record["first_us"], record["last_us"]) == (T_US + S, T_US + 3 * S)
    assert record["picture_sha256"] == hashlib.sha256(b"picture0.9").hexdigest()
    assert record["reader_clock_us"] == 1_795_831_200 * S


def test_a_case_that_is_told_again_after_its_time_takes_in_what_waits_once():
    reads = Reads()
    known = sightings(reads)
    later = replace(CASE, shots=(*CASE.shots, Shot(0.0, 0.0, T_US + 35 * S, 5.0)))
    known.open(CASE)
    known.feed("gate", scene(plate("FIRST")), T_US + 100 * S)
    over = known.tick(T_US + 121 * S, 300 * S)
    known.feed("gate", scene(plate("BETWEEN")), T_US + 122 * S)
    known.open(later)
    known.open(later)
    known.feed("gate", scene(plate("LAST")), T_US + 140 * S)

    assert [record["plate"] for one in over for record in one.records()] == ["FIRST"]
    assert plates(known) == ["BETWEEN", "LAST"]
    assert reads.n == 3


def test_what_was_read_for_a_case_is_remembered_no_longer_than_it_could_be_read_again():
    reads = Reads()
    known = sightings(reads)
    for index in range(300):
        shot = Shot(0.0, 0.0, T_US + index * 60 * S, 5.0)
        known.open(replace(CASE, incident=f"i-{index}", shots=(shot,)))
        known.tick(shot.t_us, 30 * S)

    assert known.remembered() < 10


def test_an_earlier_shot_that_is_told_late_takes_in_what_passed_before_it():
    known = sightings()
    known.feed("gate", scene(plate("EARLY")), T_US - 50 * S)
    known.open(CASE)
    known.open(replace(CASE, shots=(Shot(0.0, 0.0, T_US - 25 * S, 5.0), *CASE.shots)))

    assert plates(known) == ["EARLY"]


def test_one_that_tells_its_place_must_be_near_the_shot():
    known = sightings()
    known.open(CASE)
    here, there = {"@lat": "0.0004", "@lon": "0.0"}, {"@lat": "0.01", "@lon": "0.0"}
    known.feed("gate", scene(plate("HERE", GeoLocation=here), plate("THERE", GeoLocation=there)), T_US + S)

    assert plates(known) == ["HERE"]
    assert known.counts["far"] == 1


def test_people_and_vehicles_are_attached_with_their_direction():
    known = sightings()
    known.open(CASE)
    message = {
        "Frame": {
            "@UtcTime": "2026-11-28T02:00:00Z",
            "Object": {
                "@ObjectId": "7",
                "Appearance": {"Class": {"@Likelihood": "0.8", "#text": "Human"}},
                "Behaviour": {"Speed": "2.5", "Direction": {"@yaw": "-45"}},
            },
        }
    }
    known.feed("gate", json.dumps(message).encode(), T_US + S)

    record = known.attached["i-1"].records()[0]
    assert (record["object"], record["yaw_deg"], record["speed_mps"], record["confidence"]) == (
        "person",
        -45.0,
        2.5,
        0.8,
    )


def test_no_face_is_in_the_table_and_nothing_of_one_gets_in():
    reader = PlateReader(broker=1, objects=True)
    found = read(reader.message())

    assert not any("face" in name for name in CLASSES)
    assert {each.kind for each in found if isinstance(each, Thing)} == {"vehicle", "person"}
    assert [each.text for each in found if isinstance(each, Plate)] == ["AB12CDE"]
    for word in ("Male", "LongSleeve", "Gender", "HumanFace", "Age"):
        assert word not in repr(found)


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "AB12<CDE",
        'A"B',
        "A&B",
        "A;B",
        "A/B",
        "",
        " ",
        "A" * 17,
        "A\u202eB",
        "A\x00B",
        "A_B",
        None,
        7,
        {},
    ],
)
def test_a_plate_with_markup_or_what_no_plate_has_is_kept_apart_and_nothing_of_it_is_repeated(text):
    known = sightings()
    known.open(CASE)
    refused = known.feed("gate", scene(plate(text)), T_US + S)

    assert known.attached["i-1"].records() == []
    assert [reader for reader, _ in refused] == ["gate"]
    assert "script" not in str(refused)
    assert known.counts["refused"] == 1


@pytest.mark.parametrize("text", ["AB12CDE", "KX 305", "M-QR 417", "\u0410123\u0412\u0421", "\u4eacA\u00b712345", "1"])
def test_plates_of_many_countries_are_taken(text):
    assert plate_text(text) == text


@pytest.mark.parametrize(
    "payload",
    [
        b"", b"[]", b"null", b"{}", b"\xff\xfe", b"[" * 100_000, b'{"Frame": 7}', b'{"Frame": [7]}', b'{"Data": []}',
        b'{"Data": {"Object": 5}}', b'{"a": ' + b"9" * 5000 + b"}", b" " * (MOST_BYTES + 1),
        scene(plate("A", "2.0")), scene(plate("A", "NaN")), scene(plate("A", Image="!!")), scene(plate("A"), at="now"),
        scene(plate("A", GeoLocation={"@lat": "95", "@lon": "0"})), scene(plate("A", Image=5)),
    ],
)  # fmt: skip
def test_what_is_no_message_is_refused(payload):
    with pytest.raises(BadSighting):
        read(payload)


@given(st.binary(max_size=200) | st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["Frame", "Object", "Appearance", "Class", "Type", "#text", "@Likelihood", "LicensePlateInfo", "PlateNumber", "Data", "GeoLocation", "@lat", "Behaviour", "Direction"]), inner), max_leaves=20).map(lambda told: json.dumps(told).encode()))  # fmt: skip  # noqa: E501
def test_whatever_comes_is_read_or_refused_and_raises_nothing_else(payload):
    for reads in (read, lambda body: read_push(body, Fields(each="Object", plate="PlateNumber"))):
        try:
            assert all(isinstance(each, Plate | Thing) for each in reads(payload))
        except BadSighting as refused:
            assert len(str(refused)) < 100


def test_an_event_has_its_plate_as_an_element_or_as_a_plain_item():
    element = {"LicensePlateInfo": {"PlateNumber": {"#text": "AB12", "@Likelihood": "0.9"}}, "ObjectId": "5"}
    plain = {"PlateNumber": "AB12", "Likelihood": 0.9}
    for data in (element, plain):
        event = {"UtcTime": "2026-11-28T02:00:00Z", "Source": {"Rule": "lpr"}, "Data": data}
        found = read(json.dumps(event).encode())

        assert [(each.text, each.confidence) for each in found] == [("AB12", 0.9)]


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("\uff21\uff22\uff23\uff11\uff12\uff13", "ABC123"),
        ("\u54c1\u5ddd 500 \u3042\u300012-34", "\u54c1\u5ddd 500 \u3042 12-34"),
        ("B\uff0dMW 7", "B-MW 7"),
    ],
)
def test_full_width_letters_and_digits_are_kept_as_the_common_ones(told, kept):
    assert plate_text(told) == kept


@pytest.mark.parametrize(
    "told", ["\uff1cb\uff1e", "\ufe64b\ufe65", "A\uff06B", "\ufdfa", "A" * 17, "\uff21" * 17, "A" * 9999]
)
def test_markup_stays_refused_in_whatever_width(told):
    with pytest.raises(BadSighting):
        plate_text(told)


def test_a_vendors_push_is_read_where_its_settings_say():
    told = {"data": {"results": [{"plate": "ab12", "score": 87, "box": {"image": base64.b64encode(PICTURE).decode()}}]}}
    fields = Fields("plate", "score", "at", "box.image", "data.results", 100.0)

    assert read_push(json.dumps(told).encode(), fields) == [Plate("ab12", 0.87, None, None, PICTURE)]
    assert read_push(b'{"plate": "X1", "confidence": 0.5, "at": 1795831200}', Fields()) == [
        Plate("X1", 0.5, 1_795_831_200 * S, None, b"")
    ]
    with pytest.raises(BadSighting):
        read_push(b'{"data": 5}', fields)


def test_what_is_left_out_of_one_message_is_counted():
    known = sightings()
    known.open(CASE)
    known.feed("gate", scene(*(plate(f"P{index}") for index in range(MOST_OBJECTS + 7))), T_US + S)
    left_out = []
    pushed = json.dumps({"each": [{"plate": f"P{index}"} for index in range(MOST_PLATES + 3)]}).encode()

    assert len(known.attached["i-1"].records()) == MOST_OBJECTS
    assert known.counts["long"] == 7
    assert len(read_push(pushed, Fields(each="each"), left_out.append)) == MOST_PLATES
    assert left_out == [3]


def test_more_objects_than_a_case_takes_are_counted_not_kept():
    known = sightings()
    known.open(CASE)
    for first in range(0, MOST_OF_CASE + 200, 50):
        known.feed("gate", scene(*(plate(f"P{first + index}") for index in range(50))), T_US + S)

    assert len(known.attached["i-1"].records()) == MOST_OF_CASE
    assert known.counts["more"] == 200


def test_a_case_ends_and_is_handed_back_when_its_time_is_over():
    known = sightings()
    known.open(CASE)
    known.feed("gate", scene(plate("A1"), person()), T_US + S)

    assert known.tick(T_US + 119 * S, 30 * S) == []
    over = known.tick(T_US + 121 * S, 30 * S)
    assert [(each.case.incident, each.plates(), len(each.records())) for each in over] == [("i-1", 1, 2)]
    assert known.attached == {}
