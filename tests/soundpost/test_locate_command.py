"""`soundpost locate` keeps the promises of DESIGN section 4: what goes in, what comes out, a line for what is wrong."""

import io
import json
import math
import random
import re
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsp.air import Air, travel_s
from soundpost.__main__ import main
from soundpost.terminal import utc

POLES = {
    "a": [0, 0, 6], "b": [70, 4, 6.5], "c": [138, -3, 6], "d": [2, 66, 7], "e": [71, 70, 6], "f": [140, 64, 6.2],
    "g": [66, -61, 6], "h": [5, 131, 6],
}  # fmt: skip
SHOTS = {(52.0, 30.0, 1.5): 1_763_000_000_000_000, (101.0, 41.0, 1.5): 1_763_000_003_000_000}
AIR = Air(12.0)
GOOD = {"node": "a", "xyz_m": [0, 0, 6], "t_us": 1, "sigma_us": 100}


def arrivals(shots=SHOTS, air=AIR, poles=POLES):
    """What the poles would say of shots, and a door that slams before one of them."""
    told = [
        {"node": node, "xyz_m": xyz_m, "t_us": t_us + round(float(travel_s(air, np.subtract(xyz_m, place))) * 1e6),
         "sigma_us": 200, "snr_db": 30.0, "level_db": 95 - 20 * math.log10(math.dist(xyz_m, place) / 50),
         "p_gunshot": 0.9}
        for place, t_us in shots.items() for node, xyz_m in poles.items()
    ]  # fmt: skip
    return [*told, {**told[0], "t_us": told[0]["t_us"] - 1_500_000, "p_gunshot": 0.1}]


def feed(monkeypatch, content):
    stdin = io.TextIOWrapper(io.BytesIO(content))
    monkeypatch.setattr(sys, "stdin", stdin)


def as_lines(records):
    return "".join(json.dumps(record) + "\n" for record in records).encode()


@pytest.fixture
def locate(monkeypatch, capsys):
    """(status, records, lines on standard error) of these arrivals, given on standard input."""

    def run(records, *options):
        feed(monkeypatch, records if isinstance(records, bytes) else as_lines(records))
        status = main(["locate", *options, "--json"])
        said = capsys.readouterr()
        return status, [json.loads(line) for line in said.out.splitlines()], said.err.splitlines()

    return run


def shots_of(records):
    return [record for record in records if "no_fix" not in record]


def test_each_shot_is_one_record_of_the_promised_fields(locate):
    status, records, errors = locate(arrivals(), "--temperature-c", "12")
    shots = shots_of(records)

    assert (status, errors) == (0, [])
    assert len(shots) == len(SHOTS)
    for shot, ((east_m, north_m, _), t_us) in zip(shots, SHOTS.items(), strict=True):
        assert list(shot) == [
            "e_m", "n_m", "t_us", "cov_m2", "ellipse_95", "grade", "p_gunshot", "rms_us", "kind", "why",
            "arrivals",
        ]  # fmt: skip
        assert math.dist((shot["e_m"], shot["n_m"]), (east_m, north_m)) < 2
        assert isinstance(shot["t_us"], int)
        assert abs(shot["t_us"] - t_us) < 10_000
        assert np.linalg.eigvalsh(shot["cov_m2"]).min() > 0
        assert np.allclose(shot["cov_m2"], np.transpose(shot["cov_m2"]))
        assert list(shot["ellipse_95"]) == ["major_m", "minor_m", "azimuth_deg"]
        assert shot["ellipse_95"]["major_m"] >= shot["ellipse_95"]["minor_m"] > 0
        assert 0 <= shot["ellipse_95"]["azimuth_deg"] < 180
        assert shot["grade"] in ("A", "B", "C")
        assert shot["p_gunshot"] > 0.95
        assert shot["kind"] == "gunshot"
        assert "8 of 8 poles take it for a gunshot" in shot["why"]
        assert shot["rms_us"] >= 0


def test_arrivals_are_the_numbers_of_the_lines_that_the_shot_rests_on(locate):
    _, records, _ = locate(arrivals(), "--temperature-c", "12")

    assert [shot["arrivals"] for shot in shots_of(records)] == [
        [0, 1, 2, 3, 4, 5, 6, 7],
        [8, 9, 10, 11, 12, 13, 14, 15],
    ]


