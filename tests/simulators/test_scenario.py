import tomllib
from pathlib import Path

import numpy as np
import pytest

from simulators.recordings.sources import open_source
from simulators.street.scenario import FOLDER, Scenario, read_scenario, scenario_path
from simulators.street.scene import record

SMALL = """
start_utc = "2026-11-22T22:00:00Z"
duration_s = 2.0
rate_hz = 16000
[site]
lat_deg = 40.0
lon_deg = -80.0
[[poles]]
node = "A"
xyz_m = [0.0, 0.0, 6.0]
[[poles]]
node = "B"
xyz_m = [60.0, 0.0, 6.0]
clock_error_us = 500
[[poles]]
node = "C"
xyz_m = [60.0, 60.0, 6.0]
[[poles]]
node = "D"
xyz_m = [0.0, 60.0, 6.0]
[[shots]]
t_s = 0.5
xyz_m = [30.0, 20.0, 1.5]
calibre = "9mm"
rounds = 2
interval_s = 0.25
"""


def scenario(**changes):
    return Scenario.model_validate(tomllib.loads(SMALL) | changes)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.toml")), ids=lambda path: path.stem)
def test_the_scenarios_that_we_ship_are_legal(path):
    assert len(read_scenario(path).poles) >= 4


def test_the_demo_street_has_shots_lamps_and_cameras_and_the_quiet_one_no_shot():
    street, quiet = (read_scenario(FOLDER / f"{name}.toml") for name in ("street", "quiet"))

    assert len(street.shots) >= 2
    assert max(shot.rounds for shot in street.shots) > 1
    assert street.lamps and street.cameras and street.walls
    assert quiet.clutter and not quiet.shots


def test_a_shipped_scenario_goes_by_its_bare_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert scenario_path(Path("street")) == FOLDER / "street.toml"
    assert scenario_path(Path("my/street.toml")) == Path("my/street.toml")


def test_truth_tells_when_each_round_was_fired():
    (truth,) = record(scenario(), "small").truths

    assert truth.n_rounds == 2
    assert np.diff(truth.t_us) == [250_000]
    assert truth.t_us[0] == scenario().start_utc + 500_000


def test_a_scenario_is_a_source_like_any_other(tmp_path):
    (tmp_path / "small.toml").write_text(SMALL)
    (recording,) = open_source(tmp_path / "small.toml")

    assert recording.source == "small"
    assert [len(track.read()) for track in recording.tracks] == [32_000] * 4
    assert recording.site.lat_deg == 40.0


def test_a_clock_that_is_fast_dates_its_samples_late():
    a, b, *_ = record(scenario(), "small").tracks

    assert b.start_us - a.start_us == 500


def test_the_same_seed_sounds_the_same_and_another_does_not():
    first, again, other = (record(scenario(), "small", seed).tracks[0].read() for seed in (1, 1, 2))

    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[site]", "[sight]", "site: is missing; sight: unknown key (did you mean site?)"),
        ("rate_hz = 16000", "rate_hz = 4000", "rate_hz: 4000 is outside 8000 to 96000 Hz"),
        ('calibre = "9mm"', 'calibre = "arrow"', "shots 1.calibre: 'arrow' is not one of .22, "),
        ("rounds = 2", "rounds = 9", "shots.0: its last round is at 2.5 s, outside 0 to 2 s"),
        ("rounds = 2", "bullets = 2", "shots 1.bullets: unknown key"),
        ("[60.0, 60.0, 6.0]", "[60.0, 0.1, 6.0]", "poles: B and C are 0.10 m apart"),
        ("[60.0, 60.0, 6.0]", "[60.0, inf, 6.0]", "poles 3 (C).xyz_m 2: inf is outside -100000 to 100000 m"),
        ('node = "B"', 'node = "A"', "poles: A is given twice"),
        ("lat_deg = 40.0", "lat_deg = 140.0", "site.lat_deg: 140.0 is outside -90 to 90 degrees"),
        ("duration_s = 2.0", "duration_s = 2.0\nseed = -1", "seed: -1 is outside"),
        ("duration_s = 2.0", "duration_s = 2.0 s", "not TOML"),
    ],
)
def test_a_bad_scenario_is_refused_in_one_line(tmp_path, old, new, said):
    path = tmp_path / "bad.toml"
    path.write_text(SMALL.replace(old, new, 1))
    with pytest.raises(ValueError, match=r"bad\.toml: ") as caught:
        list(open_source(path))

    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_street_too_large_for_memory_is_refused_before_it_is_rendered(tmp_path):
    with pytest.raises(ValueError, match="outside 1 to 200000000"):
        scenario(duration_s=600.0, rate_hz=96_000)
