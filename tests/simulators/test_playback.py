"""Recordings played through the street's own code, figures of what came of it, and onsets where there was no sound."""

import dataclasses

import numpy as np
import pytest

from dsp.air import Air, travel_s
from dsp.placing.fix import Fix
from gateway.incident import Arrival, Round
from simulators.recordings.parallel import in_turn
from simulators.recordings.playback import AUDIO, PULSES, in_order, play
from simulators.recordings.reckoning import judged, reckon, together
from simulators.recordings.recording import Recording, Track, Truth
from simulators.recordings.silence import at_edges, silences
from simulators.recordings.sources import open_source

RATE_HZ = 12_000
START_US = 1_763_000_000_000_000
PLACES = {"a": (0, 0, 6), "b": (80, 5, 6), "c": (-5, 75, 7), "d": (85, 80, 6), "e": (40, -60, 6)}
SHOT = (33.0, 41.0, 1.5)
FIRED_S = 0.6


def track(node, xyz_m, rng, zeros=()):
    """Two seconds of faint noise and a burst when the shot's sound is due; `zeros`: (from, to) seconds are silenced."""
    samples = rng.normal(0, 1e-3, 2 * RATE_HZ)
    due = round((FIRED_S + float(travel_s(Air(), np.subtract(xyz_m, SHOT)))) * RATE_HZ)
    burst = rng.normal(0, 0.3, 600) * np.exp(-np.arange(600) / 90)
    samples[due : due + 600] += burst
    for start_s, end_s in zeros:
        samples[round(start_s * RATE_HZ) : round(end_s * RATE_HZ)] = 0
    return Track(node, xyz_m, START_US, RATE_HZ, sigma_us=100, samples=samples.clip(-1, 1).astype(np.float32))


@pytest.fixture
def recording():
    rng = np.random.default_rng(3)
    tracks = tuple(track(node, xyz_m, rng) for node, xyz_m in PLACES.items())
    return Recording("made", tracks, Air(), (Truth(SHOT, 1),))


def placed(e_m, n_m, t_us=0):
    return Round(Fix((e_m, n_m, 0.0), t_us, np.eye(2), np.zeros(4), 0.0), (), "C", None)


def test_a_shot_is_placed_from_its_sound_alone(recording):
    playback = play(recording)
    (shot,) = playback.rounds

    assert np.hypot(*np.subtract(shot.fix.xyz_m[:2], SHOT[:2])) < 1
    assert abs(shot.fix.t_us - START_US - FIRED_S * 1e6) < 5_000
    assert {arrival.node for arrival in shot.arrivals} == set(PLACES)
    assert set(shot.arrivals) <= set(playback.arrivals)
    assert list(playback.arrivals) == sorted(playback.arrivals, key=lambda arrival: arrival.t_us)


def test_a_node_states_its_clocks_error_along_with_its_pick(recording):
    coarse = dataclasses.replace(
        recording, tracks=tuple(dataclasses.replace(t, sigma_us=5_000) for t in recording.tracks)
    )
    fine, rough = play(recording).arrivals[0], play(coarse).arrivals[0]

    assert 100 < fine.sigma_us < 1_000
    assert rough.sigma_us >= 5_000


def test_pulses_of_others_are_placed_as_well_and_a_source_without_any_says_so(recording):
    pulses = play(recording).arrivals[::-1]
    (shot,) = play(dataclasses.replace(recording, tracks=(), pulses=pulses), PULSES).rounds

    assert np.hypot(*np.subtract(shot.fix.xyz_m[:2], SHOT[:2])) < 1
    with pytest.raises(ValueError, match="made: holds no pulses; try --from audio"):
        play(recording, PULSES)
    with pytest.raises(ValueError, match="made: holds no audio; try --from pulses"):
        play(dataclasses.replace(recording, tracks=(), pulses=pulses), AUDIO)


def test_arrivals_at_one_instant_have_one_order():
    same = [Arrival("a", (0, 0, 0), 5, sigma_us) for sigma_us in (1, 2)] + [Arrival("A", (0, 0, 0), 5, 9)]

    assert in_order(same) == in_order(same[::-1])


def test_a_real_incident_is_placed_from_its_four_recordings(data):
    (incident,) = open_source(data / "forensic" / "chicago-2022-09-18")
    (shot,) = play(incident).rounds
    lat_deg, lon_deg, _ = incident.site.to_geodetic(*shot.fix.xyz_m)

    # by hand: the four onsets stand 0.980 to 1.015 s into their clips and agree within 3.1 ms on this place
    assert (lat_deg, lon_deg) == pytest.approx((41.69526, -87.63100), abs=1e-4)
    assert (shot.grade, len(shot.arrivals)) == ("C", 4)
    assert np.abs(shot.fix.residuals_us).max() < 5_000


