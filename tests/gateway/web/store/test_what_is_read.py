"""What pages have of a journal's rows."""

import json

import pytest

from gateway.journal.rows import Row
from gateway.orders import NEWER
from gateway.upkeep.ledger import CLOCK, KINDS
from gateway.upkeep.node_clocks import KIND as SECOND
from gateway.web.desk.deeds import deeds_of
from gateway.web.records import Search

S = 1_000_000


def test_an_incident_is_there_with_its_rounds_and_what_each_pole_heard_of_it(journalled, follows):
    journalled.write(*journalled.shot(late_us={"P4": 900}))
    whole = follows.read().whole("i-1")
    (heard,) = whole.rounds
    late = {each.node: each.residual_us for each in heard.onsets}

    assert (whole.brief.grade, whole.brief.n_rounds, whole.brief.review_state) == ("A", 1, "open")
    assert [each.node for each in heard.onsets][:2] == ["P0", "P3"]  # the nearest first
    assert len(late) == 6 and heard.missing == []
    assert max(abs(late[node]) for node in late if node != "P4") < 30
    assert late["P4"] == pytest.approx(900, abs=30)
    assert heard.onsets[0].sound.pcm == bytes(range(200)) * 2
    assert heard.onsets[0].distance_m == pytest.approx(50.2, abs=0.5)


def test_a_pole_whose_frame_is_not_there_is_named(journalled, follows):
    journalled.write(*journalled.shot()[1:])

    assert follows.read().whole("i-1").rounds[0].missing == ["P0"]


def test_the_newest_telling_of_a_round_stands_and_others_beside_it(journalled, follows):
    t_us = journalled.t_us
    journalled.write(*journalled.shot())
    again = [{"t_us": t_us + 300, "grade": "B"}, {"t_us": t_us + 600_000, "grade": "C"}]
    journalled.write(journalled.incident(rounds=again, grade="B", n_rounds=2))
    whole = follows.read().whole("i-1")

    assert [each.told["t_us"] - t_us for each in whole.rounds] == [300, 600_000]
    assert [each.told["grade"] for each in whole.rounds] == ["B", "C"]
    assert (whole.brief.began, whole.brief.version, whole.brief.grade) == (7, 8, "B")


def test_its_timeline_has_its_rows_with_the_journals_numbers_and_hashes(journalled, follows):
    light = {"what": "light", "device": "L1", "done": True, "note": "reads 100 %", "level_pct": 100, "t_us": 5}
    journalled.write(journalled.row("reason", incident="soon-1", act="lights", word="does"))
    journalled.write(journalled.row("effect", incident="soon-1", **light), *journalled.shot())
    journalled.write(
        journalled.row("effect", incident="i-1", **light), journalled.row("effect", incident="i-2", **light)
    )
    happened = follows.read().whole("i-1").happened

    assert [(each.number, each.what) for each in happened] == [
        (1, "reason"),
        (2, "effect"),
        (9, "incident"),
        (10, "effect"),
    ]
    assert all(len(bytes.fromhex(each.hash)) == 32 for each in happened)
    assert follows.store.brief("i-1").number == 10


def test_reviews_stand_side_by_side_and_say_how_it_stands(journalled, follows):
    journalled.write(*journalled.shot(), journalled.review("i-1", "gunshot", "ann"))
    states = [follows.read().brief("i-1").review_state]
    journalled.write(journalled.review("i-1", "no gunshot", "bob", what="fireworks", note="seen from the yard"))
    states.append(follows.read().brief("i-1").review_state)
    journalled.write(journalled.review("i-1", "no gunshot", "ann", what="fireworks"))
    brief = follows.read().brief("i-1")

    assert [*states, brief.review_state] == ["done", "disputed", "done"]
    assert (brief.review, brief.review_what, brief.version) == ("no gunshot", "fireworks", brief.number)
    assert [(each.who, each.verdict) for each in follows.store.reviews("i-1")] == [
        ("ann", "gunshot"), ("bob", "no gunshot"), ("ann", "no gunshot"),
    ]  # fmt: skip


