"""How fast the detector is, beside the least that any such detector must do and two that are in wide use.

The floor is one pass of `scipy.signal.sosfilt` with two sections over the same samples. A street's noise with a shot
every 5 s: a lively night.
"""

from collections.abc import Callable, Iterable
from typing import Any

import librosa
import numpy as np
import pytest
from numpy.typing import NDArray
from obspy.signal.trigger import classic_sta_lta
from scipy import signal

from dsp.blast import friedlander
from dsp.hearing.detect import Detector
from dsp.hearing.onset import Onset

RATE_HZ = 48_000
EVERY_S = 5
LENGTH_S = {1: 60, 16: 10}
NOISE, SHOT = 0.002, 0.3  # of full scale
BARS = {(1, 20): ">= 300 x", (1, 1000): ">= 1500 x, <= 2.50"}
FLOOR = "sosfilt, two sections, one pass"

Sound = NDArray[np.float32]


def night(n_channels: int) -> Sound:
    """(n, n_channels) of noise with shots, each channel its own."""
    rng = np.random.default_rng(4)
    sound = NOISE * rng.standard_normal((LENGTH_S[n_channels] * RATE_HZ, n_channels))
    shot = friedlander(np.arange(RATE_HZ // 20) / RATE_HZ, SHOT, 0.001)
    for start in range(RATE_HZ, len(sound) - len(shot), EVERY_S * RATE_HZ):
        sound[start : start + len(shot)] += shot[:, None]
    return sound.astype(np.float32)


@pytest.fixture(scope="module", params=[1, 16], ids="{}ch".format)
def sound(request: pytest.FixtureRequest) -> Sound:
    return night(request.param)


def heard(blocks: Iterable[Sound], n_channels: int) -> list[Onset]:
    detector = Detector(RATE_HZ, n_channels)
    return [*(onset for block in blocks for onset in detector.feed(block)), *detector.flush()]


def group_of(sound: Sound) -> str:
    n_channels = sound.shape[1]
    return f"detector, 48 kHz, {n_channels} channel{'s' if n_channels > 1 else ''}, one core"


@pytest.mark.parametrize("block_ms", [20, 1000], ids="{}ms".format)
def test_the_detector(measure: Callable[..., Any], sound: Sound, block_ms: int) -> None:
    n_channels = sound.shape[1]
    blocks = np.split(sound, range(RATE_HZ * block_ms // 1000, len(sound), RATE_HZ * block_ms // 1000))

    onsets = measure(
        group_of(sound), f"Detector, blocks of {block_ms} ms", lambda: heard(blocks, n_channels), sound.size, "samples",
        real_s=len(sound) / RATE_HZ, floor=FLOOR, bar=BARS.get((n_channels, block_ms), ""),
    )  # fmt: skip

    assert len(onsets) >= n_channels * (LENGTH_S[n_channels] // EVERY_S)


def test_the_floor(measure: Callable[..., Any], sound: Sound) -> None:
    sos = signal.butter(2, (350, 4000), "bandpass", fs=RATE_HZ, output="sos")
    rows = np.ascontiguousarray(sound.T)

    filtered = measure(
        group_of(sound), FLOOR, lambda: signal.sosfilt(sos, rows), sound.size, "samples", real_s=len(sound) / RATE_HZ
    )

    assert len(sos) == 2
    assert filtered.shape == rows.shape


def test_classic_sta_lta(measure: Callable[..., Any], sound: Sound) -> None:
    short, long = RATE_HZ * 12 // 1000, RATE_HZ * 2
    rows = np.ascontiguousarray(sound.T, float)

    ratios = measure(
        group_of(sound), "obspy classic_sta_lta, unfiltered",
        lambda: [classic_sta_lta(row, short, long) for row in rows],
        sound.size, "samples", real_s=len(sound) / RATE_HZ, floor=FLOOR,
    )  # fmt: skip

    assert all(ratio.max() > 2 for ratio in ratios)


def test_librosa_onsets(measure: Callable[..., Any], sound: Sound) -> None:
    rows = np.ascontiguousarray(sound.T)

    onsets = measure(
        group_of(sound), "librosa onset_detect",
        lambda: [librosa.onset.onset_detect(y=row, sr=RATE_HZ, units="samples") for row in rows],
        sound.size, "samples", real_s=len(sound) / RATE_HZ, floor=FLOOR, rounds=3,
    )  # fmt: skip

    assert all(len(found) > 0 for found in onsets)