def test_silence_is_where_exact_zeros_run_and_before_the_first_sample():
    made = track("a", PLACES["a"], np.random.default_rng(1), zeros=((0.1, 0.2), (0.3, 0.304)))

    assert silences(made) == [(-1.0, 0.0), (pytest.approx(0.1, abs=1e-4), pytest.approx(0.2, abs=1e-4))]


@pytest.mark.parametrize(("at_s", "leaks"), [(0.02, 1), (0.05, 0), (0.15, 1), (0.239, 1), (0.241, 0), (0.09, 0)])
def test_an_onset_in_silence_or_just_behind_it_is_a_leak(at_s, leaks):
    made = track("a", PLACES["a"], np.random.default_rng(1), zeros=((0.1, 0.2),))
    arrivals = [Arrival(node, PLACES[node], START_US + round(at_s * 1e6), 100) for node in "ab"]

    assert len(at_edges(Recording("made", (made,), Air()), arrivals)) == leaks


def test_rounds_within_25_m_are_found_as_many_as_were_fired_and_the_rest_is_false():
    survey = Recording("made", (), Air(), (Truth((0, 0, 0), 2),))
    rounds = [placed(3, 4), placed(0, 24), placed(10, 0), placed(26, 0)]
    reckoning = reckon(survey, rounds)

    assert [error for error, _ in reckoning.found] == [5, 10]
    assert (reckoning.n_fired, reckoning.n_false, reckoning.n_exact) == (2, 2, 0)
    assert (reckoning.within(5), reckoning.error_m(50)) == (1, 7.5)


def test_where_times_are_known_a_round_at_another_time_is_false():
    survey = Recording("made", (), Air(), (Truth((0, 0, 0), 1, (10_000_000,)),))

    assert reckon(survey, [placed(1, 0, 10_100_000)]).n_exact == 1
    assert reckon(survey, [placed(1, 0, 11_000_000)]).n_false == 1


def test_a_sound_that_is_called_no_gunshot_is_no_false_round_and_off_from_nothing():
    survey = Recording("made", (), Air(), (Truth((0, 0, 0), 1),))
    sound = dataclasses.replace(placed(30, 0), p_gunshot=0.1)
    told = judged(survey, [placed(3, 4), sound, placed(40, 0)])

    assert [each.verdict for each in told] == ["found", "other", "false"]
    assert (reckon(survey, [placed(3, 4), sound]).n_other, reckon(survey, [placed(3, 4), sound]).n_exact) == (1, 1)


@pytest.mark.parametrize(("error_m", "survey_m", "inside"), [(2.1, 0, 1), (2.2, 0, 0), (2.2, 1, 1)])
def test_how_many_ellipses_hold_the_truth_is_counted_with_the_surveys_own_error(error_m, survey_m, inside):
    """90 % of a normal error of 1 m either way lie within 2.146 m."""
    survey = Recording("made", (), Air(), (Truth((0, 0, 0), 1),), survey_m=survey_m)
    shot = placed(error_m, 0)
    shot = dataclasses.replace(shot, fix=dataclasses.replace(shot.fix, cov_m2=np.eye(2)))

    assert reckon(survey, [shot]).n_inside == inside


def test_where_nothing_is_known_nothing_is_reckoned():
    assert reckon(Recording("made", (), Air()), [placed(0, 0)]) is None


def test_figures_of_several_tests_are_taken_together():
    survey = Recording("made", (), Air(), (Truth((0, 0, 0), 1),))
    whole = together([reckon(survey, [placed(0, 2)]), reckon(survey, [placed(0, -2)]), reckon(survey, [])])

    assert (whole.n_fired, len(whole.found), whole.n_exact, whole.n_tests) == (3, 2, 2, 3)
    assert whole.repeat_m() == 2


def test_work_in_many_processes_answers_in_the_order_of_the_tasks():
    assert list(in_turn(abs, [-3, 2, -1, 0])) == [3, 2, 1, 0]


def test_what_work_raises_comes_out_where_its_answer_would():
    answers = in_turn(int, ["1", "x", "3"])

    assert next(answers) == 1
    with pytest.raises(ValueError, match="invalid literal"):
        next(answers)
