"""How long a look at an impulse takes on one core, beside the spectra alone that any such look must make."""

from collections.abc import Callable
from typing import Any

import numpy as np

from dsp.hearing.judge import Judge
from dsp.hearing.patch import FRAMES, LOOKS_MS
from firmware.linux.voices import read_verdict

GROUP = "a look at 48 kHz, 1 s of sound, one core"
FLOOR = "its spectra alone"
RATE_HZ = 48_000


def test_a_look(measure: Callable[..., Any]) -> None:
    sound, judge = np.random.default_rng(6).normal(0, 0.1, 2 * RATE_HZ), Judge(read_verdict())
    row = np.zeros(60)

    p = measure(
        GROUP, "Judge.p, the last look", lambda: judge.p(row, sound, RATE_HZ // 2, RATE_HZ, len(LOOKS_MS) - 1), 1,
        "looks", real_s=1.0, floor=FLOOR, bar=">= 333 x",
    )  # fmt: skip

    assert 0 <= p <= 1


def test_the_floor_of_a_look(measure: Callable[..., Any]) -> None:
    frames = np.random.default_rng(6).normal(0, 0.1, (FRAMES, 768))

    found = measure(GROUP, FLOOR, lambda: np.fft.rfft(frames, 1024, axis=1), 1, "looks", real_s=1.0)

    assert len(found) == FRAMES