def test_where_a_second_person_is_asked_for_one_does_not_do(tmp_path, journalled, second):
    journalled.write(*journalled.shot(), journalled.review("i-1", "gunshot", "ann"))
    first = second.read().brief("i-1").review_state
    journalled.write(journalled.review("i-1", "gunshot", "ann"))
    same = second.read().brief("i-1").review_state
    journalled.write(journalled.review("i-1", "gunshot", "bob"))

    assert (first, same, second.read().brief("i-1").review_state) == ("second", "second", "done")


def test_evidence_is_there_with_its_hashes_until_it_is_let_go_and_who_looked(journalled, follows):
    kept = {
        "did": "kept",
        "incident": "i-1",
        "file": "C1.mp4",
        "what": "clip",
        "camera": "C1",
        "from_us": 1,
        "until_us": 9,
    }
    hashes = {"bytes": 7, "sha256": "aa" * 32, "sealed_sha256": "bb" * 32}
    journalled.write(*journalled.shot(), journalled.evidence(**kept, **hashes))
    journalled.write(journalled.evidence(did="lost", incident="i-1", file="C2.mp4", note="no room"))
    access = {"did": "access", "incident": "i-1", "file": "C1.mp4", "what": "show", "who": "ann"}
    journalled.write(journalled.evidence(**access))
    whole = follows.read().whole("i-1")
    journalled.write(journalled.evidence(did="let go", incident="i-1", note="too old"))

    assert [(each.file, each.state, each.sha256[:2]) for each in whole.files] == [
        ("C1.mp4", "kept", "aa"), ("C2.mp4", "lost", ""),
    ]  # fmt: skip
    assert [(each.who, each.file) for each in whole.accesses] == [("ann", "C1.mp4")]
    assert {each.state for each in follows.read().whole("i-1").files} == {"let go"}
    assert follows.store.accesses()[0].incident == "i-1"


def test_poles_show_how_they_are_and_what_is_wrong(journalled, follows):
    journalled.write(journalled.health("P1", queued=7), journalled.health("P2"), journalled.arrival("P2", 5))
    journalled.write(journalled.row("alarm", node="P2", kind="clock", raised=True, why="2 ms late", t_us=1))
    journalled.write(journalled.row("update", node="P2", sequence=12, stage="trial"))
    poles = {each.name: each for each in follows.read().poles()}

    assert (poles["P0"].state, poles["P1"].state, poles["P2"].state) == ("unheard", "well", "alarm")
    assert (poles["P1"].health.queued, poles["P1"].health.temperature_c, poles["P1"].clock) == (7, 21.0, "locked")
    assert (poles["P2"].level_db, poles["P2"].release, poles["P2"].stage) == (90.0, 12, "trial")
    assert [each.why for each in follows.store.alarms()] == ["2 ms late"]


def test_an_alarm_of_a_poles_second_that_is_over_leaves_the_one_of_its_clock_by_sound(journalled, follows):
    ledger = {"node": "P2", "kind": KINDS[CLOCK], "why": "2 ms late", "t_us": 1}
    words = {"node": "P2", "kind": SECOND, "why": "1.0 s ahead", "t_us": 1}
    journalled.write(journalled.row("alarm", raised=True, **ledger), journalled.row("alarm", raised=True, **words))
    both = sorted(each.why for each in follows.read().alarms())
    journalled.write(journalled.row("alarm", raised=False, **words))

    assert both == ["1.0 s ahead", "2 ms late"]
    assert [each.why for each in follows.read().alarms()] == ["2 ms late"]


def test_silent_poles_are_all_found_also_those_that_an_alarm_does_not_name(journalled, follows):
    journalled.write(*(journalled.health(node) for node in journalled.places))
    journalled.t_us += 60 * S
    silent = {"kind": "silent", "why": "not heard", "t_us": 1}
    journalled.write(journalled.health("P5"), journalled.row("alarm", node="P0, P1 and 3 more", raised=True, **silent))
    fell = [each.state for each in follows.read().poles()]
    journalled.write(*(journalled.health(node) for node in ("P0", "P1", "P2", "P3")))
    journalled.write(journalled.row("alarm", node="P0, P1 and 2 more", raised=False, **silent))

    assert fell == ["silent"] * 5 + ["well"]
    assert [each.state for each in follows.read().poles()] == ["well"] * 4 + ["silent", "well"]


