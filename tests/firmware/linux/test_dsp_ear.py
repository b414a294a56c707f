"""The ear of a Linux node: its clip begins just where the gateway takes it to begin."""

import numpy as np
import pytest
from scipy import signal

from dsp.blast import friedlander
from firmware import wire
from firmware.linux.dsp_ear import DspEar

RATE_HZ, FINE = 16_000, 16


def sound(late):
    """A second of faint noise and a blast in it that begins `late` samples after a whole one."""
    t_s = (np.arange(400 * FINE) / FINE - 40 - late) / RATE_HZ
    samples = np.random.default_rng(2).normal(0, 1e-5, 2 * RATE_HZ)
    samples[RATE_HZ : RATE_HZ + 400] += 0.3 * signal.resample_poly(friedlander(t_s, 1.0, 5e-4), 1, FINE)
    return samples[:, None].astype(np.float32)


def heard(late):
    ear = DspEar(RATE_HZ)
    (onset,) = ear.feed(sound(late)) + ear.flush()
    return onset


@pytest.mark.parametrize("late", [0.0, 0.25, 0.5, 0.9])
def test_a_clip_begins_a_lead_before_the_onset_wherever_it_lies_between_samples(late):
    onset, whole = heard(late), heard(0.0)
    clip, wanted = (np.frombuffer(each.clip, "<i2").astype(float) for each in (onset, whole))

    lead = round(RATE_HZ * wire.CLIP_LEAD_US / 1e6)
    assert abs(clip[: lead - 4]).max() < 0.05 * abs(clip).max()
    assert onset.tick_q8 / 256 - whole.tick_q8 / 256 == pytest.approx(late, abs=0.1)
    assert abs(clip[:200] - wanted[:200]).max() < 0.06 * abs(wanted).max()


def test_a_clip_is_20_ms_at_most():
    assert len(heard(0.3).clip) == RATE_HZ // 50 * 2
