"""What an impulse is like: a few numbers that separate a blast from a bark, and cannot be turned back into speech.

All are taken from the 100 ms after the onset (`describe`). `p_gunshot` is a logistic function of three of them. Its
coefficients are a first hand-set guess, not trained and not calibrated: it ranks, it does not yet mean what it says.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WINDOW_S = 0.100
EARLY_S = 0.020
BANDS_HZ = (500.0, 1000.0, 2000.0)  # edges between the four band energies


@dataclass(frozen=True, slots=True)
class Features:
    """Shape of an impulse.

    rise_us : from a tenth of the peak to the peak. duration_us : how long the envelope stays over a tenth of it.
    crossings_per_s : zero crossings. centroid_hz : of the power spectrum. decay_db : energy of the first 20 ms over
    that of the 80 ms after. kurtosis : fourth moment over the squared second (3 for noise). bands_db : four energies
    (under 500 Hz, to 1 kHz, to 2 kHz, over) against their sum.
    """

    rise_us: int
    duration_us: int
    crossings_per_s: int
    centroid_hz: int
    decay_db: float
    kurtosis: float
    bands_db: tuple[float, float, float, float]


def describe(raw: Floats, band: Floats, onset: int, rate_hz: int) -> Features:
    """Features of the impulse at an index of `raw` and `band`, both (n,); past their end there is silence."""
    n, early = round(WINDOW_S * rate_hz), round(EARLY_S * rate_hz)
    heard = np.zeros(n)
    part = band[onset : onset + n]
    heard[: len(part)] = part
    size = np.abs(heard)
    peak_at = int(np.argmax(size[:early]))
    peak = max(float(size[peak_at]), 1e-12)
    over = np.flatnonzero(size >= peak / 10)
    power = np.asarray(np.abs(np.fft.rfft(raw[onset : onset + n], n)) ** 2, float)
    hz = np.asarray(np.fft.rfftfreq(n, 1 / rate_hz), float)
    first, rest = float(np.square(heard[:early]).sum()), float(np.square(heard[early:]).sum())
    mean2 = max(float(np.square(heard).mean()), 1e-24)
    return Features(
        rise_us=round(float(peak_at - over[over <= peak_at][0]) / rate_hz * 1e6) if len(over) else 0,
        duration_us=round(len(over) / rate_hz * 1e6),
        crossings_per_s=round(float(np.count_nonzero(np.diff(np.signbit(heard[:early])))) / EARLY_S),
        centroid_hz=round(float(hz @ power / max(power.sum(), 1e-24))),
        decay_db=_db(first / max(rest, 1e-24)),
        kurtosis=float((heard**4).mean() / mean2**2),
        bands_db=_bands(hz, power),
    )


def p_gunshot(features: Features, snr_db: float) -> float:
    """How much like a gunshot, 0 to 1: loud, sudden, soon over. Not calibrated (see the top of this file)."""
    score = 0.12 * (snr_db - 18) + 0.15 * (features.decay_db - 4) + 0.25 * (3 - features.rise_us / 1000)
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, score))))


def kind_of(features: Features, p: float) -> str:
    """`blast` or `other`. A crack is not told from a blast yet."""
    return "blast" if p >= 0.5 else "other"


def _bands(hz: Floats, power: Floats) -> tuple[float, float, float, float]:
    total = max(float(power.sum()), 1e-24)
    edges = (0.0, *BANDS_HZ, np.inf)
    under_500, to_1000, to_2000, over = (
        _db(float(power[(hz >= low) & (hz < high)].sum()) / total) for low, high in pairwise(edges)
    )
    return under_500, to_1000, to_2000, over


def _db(ratio: float) -> float:
    return max(10 * math.log10(max(ratio, 1e-12)), -120.0)
