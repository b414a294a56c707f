import re
from dataclasses import replace

import numpy as np
import pytest

from dsp.air import Air
from dsp.placing.fix import Fix
from gateway.incident import Arrival, Round
from simulators.locating.cases import CASES, DEVELOPMENT, draw
from simulators.locating.live_tests import Played, read_livefire
from simulators.locating.locate_figures import association_figures, coverage_figures, live_figures
from simulators.locating.locator_page import write_report
from simulators.locating.matching import match
from simulators.locating.moments import moment_of_test, moments_of
from simulators.locating.running import Decided, Outcome, Run
from simulators.locating.score_locator import chapters
from simulators.recordings.playback import ORIGINS, Playback
from simulators.recordings.reckoning import reckon
from simulators.recordings.recording import Recording, Truth
from soundpost.__main__ import main

COV_M2 = np.array([[4.0, 1.0], [1.0, 2.0]])


def round_at(xyz_m, t_us, arrivals):
    return Round(Fix(tuple(xyz_m), t_us, COV_M2, np.zeros(len(arrivals)), 0.0), tuple(arrivals), "A", None)


def as_if_found(case, lose=0, invent=False):
    """A night of two shots as if each had been placed right but the first `lose`, and one of clutter invented."""
    night = draw(replace(CASES["two-shots"], name=case), 0, DEVELOPMENT)
    rounds = [
        round_at(shot.xyz_m, shot.t_us, [p.arrival for p in night.pulses if p.shot == index and p.direct][:6])
        for index, shot in enumerate(night.shots)
    ][lose:]
    clutter = [p.arrival for p in night.pulses if p.shot is None]
    beside_m = np.add(night.shots[0].xyz_m, (40.0, 0.0, 0.0))
    rounds += [round_at(beside_m, night.shots[0].t_us + 400_000, clutter[:4])] if invent else []
    run = Run(tuple(Decided(each, each.fix.t_us + 1_500_000) for each in rounds), 0.5, 0.01)
    return Outcome(case, 0, night, run, match(night.shots, rounds))


def as_if_played(origin, n_found=1, off_m=0.0):
    poles = [Arrival(str(e), (float(e), 60.0 * (e % 2), 6.0), 1_000_000, 300, 30.0, 80.0) for e in range(0, 300, 50)]
    recording = Recording("test_001", (), Air(), (Truth((0.0, 0.0, 1.5), 1),), tuple(poles))
    playback = Playback(
        recording, tuple(poles), tuple(round_at((off_m, 0.0, 1.5), 900_000, poles[:4]) for _ in range(n_found))
    )
    return Played("FP1", origin, playback, reckon(recording, playback.rounds), 1, 1)


@pytest.fixture(scope="module")
def outcomes():
    return [as_if_found(name) for name in CASES]


def test_the_table_has_every_line_of_the_issue_that_association_answers_for(outcomes):
    played = [as_if_played(origin) for origin in ORIGINS]
    figures = [*live_figures(played), *association_figures(outcomes), *coverage_figures(played, outcomes)]

    barred = [figure.what for figure in figures if figure.bar and "best today" not in figure.bar]
    for line in (
        "pulses: rounds within 25 m", "pulses: false fixes a round", "pulses: tests with the exact count",
        "audio: rounds within 15 m", "audio: false fixes a round", "audio: tests with the exact count",
        "^burst.*recall / precision", "^two shooters.*recall / precision", "^1000 poles.*recall / precision",
        "real time on one core", "cost an arrival", "^clutter only", "covers: burst", "covers: live fire",
    ):  # fmt: skip
        assert [what for what in barred if re.search(line, what)], line


def test_a_night_as_it_was_fired_meets_its_bars_and_one_with_a_miss_does_not(outcomes):
    worse = [each if each.case != "burst" else as_if_found("burst", lose=1) for each in outcomes]

    def burst_of(outcomes):
        return next(each for each in association_figures(outcomes) if each.what.startswith("burst"))

    assert burst_of(outcomes).ok is True
    assert burst_of(worse).ok is False
    assert burst_of(worse).figure.startswith("0.500 / 1.000")


def test_a_live_fire_test_with_two_fixes_for_one_round_has_one_false_and_no_exact_count():
    figures = {each.what: each for each in live_figures([as_if_played(origin, n_found=2) for origin in ORIGINS])}

    assert figures["live fire from audio: rounds within 15 m"].ok
    assert figures["live fire from audio: false fixes a round"].figure.startswith("1.000 (1 ")
    assert figures["live fire from audio: tests with the exact count"].figure.startswith("0.000 (0 ")


def test_a_planted_miss_has_a_map_that_says_who_heard_it():
    (moment,) = moments_of(as_if_found("burst", lose=1))

    assert [spot.name for spot in moment.street.missed] == ["1"]
    assert [spot.name for spot in moment.street.truths] == ["2"]
    assert re.match(r"round 1 missed: .* \d+ poles reported it straight", moment.lines[0])
    assert moment.street.poles


def test_a_false_fix_has_a_map_that_says_what_it_rests_on():
    (moment,) = moments_of(as_if_found("burst", invent=True))

    assert [fix.name for fix in moment.street.ghosts] == ["false a"]
    assert "clutter" in moment.lines[0]
    assert len(moment.street.rests) == len({rest[1] for rest in moment.street.rests}) > 0


def test_a_night_without_a_fault_has_no_map():
    assert moments_of(as_if_found("burst")) == []
    assert moment_of_test(as_if_played("audio")) is None


@pytest.mark.parametrize(("n_found", "n_missed", "n_false"), [(0, 1, 0), (2, 0, 1)])
def test_a_live_fire_test_that_went_wrong_has_a_map(n_found, n_missed, n_false):
    moment = moment_of_test(as_if_played("audio", n_found))

    assert (len(moment.street.missed), len(moment.street.ghosts)) == (n_missed, n_false)
    assert f"{n_missed} missed, {n_false} false" in moment.lines[0]


def test_the_page_has_the_table_and_a_map_for_each_fault(tmp_path, outcomes):
    wrong = [as_if_found(each.case, lose=1, invent=True) if each.case == "burst" else each for each in outcomes]
    listed = chapters([as_if_played(origin) for origin in ORIGINS], wrong)
    index = write_report(tmp_path / "page", association_figures(wrong), listed)

    (page,) = set(index.parent.iterdir()) - {index}
    assert "false a: grade A" in page.read_text()
    assert page.read_text().count("<figure>") == 1
    assert "cost an arrival" in index.read_text()
    assert page.name in index.read_text()


def test_a_folder_that_is_not_there_or_holds_no_live_fire_is_one_line(tmp_path, capsys):
    assert main(["score", "locator", str(tmp_path / "none")]) == 1
    assert "none" in capsys.readouterr().err
    with pytest.raises(ValueError, match="holds no live-fire tests"):
        read_livefire(tmp_path)


def test_a_report_is_not_written_over_something_else(tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("mine")

    assert main(["score", "locator", str(tmp_path), "--report", str(tmp_path)]) == 1
    assert "no former report" in capsys.readouterr().err


def test_only_what_can_be_scored_is_scored(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["score", "weather", "."])
