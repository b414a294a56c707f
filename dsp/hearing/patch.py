"""What the net sees of an impulse: how loud each band is in each moment round it, alike at any sample rate and level.

Frames of 16 ms every 5 ms, from 50 ms before the onset to 950 ms after it, in 24 bands that are equally wide on the mel
scale, m = 1127 ln(1 + f / 700) (general knowledge), between 100 and 5500 Hz. Decibels over the loudest band and frame
of the first 100 ms, so that a short look and a long one are alike; held to -60 to +10 and scaled to -1 to +1.33.

A look ends so many milliseconds after the onset: frames that reach past it stay at the floor.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from dsp.hearing.samples import stretch_of

Patch = NDArray[np.float32]

BEFORE_MS, FRAME_MS, HOP_MS = 50, 16, 5
LOOKS_MS = (100, 400, 950)
LOW_HZ, HIGH_HZ, BANDS = 100.0, 5500.0, 24
BIN_HZ = 47.0  # bins no wider than this: the lowest band is 65 Hz wide on either side
FLOOR_DB, TOP_DB = -60.0, 10.0
LEAST = 1e-9  # of the loudest cell
SILENCE = 1e-20


def frames_of(look_ms: int) -> int:
    """Frames that end no later than a look."""
    return (look_ms + BEFORE_MS - FRAME_MS) // HOP_MS + 1


FRAMES = frames_of(LOOKS_MS[-1])
FIRST = slice(BEFORE_MS // HOP_MS - 4, frames_of(LOOKS_MS[0]))  # frames that say how loud the impulse is


def patch(raw: NDArray[np.floating], onset: int, rate_hz: int, look_ms: int = LOOKS_MS[-1]) -> Patch:
    """(FRAMES, BANDS) of the sound round an onset, an index of `raw` (n,). Past either end of `raw` there is
    silence."""
    n = frames_of(look_ms)
    window, bank = _shape_of(rate_hz)
    starts = np.array([round(k * HOP_MS * rate_hz / 1000) for k in range(n)])
    n_samples = int(starts[-1]) + len(window)
    stretch = stretch_of(raw, onset - round(BEFORE_MS * rate_hz / 1000), n_samples).astype(np.float32)
    stretch /= max(float(np.abs(stretch[: starts[FIRST.stop - 1] + len(window)]).max()), SILENCE)  # no look after it
    frames = np.lib.stride_tricks.sliding_window_view(stretch, len(window))[starts] * window
    spectrum = fft.rfft(frames, 2 * (len(bank) - 1), axis=1)
    power = (np.square(spectrum.real) + np.square(spectrum.imag)) @ bank
    db = 10 * np.log10(power / (float(power[FIRST].max()) + SILENCE) + LEAST)
    whole = np.full((FRAMES, BANDS), -1, np.float32)
    whole[:n] = np.clip(db, FLOOR_DB, TOP_DB) / 30 + 1
    return whole


@lru_cache(maxsize=16)
def _shape_of(rate_hz: int) -> tuple[Patch, Patch]:
    """What a frame is multiplied by (Hann), and (bins, BANDS) how much of each bin is in each band: triangles that
    overlap, each with a sum of 1; above half of the rate there is nothing."""
    n_window = round(FRAME_MS * rate_hz / 1000)
    n_fft = max(1 << (n_window - 1).bit_length(), 1 << int(np.ceil(np.log2(rate_hz / BIN_HZ))))
    mel = np.linspace(_mel(LOW_HZ), _mel(HIGH_HZ), BANDS + 2)
    edges_hz, hz = 700 * np.expm1(mel / 1127), np.arange(n_fft // 2 + 1) * rate_hz / n_fft
    up = (hz[:, None] - edges_hz[:-2]) / (edges_hz[1:-1] - edges_hz[:-2])
    down = (edges_hz[2:] - hz[:, None]) / (edges_hz[2:] - edges_hz[1:-1])
    bank = np.maximum(0, np.minimum(up, down))
    window, bank = np.hanning(n_window + 2)[1:-1], bank / np.maximum(bank.sum(axis=0), LEAST)
    return window.astype(np.float32), bank.astype(np.float32)


def _mel(hz: float) -> float:
    return float(1127 * np.log1p(hz / 700))
