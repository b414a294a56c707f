"""Where an impulse has its energy: each cell holds what sounds there and then, whatever the rate."""

import numpy as np
import pytest

from dsp.blast import friedlander
from dsp.hearing.common_form import BEFORE_S, FORM_HZ, WINDOW_S, common_form, n_of
from dsp.hearing.spectrogram import EDGES_HZ, EDGES_S, LEAST_DB, SHAPE, spectrogram

T_S = np.arange(n_of(BEFORE_S + WINDOW_S)) / FORM_HZ - BEFORE_S


@pytest.mark.parametrize("band", range(SHAPE[1]))
def test_a_tone_lies_in_its_own_band(band):
    middle_hz = (EDGES_HZ[band] + EDGES_HZ[band + 1]) / 2
    cells = spectrogram(np.where(T_S >= 0, np.sin(2 * np.pi * middle_hz * T_S), 0.0))

    assert np.all(cells[2:].argmax(axis=1) == band)


@pytest.mark.parametrize("slot", range(2, SHAPE[0]))
def test_a_click_lies_in_its_own_stretch_of_time(slot):
    middle_s = (EDGES_S[slot] + EDGES_S[slot + 1]) / 2
    cells = spectrogram(np.exp(-(((T_S - middle_s) / 2e-4) ** 2)))

    assert np.all(cells.argmax(axis=0) == slot)


def test_silence_is_the_least_throughout():
    assert np.array_equal(spectrogram(np.zeros(len(T_S))), np.full(SHAPE, LEAST_DB))


@pytest.mark.parametrize("rate_hz", [8_000, 12_000, 44_100, 96_000])
def test_a_blast_looks_alike_at_every_rate(rate_hz):
    at_48, cells = (spectrogram(blast(rate)) for rate in (48_000, rate_hz))

    assert cells[3:, :4] == pytest.approx(at_48[3:, :4], abs=2.0)


def blast(rate_hz):
    t_s = np.arange(rate_hz // 2) / rate_hz - 0.2
    sound = friedlander(t_s, 1.0, 3e-3) + 1e-2 * np.sin(2 * np.pi * 600 * t_s) + 1e-2 * np.sin(2 * np.pi * 1000 * t_s)
    return common_form(sound, round(0.2 * rate_hz), rate_hz)
