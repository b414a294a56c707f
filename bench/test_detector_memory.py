"""What the detector holds while an hour of sound goes through it: as much after the hour as after its first minutes."""

import itertools
import tracemalloc
from collections.abc import Callable

import numpy as np

from dsp.hearing.detect import Detector
from firmware.linux.voices import judge

RATE_HZ, MINUTES, SETTLED = 48_000, 60, 3
NOISE = 0.002  # of full scale
MOST_GROWTH_BYTES = 1_000_000


def test_an_hour_holds_no_more_than_its_first_minutes(note: Callable[[str, str], None]) -> None:
    minute = (NOISE * np.random.default_rng(5).standard_normal(60 * RATE_HZ)).astype(np.float32)
    minute[RATE_HZ::RATE_HZ * 10] = 0.5  # fmt: skip
    held_bytes, n_onsets = [], 0
    detector = Detector(RATE_HZ, judge=judge())
    tracemalloc.start()
    try:
        for _, block in itertools.product(range(MINUTES), np.split(minute, 60)):
            n_onsets += len(detector.feed(block))
            held_bytes.append(tracemalloc.get_traced_memory()[0])
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    minutes = np.reshape(held_bytes, (MINUTES, 60)).max(axis=1)
    grown_bytes = int(minutes[SETTLED:].max()) - int(minutes[:SETTLED].max())

    note(
        "detector, an hour of 48 kHz mono in blocks of 1 s",
        f"holds {minutes.max() / 1e6:.1f} MB, at its peak {peak_bytes / 1e6:.1f} MB; "
        f"after the hour {grown_bytes / 1e6:+.2f} MB to after {SETTLED} minutes",
    )
    assert n_onsets > 0
    assert grown_bytes < MOST_GROWTH_BYTES