def test_order_and_duplicates_of_lines_do_not_matter(locate):
    told = arrivals()
    _, expected, _ = locate(told)
    mixed = [*told, *told[:9]]
    random.Random(5).shuffle(mixed)
    _, records, _ = locate(mixed)

    def resting_on(records, told):
        """The records with the arrivals themselves for their numbers."""
        return [{**record, "arrivals": sorted((told[i] for i in record["arrivals"]), key=repr)} for record in records]

    assert resting_on(records, mixed) == resting_on(expected, told)
    assert all(mixed.index(mixed[i]) == i for record in records for i in record["arrivals"])


def test_what_nobody_told_is_null_and_blank_lines_do_not_count(locate):
    bare = [{key: told[key] for key in GOOD} for told in arrivals()]
    _, (first, *_), errors = locate(as_lines(bare).replace(b"\n", b"\n\n \n"))

    assert errors == []
    assert (first["p_gunshot"], first["arrivals"]) == (None, [0, 1, 2, 3, 4, 5, 6, 7])


def test_the_weather_moves_the_fix_to_where_it_belongs(locate):
    windy = Air(-5.0, 20.0, (0.0, -12.0))
    weather = ["--temperature-c", "-5", "--humidity-pct", "20", "--wind-mps", "12", "--wind-from-deg", "0"]

    def off_m(*options):
        _, records, _ = locate(arrivals(air=windy), *options)
        return max(
            math.dist((shot["e_m"], shot["n_m"]), place[:2])
            for shot, place in zip(shots_of(records), SHOTS, strict=True)
        )

    assert off_m(*weather) < 0.5 < off_m()


def test_three_poles_are_never_a_fix(locate):
    three = {node: POLES[node] for node in "abd"}
    status, records, _ = locate(arrivals(poles=three))

    assert status == 0
    assert shots_of(records) == []
    for record in records:
        assert list(record) == ["no_fix", "arrivals", "t_us", "nodes"]
        assert isinstance(record["no_fix"], str)


def test_what_has_no_fix_says_when_it_was_first_heard_and_by_which_poles(locate, tmp_path, capsys):
    heard = arrivals(poles={node: POLES[node] for node in "abd"})
    _, (first, *_), _ = locate(heard)
    (tmp_path / "in.jsonl").write_bytes(as_lines(heard))
    assert main(["locate", str(tmp_path / "in.jsonl")]) == 0
    _, line, *_ = capsys.readouterr().out.splitlines()
    of_it = sorted((heard[index]["t_us"], heard[index]["node"]) for index in first["arrivals"])

    assert (first["t_us"], first["nodes"]) == (of_it[0][0], [node for _, node in of_it])
    assert line == f"{utc(first['t_us'])}  no fix of 3 arrivals (a, b, d): only 3 poles heard it; 4 are needed"


def test_nothing_in_is_nothing_out(locate):
    assert locate(b"") == (0, [], [])
    assert locate(b"\n \n") == (0, [], [])


def test_a_file_serves_as_well_as_standard_input_and_a_table_is_for_people(tmp_path, capsys):
    (tmp_path / "in.jsonl").write_bytes(b"\xef\xbb\xbf" + as_lines(arrivals()))

    assert main(["locate", str(tmp_path / "in.jsonl"), "--temperature-c", "12"]) == 0
    headings, first, second = capsys.readouterr().out.splitlines()[:3]
    assert headings.startswith("fired (UTC)")
    assert (first[:10], "52.0" in first, "101.0" in second) == ("2025-11-13", True, True)


def test_a_long_file_in_any_order_loses_no_shot(locate):
    fired = {(52.0 + i % 7, 30.0, 1.5): 1_763_000_000_000_000 + i * 60_000_000 for i in range(7)}
    told = [
        {**each, "t_us": each["t_us"] + hour * 3_600_000_000} for hour in range(12) for each in arrivals(fired, AIR)
    ]
    random.Random(8).shuffle(told)
    status, records, errors = locate(told, "--temperature-c", "12")
    shots = shots_of(records)

    assert (status, errors, len(shots)) == (0, [], 7 * 12)
    assert [shot["t_us"] for shot in shots] == sorted(shot["t_us"] for shot in shots)
    assert all({told[i]["node"] for i in shot["arrivals"]} == set(POLES) for shot in shots)


