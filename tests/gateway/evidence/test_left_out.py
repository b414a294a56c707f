"""What limits leave out: said when it begins and at each tenfold, in a row each, not one a picture."""

from gateway.evidence.camera_line import CameraLine
from gateway.evidence.cases import Cases, Rules
from gateway.evidence.left_out import A_FEW, LeftOut, Limit, counts
from gateway.evidence.ring import Ring
from gateway.evidence.sightings import Sightings, Window


def test_what_is_left_out_is_said_when_it_begins_and_at_each_tenfold():
    left_out, limit = LeftOut(), Limit("gate", "are left out")
    said = [words for n in range(1500) for _, words in left_out.look({limit: n})]

    assert said == ["1 are left out", "10 are left out", "100 are left out", "1000 are left out"]


def test_what_each_connection_loses_is_nothing_to_speak_of():
    left_out, limit = LeftOut(), Limit("corner", "are left out", normal=A_FEW)

    assert left_out.look({limit: A_FEW}) == []
    assert left_out.look({limit: A_FEW + 1}) == [("corner", "51 are left out")]


def test_each_limit_of_the_process_is_among_them():
    line = CameraLine("corner", lambda lost: None, Ring(1, 1), lambda camera, words: None)
    cases, sightings = Cases(Rules(), (), ()), Sightings({}, Window(), lambda lat, lon: (0.0, 0.0), 1)
    line.lost(60)
    line.ring.dropped = 700
    cases.let_go = 2
    sightings.counts.update({"crowded": 3, "more": 4, "long": 5, "far": 6, "dropped": 7})
    said = {words.split()[0]: source for source, words in LeftOut().look(counts({"corner": line}, cases, sightings))}

    assert said == {
        "60": "corner", "700": "corner", "2": "incidents", "3": "sightings", "4": "sightings", "5": "sightings",
    }  # fmt: skip
