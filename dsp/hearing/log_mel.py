"""Log-mel picture of 0.975 s of sound, as YAMNet wants it: 96 frames of 10 ms, 64 bands from 125 to 7500 Hz.

Magnitudes of a transform of 512 over frames of 25 ms under a periodic Hann window, gathered by triangles that stand
evenly on the mel scale, and the natural logarithm of that plus 0.001 (tensorflow/models, research/audioset/yamnet,
features.py and README.md). The mel scale is 1127 ln(1 + f / 700 Hz); no triangle holds the constant part, and none is
scaled to its width. Against the picture that the saved model itself makes it differs by less than 0.0005.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

RATE_HZ = 16_000
N_SAMPLES = 15_600  # 95 hops and a frame
FRAMES, BANDS = 96, 64

_FRAME, _HOP, _N_FFT = 400, 160, 512
_EDGES_HZ = (125.0, 7_500.0)
_OFFSET = np.float32(0.001)
_MOST = 1e4  # of a sample: far over full scale, far under what overflows


def _mel(hz: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1127.0 * np.log1p(hz / 700.0))


def _triangles() -> Floats:
    """(transform's lines, BANDS)."""
    at = _mel(np.linspace(0, RATE_HZ / 2, _N_FFT // 2 + 1))[:, None]
    lowest, highest = _mel(np.array(_EDGES_HZ)).tolist()
    edges = np.linspace(lowest, highest, BANDS + 2)
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    heights = np.maximum(0, np.minimum((at - low) / (middle - low), (high - at) / (high - middle)))
    heights[0] = 0
    return np.asarray(heights, np.float32)


_TRIANGLES = _triangles()
_WINDOW = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_FRAME) / _FRAME)).astype(np.float32)


def log_mel(sound: Floats) -> Floats:
    """The picture (FRAMES, BANDS) of a sound (N_SAMPLES,) at RATE_HZ, full scale +-1. What is no number counts as 0.

    Raises ValueError for another shape."""
    if np.shape(sound) != (N_SAMPLES,):
        raise ValueError(f"sound has the shape {np.shape(sound)}; it must be ({N_SAMPLES},)")
    clean = np.nan_to_num(np.asarray(sound, np.float32), posinf=0.0, neginf=0.0).clip(-_MOST, _MOST)
    frames = np.lib.stride_tricks.sliding_window_view(clean, _FRAME)[::_HOP] * _WINDOW
    sizes = np.abs(np.fft.rfft(frames, _N_FFT)).astype(np.float32)
    return np.asarray(np.log(sizes @ _TRIANGLES + _OFFSET))