def test_what_a_pole_told_too_much_of_is_said(locate):
    drumming = [{**GOOD, "t_us": i * 5_000, "snr_db": 20.0} for i in range(300)]
    status, _, (said,) = locate(drumming)

    assert status == 0
    assert re.fullmatch(
        r"soundpost locate: \d+ arrivals let go for want of room: a pole told of too many at once", said
    )


def off_m(locate, told, fired, *options):
    """Median distance of the shots placed from where they were fired; all must have been."""
    shots = {
        min(fired, key=lambda place: abs(fired[place] - shot["t_us"])): (shot["e_m"], shot["n_m"])
        for shot in shots_of(locate(told, *options)[1])
    }
    assert set(shots) == set(fired)
    return float(np.median([math.dist(place[:2], shots[place]) for place in fired]))


def test_an_air_that_nobody_told_is_learnt_over_the_shots_of_a_file(locate):
    rng = np.random.default_rng(6)
    poles = {f"{e}-{n}": [e * 80.0, n * 75.0, 6.0 + (e + n) % 2] for e in range(4) for n in range(3)}
    fired = {
        (float(rng.uniform(-40, 280)), float(rng.uniform(-40, 190)), 1.5): 1_763_000_000_000_000 + i * 60_000_000
        for i in range(40)
    }
    told = arrivals(fired, Air(10.0, 50.0, (3.0, 4.0)), poles)
    jitter = rng.normal(0, 250, len(told)).round().astype(int).tolist()
    told = [{**each, "t_us": each["t_us"] + late} for each, late in zip(told, jitter, strict=True)]

    assert off_m(locate, told, fired) > 1.5
    assert off_m(locate, told, fired, "--learn-air") < 0.3
    right = ("--temperature-c", "10", "--wind-mps", "5", "--wind-from-deg", "216.87")
    assert off_m(locate, told, fired, *right, "--learn-air") < off_m(locate, told, fired, *right) + 0.1


def test_shots_from_one_place_teach_no_air(locate):
    fired = {(52.0 + i / 9, 30.0, 1.5): 1_763_000_000_000_000 + i * 60_000_000 for i in range(9)}
    told = arrivals(fired, Air(10.0))

    assert locate(told, "--learn-air") == locate(told)


FAULTS = [
    ({**GOOD, "t_us": 1.5}, "t_us: must be a whole number"),
    ({**GOOD, "t_us": True}, "t_us: must be a whole number"),
    ({**GOOD, "t_us": "1"}, "t_us: must be a whole number"),
    ({**GOOD, "t_us": None}, "t_us: must be a whole number"),
    ({**GOOD, "t_us": 10**30}, f"is outside {-(2**53)} to {2**53} us"),
    ({**GOOD, "sigma_us": 0}, "sigma_us: 0 is outside 0 (excluded) to 60000000 us"),
    ({**GOOD, "sigma_us": -1}, "sigma_us: -1 is outside"),
    ({**GOOD, "sigma_us": 60_000_001}, "sigma_us: 6e+07 is outside 0 (excluded) to 60000000 us"),
    ({**GOOD, "sigma_us": math.nan}, "sigma_us: nan is outside"),
    ({**GOOD, "sigma_us": "100"}, "sigma_us: must be a number"),
    ({**GOOD, "xyz_m": [0, math.inf, 0]}, "xyz_m.1: inf is outside -10000000 to 10000000 m"),
    ({**GOOD, "xyz_m": [0, 0]}, "xyz_m.2: missing"),
    ({**GOOD, "xyz_m": [0, 0, 0, 0]}, "xyz_m: must be a list of three numbers"),
    ({**GOOD, "xyz_m": "0,0,6"}, "xyz_m: must be a list of three numbers"),
    ({**GOOD, "xyz_m": [0, 0, None]}, "xyz_m.2: must be a number"),
    ({**GOOD, "node": 7}, "node: must be a string"),
    ({**GOOD, "node": ""}, "node: "),
    ({**GOOD, "snr_db": math.nan}, "snr_db: nan is outside -300 to 300 dB"),
    ({**GOOD, "level_db": "loud"}, "level_db: must be a number"),
    ({**GOOD, "p_gunshot": 1.1}, "p_gunshot: 1.1 is outside 0 to 1"),
    ({"node": "a", "xyz_m": [0, 0, 6], "sigma_us": 1}, "t_us: missing"),
    ({"xyz_m": [0, 0, 6], "t_us": 1, "sigma_us": 1}, "node: missing"),
    ([1, 2], "line: must be an object"),
    (None, "line: must be an object"),
    (
        {**GOOD, "xyz_m": [0, 9, 6]},
        "xyz_m: a stands at [0, 9, 6] here and at [0, 0, 6] on line 1; a node has one place",
    ),
]


