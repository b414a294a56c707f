"""Onset clips: what comes through the gate is 20 ms at most; they sharpen times where they are alike, else nothing."""

import numpy as np
import pytest

from dsp.blast import friedlander
from firmware import wire
from gateway.core import arrival
from gateway.incident import Arrival, Clip
from gateway.placing.clip_delays import PICK_US, clip_of, delays, sharpened
from gateway.street import Pole

RATE_HZ, T0_US = 48_000, 1_763_000_000_000_000


def heard(index, late_us, seed=None, with_clip=True, sigma_us=30):
    """An arrival whose pick is late_us off; its clip is of the true onset all the same. seed : noise instead of it."""
    t_us = T0_US + 100_000 * index + late_us
    t_s = (np.arange(RATE_HZ // 50) - RATE_HZ // 1000) / RATE_HZ + late_us / 1e6
    wave = friedlander(t_s, 0.5, 8e-4) if seed is None else 0.2 * np.random.default_rng(seed).standard_normal(len(t_s))
    clip = Clip((wave * 32767).astype("<i2").tobytes(), RATE_HZ, 1000) if with_clip else None
    return Arrival(f"n{index}", (50.0 * index, 0.0, 6.0), t_us, sigma_us, snr_db=20.0 + index, clip=clip)


def test_clips_that_are_alike_put_the_times_between_poles_right():
    late_us = np.array([0, 150, -120, 60])
    times_us, sigmas_us = sharpened([heard(index, int(late)) for index, late in enumerate(late_us)])

    off_us = times_us - T0_US - 100_000 * np.arange(4)
    assert np.ptp(off_us) < 25
    assert np.ptp(late_us) == 270
    assert np.mean(off_us) == pytest.approx(np.mean(late_us), abs=2)
    assert (sigmas_us < np.hypot(30, PICK_US)).all()


def test_one_without_a_clip_keeps_its_time():
    arrivals = [heard(0, 0), heard(1, 100), heard(2, 70, with_clip=False)]
    times_us, sigmas_us = sharpened(arrivals)

    assert times_us[2] == arrivals[2].t_us
    assert sigmas_us[2] == pytest.approx(np.hypot(30, PICK_US))
    assert sigmas_us[0] < sigmas_us[2]


@pytest.mark.parametrize(
    "arrivals",
    [
        [],
        [heard(0, 0)],
        [heard(index, 10 * index, with_clip=False) for index in range(4)],
        [heard(index, 10 * index, seed=index) for index in range(4)],
        [heard(0, 0), heard(1, 0, with_clip=False)],
    ],
    ids=["none", "one", "no clips", "clips of noise", "one clip"],
)
def test_where_no_two_clips_are_alike_everything_stays_as_it_was(arrivals):
    times_us, sigmas_us = sharpened(arrivals)

    assert times_us.tolist() == [each.t_us for each in arrivals]
    assert sigmas_us.tolist() == [each.sigma_us for each in arrivals]


def test_the_order_of_arrivals_does_not_matter():
    arrivals = [heard(index, late) for index, late in enumerate((0, 150, -120, 60))]
    one, other = sharpened(arrivals)[0], sharpened(arrivals[::-1])[0][::-1]

    assert one.tolist() == pytest.approx(other.tolist(), abs=1)


def test_a_clock_that_is_unsure_stays_so():
    _, sigmas_us = sharpened([heard(0, 0, sigma_us=5_000), heard(1, 0, sigma_us=30), heard(2, 0)])

    assert sigmas_us[0] >= 5_000


def test_a_hundred_clips_are_compared_in_bounded_time():
    arrivals = [heard(index, 0) for index in range(100)]

    assert len(delays(arrivals)) <= 66
    assert len(sharpened(arrivals)[0]) == 100


def test_an_arrival_without_a_clip_has_none_to_be_read():
    with pytest.raises(ValueError, match="n3 brought no clip"):
        clip_of(heard(3, 0, with_clip=False), T0_US)


def test_a_clip_of_more_than_20_ms_is_no_clip():
    assert Clip(bytes(640), 16_000, 1000).rate_hz == 16_000
    for pcm in (bytes(642), bytes(641)):
        with pytest.raises(ValueError, match="at most 20 ms"):
            Clip(pcm, 16_000, 1000)


def test_a_clip_that_a_node_sent_comes_with_its_arrival_and_shows_in_no_log():
    said = wire.Arrival(T0_US, 30, wire.LOCKED, 0, wire.DBFS, 2000, 900, wire.BLAST, 0, (), b"\x07\x01" * 320, 16_000)
    came = arrival(Pole("n1", (0.0, 0.0, 6.0)), said)

    assert came.clip == Clip(b"\x07\x01" * 320, 16_000, wire.CLIP_LEAD_US)
    assert "clip" not in repr(came)
    assert len({came, arrival(Pole("n1", (0.0, 0.0, 6.0)), said._replace(clip=None, clip_hz=None))}) == 1
