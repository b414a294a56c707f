"""Where in time and pitch an impulse has its energy: a coarse spectrogram of its common form, in decibels.

A blast has all bands at once and loses the high ones first; a snap has no low ones, a bark swells, a knock rings in
one. It is for the classifier alone and never leaves the pole: features that are sent are in dsp/hearing/features.py.

Frames of FRAME samples, a Hann window over each, STEP apart; their power is averaged over the cells between EDGES_S of
time since the onset and EDGES_HZ of frequency. The definitions are our own.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dsp.hearing.common_form import BEFORE_S, FORM_HZ, LEAST, WINDOW_S, n_of

Floats = NDArray[np.float64]

FRAME, STEP = 64, 16  # samples of the common form: 8 ms and 2 ms
EDGES_S = (-0.036, -0.008, 0.002, 0.006, 0.012, 0.025, 0.050, 0.097)  # a frame belongs where its middle lies
EDGES_HZ = (100, 400, 800, 1300, 2000, 2800, 3600)
SHAPE = (len(EDGES_S) - 1, len(EDGES_HZ) - 1)
N_QUIET = 2  # cells of time that the onset is not yet, or hardly, in
LEAST_DB = -50.0

_STARTS = np.arange(0, n_of(BEFORE_S + WINDOW_S) - FRAME + 1, STEP)
_FRAMES = _STARTS[:, None] + np.arange(FRAME)
_WINDOW = np.hanning(FRAME)
_MIDDLES_S = (_STARTS + FRAME / 2) / FORM_HZ - BEFORE_S
_HZ = np.asarray(np.fft.rfftfreq(FRAME, 1 / FORM_HZ), float)


def _means(at: Floats, edges: tuple[float, ...]) -> Floats:
    """(cells, n) weights that take the mean of what lies between each two edges."""
    within = np.array([(at >= low) & (at < high) for low, high in pairwise(edges)], float)
    return np.asarray(within / within.sum(axis=1, keepdims=True))


_OVER_TIME, _OVER_HZ = _means(_MIDDLES_S, EDGES_S), _means(_HZ, EDGES_HZ)


def spectrogram(form: Floats) -> Floats:
    """SHAPE power in dB of a common form, over the mean of the cells after the onset; LEAST_DB at least.

    Silence is LEAST_DB throughout.
    """
    power = np.square(np.abs(np.fft.rfft(form[_FRAMES] * _WINDOW, axis=1)))
    cells = _OVER_TIME @ power @ _OVER_HZ.T
    whole = max(float(cells[N_QUIET:].mean()), LEAST)
    return np.asarray(10 * np.log10(np.maximum(cells / whole, 10 ** (LEAST_DB / 10))))