@pytest.mark.parametrize(("record", "words"), FAULTS)
def test_a_fault_is_one_line_that_names_the_line_and_the_field(locate, record, words):
    status, records, (error, *more) = locate([GOOD, record])

    assert (status, records, more) == (1, [], [])
    assert error.startswith("soundpost locate: stdin:2: ")
    assert words in error


@pytest.mark.parametrize("line", [b"{", b'{"node": "\xff"}', b"\x00", b"[" * 10_000, b'"' + b"x" * 70_000 + b'"'])
def test_what_is_no_json_is_one_line(locate, line):
    status, records, errors = locate(line)

    assert (status, records, len(errors)) == (1, [], 1)
    assert len(errors[0]) < 300


def test_a_node_that_surveys_itself_may_wander_a_little(locate):
    status, _, errors = locate([GOOD, {**GOOD, "xyz_m": [1.5, -1.5, 7.0], "t_us": 2}])

    assert (status, errors) == (0, [])


def test_a_missing_file_is_one_line(tmp_path, capsys):
    assert main(["locate", str(tmp_path / "none.jsonl")]) == 1
    assert capsys.readouterr().err == f"soundpost locate: {tmp_path / 'none.jsonl'}: No such file or directory\n"


@pytest.mark.parametrize(
    ("option", "value", "legal"),
    [
        ("--temperature-c", "61", "-60 to 60"),
        ("--temperature-c", "nan", "-60 to 60"),
        ("--humidity-pct", "-1", "0 to 100"),
        ("--wind-mps", "inf", "0 to 60"),
        ("--wind-from-deg", "361", "-360 to 360"),
    ],
)
def test_weather_that_cannot_be_names_its_option_and_range(locate, option, value, legal):
    status, records, (error,) = locate([GOOD], option, value)

    assert (status, records) == (1, [])
    assert option in error
    assert f"must be {legal}" in error


@pytest.mark.parametrize("arguments", [["--nonsense"], ["a", "b"], ["--temperature-c", "warm"]])
def test_wrong_usage_is_status_2(capsys, arguments):
    with pytest.raises(SystemExit) as stopped:
        main(["locate", *arguments])

    assert stopped.value.code == 2


SCRAPS = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**20), 10**20), st.floats(), st.text(max_size=5),
    st.lists(st.floats(), max_size=4),
)  # fmt: skip
HOSTILE = st.one_of(
    st.binary(max_size=60),
    st.fixed_dictionaries({}, optional=dict.fromkeys((*GOOD, "snr_db", "level_db", "p_gunshot", "x"), SCRAPS)).map(
        lambda record: json.dumps(record).encode()
    ),
    st.fixed_dictionaries({"change": st.sampled_from(sorted(GOOD)), "to": SCRAPS}).map(
        lambda edit: json.dumps({**GOOD, edit["change"]: edit["to"]}).encode()
    ),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(lines=st.lists(HOSTILE, max_size=4))
def test_hostile_lines_end_in_an_answer_or_in_one_line_never_in_a_traceback(locate, lines):
    status, records, errors = locate(b"\n".join(lines))

    assert status == len(errors)
    assert status in (0, 1)
    assert status == 0 or records == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(
    st.lists(
        st.builds(
            lambda node, e, n, t_us, sigma_us: {"node": f"{node}{e:g}{n:g}", "xyz_m": [e, n, 6], "t_us": t_us,
                                                "sigma_us": sigma_us},
            st.sampled_from("ab"), st.sampled_from([0, 50, 1e7, -1e7]), st.sampled_from([0, 60, 120, 1e7]),
            st.sampled_from([0, 1, 100_000, 10**9, 2**53, -(2**53)]), st.sampled_from([1e-9, 1, 10_000, 60_000_000]),
        ),
        max_size=12,
    )
)  # fmt: skip
def test_whatever_is_within_the_legal_ranges_is_answered(locate, records):
    status, _, errors = locate(records)

    assert (status, errors) == (0, [])


def test_standard_input_that_is_closed_is_one_line(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", None)

    assert main(["locate"]) == 1
    assert capsys.readouterr().err == "soundpost locate: -: standard input is closed\n"
