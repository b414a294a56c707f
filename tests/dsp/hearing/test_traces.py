"""What a picture shows of the detector's statistic: the same however the stream is cut, and where the sound is."""

import numpy as np
import pytest

from dsp.hearing.traces import Sketch

RATE_HZ, BURST_S = 16_000, 1.5


def noise_with_burst(n_channels=1):
    rng = np.random.default_rng(3)
    sound = 1e-3 * rng.standard_normal((3 * RATE_HZ, n_channels))
    first = round(BURST_S * RATE_HZ)
    sound[first : first + RATE_HZ // 50] += 0.3 * rng.standard_normal((RATE_HZ // 50, n_channels))
    return sound


def curves_of(blocks, n_channels=1):
    sketch = Sketch(RATE_HZ, n_channels)
    for block in blocks:
        sketch.feed(block)
    return sketch.curves()


def test_the_rise_is_highest_where_the_sound_begins():
    curves = curves_of([noise_with_burst()])

    assert np.nanargmax(curves.rise_db[0]) * curves.cell_s == pytest.approx(BURST_S, abs=0.004)
    assert np.nanmax(curves.rise_db) > 40
    assert np.ptp(curves.floor_db[0, 300:]) < 1


def test_blocks_make_no_difference():
    sound = noise_with_burst(2)
    whole, cut = curves_of([sound], 2), curves_of(np.split(sound, [1, 2, 500, 501, 20_000]), 2)

    for name in ("low", "high", "level_db", "floor_db", "rise_db"):
        np.testing.assert_allclose(getattr(whole, name), getattr(cut, name), atol=1e-6)


def test_samples_that_are_no_numbers_are_silence():
    sound = noise_with_burst()
    sound[1000:2000] = np.nan
    sound[2000:2100] = np.inf

    assert np.isfinite(curves_of([sound]).level_db).all()


def test_too_little_sound_is_refused():
    with pytest.raises(ValueError, match="less than 1 ms"):
        curves_of([np.zeros(RATE_HZ // 1000 - 1)])
