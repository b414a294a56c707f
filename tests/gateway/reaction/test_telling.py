"""An incident as people are told of it: its newest round's own time and place, and not too often."""

import json
from dataclasses import replace

import numpy as np
import pytest

from dsp.geodesy import Site
from dsp.placing.fix import Fix
from gateway.alerts import told as told_as
from gateway.alerts.bulletin import headline, incident_record, n_places
from gateway.incident import Announce, Asked, News, Round
from gateway.orders import Light, Outcome
from gateway.reaction.policy import Policy, Rules

T_US = 1_763_000_000_000_000
S = 1_000_000
SITE = Site(38.9, -77.0, 20.0)


def shot(i, after_us, e=0.0, grade="B"):
    return Round(Fix((e, 0.0, 0.0), T_US + after_us, np.eye(2) * 4.0, np.zeros(6), 100.0), (), grade, 0.9)


def told_of(rounds, until_us=None, **rules):
    """What policy announces of rounds that are known half a second after they were fired."""
    policy, told, now_us = Policy(Rules(**rules), [], [], lambda t_us: -20.0), [], T_US
    for one in rounds:
        while now_us < one.fix.t_us + S // 2:
            now_us += S // 20
            told += policy.tick(now_us)
        told += policy.feed(one, now_us)
    while now_us < (until_us or now_us):
        now_us += S // 20
        told += policy.tick(now_us)
    return [each for each in told if isinstance(each, Announce)]


def lines(told):
    return [headline(each, SITE) for each in told]


def test_five_shots_at_five_places_are_told_each_at_its_own_time_and_place():
    told = lines(told_of([shot(i, i * 20 * S, e=60.0 * i, grade="BBABB"[i]) for i in range(5)]))

    assert [line.split("  ")[0] for line in told] == [
        "02:13:20.000Z", "02:13:40.000Z", "02:14:00.000Z", "02:14:20.000Z", "02:14:40.000Z",
    ]  # fmt: skip
    assert ["UPDATE" in line for line in told] == [False, True, True, True, True]
    for i, line in enumerate(told):
        assert f"(e {60.0 * i:.1f} m, n 0.0 m)" in line
        assert f"grade {'BBABB'[i]}" in line
        assert i == 0 or f"round {i + 1} of {i + 1}, at {i + 1} places" in line
    assert "best grade A" in told[-1]
    assert "first at 02:13:20.000Z" in told[-1]


def test_a_possible_gunshot_is_told_as_one_and_why():
    possible = replace(shot(0, 0), p_gunshot=0.31, kind="possible gunshot", why="2 of 5 poles take it for a gunshot")
    told = told_of([possible])[0]

    assert "possible gunshot p 0.31" in headline(told, SITE)
    assert "(2 of 5 poles take it for a gunshot)" in headline(told, SITE)
    assert incident_record(told, SITE)["kind"] == "possible gunshot"
    assert incident_record(told, SITE)["rounds"][0]["why"] == possible.why


def test_rounds_inside_each_others_ellipses_are_of_one_place():
    assert n_places([shot(0, 0), shot(1, S, e=3.0), shot(2, 2 * S, e=6.0)]) == 1
    assert n_places([shot(0, 0), shot(1, S, e=10.0), shot(2, 2 * S, e=3.0)]) == 2


def test_a_row_grows_with_what_is_new_and_not_with_what_was():
    told = told_of([shot(i, i * 2 * S) for i in range(100)], until_us=T_US + 300 * S)
    rows = [json.dumps(incident_record(each, SITE)) for each in told]

    assert sum(len(json.loads(row)["rounds"]) for row in rows) == 100
    assert json.loads(rows[-1])["n_rounds"] == 100
    assert max(map(len, rows)) < 4000


def test_a_drizzle_is_told_every_five_seconds_and_nothing_of_it_is_lost():
    told = told_of([shot(i, i * S // 5) for i in range(277)], until_us=T_US + 100 * S)
    news = [one.fix.t_us for each in told for one in each.news]

    assert len(told) <= 20 + 277 // 25 + 2
    assert news == [T_US + i * S // 5 for i in range(277)]
    assert "24 more since the last line" in lines(told)[-2]


def test_a_better_grade_does_not_wait():
    told = told_of([*(shot(i, i * S // 5, grade="C") for i in range(30)), shot(30, 6 * S, grade="A")])

    assert told[-1].incident.grade == "A"
    assert told[-1].news[-1].fix.t_us == T_US + 6 * S


@pytest.mark.parametrize(("longest_s", "incidents"), [(600, 1), (50, 2)])
def test_an_incident_has_a_longest_length(longest_s, incidents):
    told = told_of([shot(i, i * 10 * S) for i in range(10)], incident_longest_s=longest_s)

    assert len({each.incident.id for each in told}) == incidents


FORGED = "a\n00:00:00.000Z  n1\x1b[2J\x9b\u202e\ud800 \u00e9"


@pytest.mark.parametrize("told", [
    Asked("desk", "review", {"incident": FORGED, "verdict": "unsure", "note": FORGED}, "0", "0", T_US),
    Outcome(Light(("l1",), 100, "i-1"), "l1", False, T_US, FORGED),
    News("edge", FORGED, T_US),
])  # fmt: skip
def test_what_others_put_in_is_one_line_that_moves_no_terminal(told):
    said = told_as.line(told, SITE)

    assert said.isprintable()
    assert "a\ufffd00:00:00.000Z  n1\ufffd[2J\ufffd\ufffd\ufffd \u00e9" in said
