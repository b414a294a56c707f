import json
import tomllib

import numpy as np
import pytest

from gateway.incident import Announce, Reply, Store
from gateway.orders import Light
from simulators.recordings.export import write_recording
from simulators.recordings.sources import open_source
from simulators.street.city import live
from simulators.street.scenario import FOLDER, Scenario
from simulators.street.scene import record
from simulators.street.verdict import error_m, judge
from soundpost.__main__ import main


def small(**changes):
    """The first shooting of the demo's street, at a rate that makes the test fast."""
    tables = tomllib.loads((FOLDER / "street.toml").read_text())
    tables |= {"duration_s": 3.0, "rate_hz": 16_000, "clutter": [], "shots": [tables["shots"][0] | {"t_s": 1.0}]}
    return Scenario.model_validate(tables | changes)


@pytest.fixture(scope="module")
def night():
    scenario = small()
    return live(record(scenario, "small"), scenario)


def test_a_shot_in_the_street_is_placed_and_nothing_else(night):
    verdict = judge(night.recording.truths, [shot for shot, _ in night.rounds()])

    assert len(verdict.placed) == 1
    assert error_m(*verdict.placed[0]) < 5
    assert not (verdict.missed or verdict.false)


def test_it_is_known_within_two_seconds_of_its_sound(night):
    ((shot, known_us),) = night.rounds()

    assert 0 < known_us - max(arrival.t_us for arrival in shot.arrivals) < 2_000_000


def test_lamps_are_asked_for_and_every_frame_is_stored_before_it_is_acked(night):
    kinds = [type(happening.effect) for happening in night.happenings]

    assert Light in kinds and Announce in kinds
    assert kinds.index(Store) < kinds.index(Reply)
    assert night.counts["frames"] >= sum(night.n_arrivals.values())


def test_a_night_is_the_same_each_time(night):
    scenario = small()
    again = live(record(scenario, "small"), scenario)

    assert [happening.at_us for happening in again.happenings] == [happening.at_us for happening in night.happenings]
    assert again.rounds()[0][0].fix.xyz_m == night.rounds()[0][0].fix.xyz_m


def test_a_street_where_nobody_fires_has_no_shot():
    scenario = small(shots=[])
    night = live(record(scenario, "silent"), scenario)

    assert night.rounds() == []
    assert not any(isinstance(happening.effect, Light) for happening in night.happenings)


def test_what_is_written_is_what_is_read_back(tmp_path):
    written = record(small(), "small")
    write_recording(written, tmp_path / "out")
    (read,) = open_source(tmp_path / "out")

    for ours, theirs in zip(written.tracks, read.tracks, strict=True):
        assert (theirs.node, theirs.xyz_m, theirs.start_us, theirs.rate_hz, theirs.sigma_us, theirs.full_scale_db) == (
            ours.node,
            ours.xyz_m,
            ours.start_us,
            ours.rate_hz,
            ours.sigma_us,
            ours.full_scale_db,
        )
        assert np.array_equal(ours.read(), theirs.read())
    assert read.truths == written.truths
    assert read.air.wind_en_mps == pytest.approx(written.air.wind_en_mps)


def test_simulate_prints_a_line_a_shot_and_a_summary(tmp_path, capsys):
    head, _, _ = (FOLDER / "street.toml").read_text().partition("[[shots]]")
    head = head.replace("rate_hz = 48000", "rate_hz = 16000").replace("duration_s = 22.0", "duration_s = 3.0")
    shot = 'xyz_m = [97.0, 66.0, 1.5]\nt_s = 0.8\ncalibre = ".45"\nrounds = 2\ninterval_s = 0.55\n'
    (tmp_path / "two.toml").write_text(f"{head}[[shots]]\n{shot}")

    assert main(["simulate", str(tmp_path / "two.toml"), "--json", "--wav", str(tmp_path / "wav")]) == 0
    *lines, summary = map(json.loads, capsys.readouterr().out.splitlines())

    assert [line["kind"] for line in lines] == ["placed", "placed"]
    assert all(line["error_m"] < 5 and line["grade"] in "ABC" for line in lines)
    assert (summary["fired"], summary["placed"], summary["false"]) == (2, 2, 0)
    assert (tmp_path / "wav" / "nodes.json").is_file()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["gone.toml"], "gone.toml: No such file or directory"),
        (["street.toml", "--seed", "-1"], "--seed -1 is negative"),
    ],
)
def test_simulate_refuses_bad_input_in_one_line(tmp_path, capsys, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "street.toml").write_text((FOLDER / "street.toml").read_text())

    assert main(["simulate", *arguments]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert err.count("\n") == 1
