import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.blast import CALIBRES, friedlander, friedlander_spectrum, level_db, n_wave, pressure_pa


def test_94_decibels_is_a_pascal():
    # The level of every acoustic calibrator: 20 log10(1 / 20e-6) = 93.98.
    assert pressure_pa(93.9794) == pytest.approx(1.0, rel=1e-5)


@settings(deadline=None)
@given(st.floats(-40, 200))
def test_level_and_pressure_are_each_others_inverse(db):
    assert level_db(pressure_pa(db)) == pytest.approx(db, abs=1e-9)


def test_a_blast_steps_up_falls_through_nought_at_its_positive_phase_and_sucks_after():
    before, start, end, after = friedlander([-1e-6, 0.0, 5e-4, 1e-3], 100.0, 5e-4)

    assert (before, start) == (0.0, 100.0)
    assert end == pytest.approx(0.0, abs=1e-9)
    assert after == pytest.approx(-100 * np.exp(-2))


def test_a_blast_with_b_1_moves_no_air_for_good():
    t_s = np.arange(0, 0.02, 1e-7)

    assert np.sum(friedlander(t_s, 100.0, 5e-4)) * 1e-7 == pytest.approx(0.0, abs=1e-4)
    assert abs(friedlander_spectrum(0.0, 100.0, 5e-4)) == pytest.approx(0.0, abs=1e-12)


@settings(deadline=None)
@given(st.floats(10, 8000), st.floats(2e-4, 2e-3), st.floats(0.5, 3))
def test_the_closed_spectrum_is_that_of_the_wave(frequency_hz, positive_s, b):
    t_s, step_s = np.linspace(0, 40 * positive_s / b, 100_001, retstep=True)
    summed = np.trapezoid(friedlander(t_s, 1.0, positive_s, b) * np.exp(-2j * np.pi * frequency_hz * t_s), dx=step_s)

    assert abs(friedlander_spectrum(frequency_hz, 1.0, positive_s, b) - summed) < 1e-4 * positive_s + 1e-8


def test_an_n_wave_falls_from_its_peak_to_the_opposite():
    assert n_wave([-1e-6, 0.0, 1e-4, 2e-4, 3e-4], 50.0, 2e-4).tolist() == [0.0, 50.0, 0.0, -50.0, 0.0]


def test_pistols_are_as_loud_as_measured():
    # notes/field.md section 2: Beck and Nakasone.
    assert [CALIBRES[name].level_db for name in (".22", ".38", ".357", ".30-06", ".50")] == [146, 151, 155, 160, 170]
