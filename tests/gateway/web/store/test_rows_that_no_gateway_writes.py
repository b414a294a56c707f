"""Rows of the journal that no gateway writes: each is left out and said, and costs nothing else."""

import copy
import json

import pytest

from gateway.journal.rows import Row
from gateway.web.records import Search

NAN, INFINITY = float("nan"), float("inf")
BAD = {
    "lat_deg": [None, "xyzzy", [1], NAN, INFINITY, 91, -91, 1 << 62, True],
    "lon_deg": [None, "xyzzy", [1], NAN, INFINITY, 181],
    "p_gunshot": ["xyzzy", [1], NAN, INFINITY, -0.1, 1.1],
    "grade": [None, "xyzzy", [1], NAN, -5, "D"],
    "kind": [None, [1], NAN, -5, 1 << 62, "", "x" * 1000],
    "ellipse_95": [None, "xyzzy", [1], NAN, -5, {}, {"major_m": NAN, "minor_m": 1.0, "azimuth_deg": 3.0},
                   {"major_m": 2.0, "minor_m": -1.0, "azimuth_deg": 3.0}],
    "cov_m2": [None, "xyzzy", [1], NAN, -5, [[1, 2]], [[NAN, 0], [0, 1]], [["x", 0], [0, 1]], [[-1, 0], [0, 1]],
               [[1, 9], [9, 1]], [[1, 0.2], [0.1, 1]]],
}  # fmt: skip
OF_ROUND = {
    "rms_us": [None, "xyzzy", [1], NAN, INFINITY, -1],
    "t_us": [None, "xyzzy", 1.5, NAN, -5, 1 << 62],
    "e_m": [None, "xyzzy", NAN, INFINITY],
    "nodes": [None, "P1", [1], [None], {"P1": 1}],
    "line_of_fire": ["xyzzy", [1], {"azimuth_deg": NAN, "azimuth_sigma_deg": 1}],
}
OF_INCIDENT = {
    "first_us": [None, "xyzzy", NAN, -5, 1 << 62],
    "n_rounds": [None, "xyzzy", [1], NAN, -5],
    "rounds": [None, "xyzzy", [1], {}],
    "incident": [None, 5, [1], "\ud800"],
}


def left_out(follows):
    return [said for said in follows.store.freshness().said if "left out" in said]


def rows_of(journalled, of, names):
    """A row for each wrong value; "gone" has the field not at all."""
    good = json.loads(journalled.incident("i-bad", cov_m2=[[1.2, 0.5], [0.5, 2.4]]).body)
    for name, values in names.items():
        for value in [*values, "gone"]:
            told = copy.deepcopy(good)
            field = told["rounds"][0] if of == "round" else told
            if value == "gone" and name in ("cov_m2", "line_of_fire"):
                continue
            field.pop(name, None)
            if value != "gone":
                field[name] = value
            yield Row("incident", journalled.t_us, json.dumps(told).encode())


@pytest.mark.parametrize(
    ("of", "names"),
    [("incident", {**BAD, **OF_INCIDENT}), ("round", {**BAD, **OF_ROUND})],
    ids=["incident", "round"],
)
def test_a_telling_with_a_wrong_value_is_left_out_and_said_and_others_stand(journalled, follows, of, names):
    journalled.write(*journalled.shot())
    bad = list(rows_of(journalled, of, names))
    journalled.write(*bad)
    store = follows.read()

    assert [brief.incident for brief in store.briefs(Search())] == ["i-1"]
    (said,) = left_out(follows)
    assert said.startswith(f"{len(bad)} rows of the journal")
    assert store.whole("i-1").rounds[0].told["grade"] == "A"


@pytest.mark.parametrize("value", [INFINITY, NAN, "xyzzy", -1, 101, [1], 1 << 62])
def test_an_order_with_a_level_that_is_none_is_left_out(journalled, follows, value):
    light = {"what": "light", "device": "L1", "done": True, "note": "", "t_us": 5}
    journalled.write(journalled.row("effect", incident="i-1", **light, level_pct=70))
    journalled.write(journalled.row("effect", incident="i-1", **light, level_pct=value))
    lamps = {each.standing.name: each.order for each in follows.read().lamps()}

    assert lamps["L1"].level_pct == 70
    assert left_out(follows) == ["row 2 of the journal is not as a gateway writes it, and is left out"]


@pytest.mark.parametrize(
    "body", ['{"x": NaN}', '{"x": -Infinity}', '{"x": 1e999}', '{"x": "\\ud800"}', "[1]", "5", "null", "{", ""]
)
@pytest.mark.parametrize("kind", ["clock", "reason", "air"])
def test_what_is_no_json_object_is_left_out_whatever_its_kind(journalled, follows, body, kind):
    journalled.write(Row(kind, journalled.t_us, body.encode()))
    follows.read()

    assert follows.store.happened([kind]) == []
    assert len(left_out(follows)) == 1


def test_a_reason_that_weighed_no_object_is_left_out(journalled, follows):
    journalled.write(journalled.row("reason", incident="i-1", act="lights", word="does", weighed=[1]))
    follows.read()

    assert len(left_out(follows)) == 1