def test_a_poles_past_comes_in_as_many_steps_as_are_asked_for(journalled, follows):
    start_us = journalled.t_us
    for hour in range(48):
        journalled.t_us = start_us + hour * 3600 * S
        journalled.write(journalled.health("P1", 1000 + 10 * hour, queued=hour))
    past = follows.read().history("P1", start_us, journalled.t_us + S, most=4)

    assert len(past.samples) <= 4
    assert sum(each.n_arrivals for each in past.samples) == 0
    assert max(each.queued for each in past.samples) == 47
    assert 9.9 < past.samples[0].temperature_c < past.samples[-1].temperature_c < 14.8


def test_lamps_and_cameras_show_their_last_order_and_what_is_wrong(journalled, follows):
    notice = {"notice": "n1", "lamp": "L1", "since_us": 77, "t_us": 5, "history": []}
    effect = {"device": "L1", "incident": "i-1", "what": "light", "done": False, "note": "no answer", "t_us": 9}
    aim = {"device": "C1", "incident": "i-1", "what": "aim", "done": True, "note": "looks there", "t_us": 9}
    journalled.write(journalled.row("effect", **effect, level_pct=100))
    journalled.write(journalled.row("effect", **aim, azimuth_deg=87.4, elevation_deg=-5.0))
    journalled.write(journalled.row("lamp", **notice, fault="dark", open=True, why="draws nothing"))
    (lamp,), (camera,) = follows.read().lamps(), follows.store.cameras()
    journalled.write(journalled.row("lamp", **notice, fault="dark", open=False, why="well again"))

    assert (lamp.order.note, lamp.order.done, lamp.fault, lamp.fault_since_us) == (
        "no answer",
        False,
        "draws nothing",
        77,
    )
    assert (camera.order.azimuth_deg, camera.fault) == (87.4, "")
    assert follows.read().lamps()[0].fault == ""


def test_an_order_that_a_newer_one_took_the_place_of_is_no_failure_of_its_lamp(journalled, follows):
    effect = {"device": "L1", "incident": "i-1", "what": "light", "t_us": 9, "level_pct": 100}
    newer = {**effect, "done": False, "note": NEWER}
    journalled.write(*journalled.shot(), journalled.row("effect", **effect, done=True, note="reads 100 %"))
    journalled.write(journalled.row("effect", **newer, superseded=True))
    journalled.write(journalled.row("effect", **{**newer, "device": "L2"}))  # of before, without the key
    deeds = deeds_of(follows.read().whole("i-1"))

    assert [(each.order.note, each.order.done) for each in follows.store.lamps()] == [("reads 100 %", True)]
    assert [(each.what, each.n_done, each.n_failed) for each in deeds] == [("light", 1, 0)]


@pytest.mark.parametrize("body", [b"\xff", b"[]", b"{}", b'{"incident": 7}', b'{"e_m": NaN}', b"[" * 9000, b"7"])
@pytest.mark.parametrize("kind", ["incident", "request", "effect", "alarm", "lamp", "air", "update", "reason"])
def test_a_row_that_no_gateway_writes_is_left_out_and_said(journalled, follows, kind, body):
    journalled.write(Row(kind, journalled.t_us, body), Row("frame", 5, b"no frame", "P1", 1, 999), *journalled.shot())

    assert follows.read().brief("i-1") is not None
    assert any("row 1 of the journal is not as a gateway writes it" in each for each in follows.store.freshness().said)


def test_numbers_beyond_the_databases_are_left_out(journalled, follows):
    told = json.loads(journalled.incident("i-9").body)
    journalled.write(Row("incident", 1, json.dumps({**told, "first_us": 1 << 70}).encode()), *journalled.shot())

    assert [each.incident for each in follows.read().briefs(Search())] == ["i-1"]
