"""Samples as they come: brought to one scale, and the level that jumps though nothing sounds."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FULL = 0.98  # of full scale: where the live-fire recordings clip (data/README.md)
STEP_CELLS, STEP_FLAT, STEP_SHARE = 5, 8.0, (0.3, 1.2)  # stretch on either side, jump over spread, band over jump


def full_scale(samples: NDArray[np.generic]) -> Floats:
    """Samples as floats, +-1 at full scale: integers by the range of their type, unsigned ones about their middle."""
    if not np.issubdtype(samples.dtype, np.integer):
        return samples.astype(float)
    half = 2.0 ** (8 * samples.dtype.itemsize - 1)
    return samples.astype(float) / half - (0.0 if np.issubdtype(samples.dtype, np.signedinteger) else 1.0)


def stretch_of(raw: NDArray[np.floating], first: int, n: int) -> Floats:
    """(n,) of samples from the one at `first` on, which may lie before them; silence past either end."""
    stretch = np.zeros(n)
    part = raw[max(first, 0) : max(first + n, 0)]
    stretch[max(-first, 0) : max(-first, 0) + len(part)] = part
    return stretch


def is_step(raw: Floats, onset: int, cell: int, peak: float) -> bool:
    """Whether the level just jumps there: flat before and after, and the jump explains all that the band holds.

    A step of height h has its peak in the band at 0.5 to 0.9 h, depending on the rate (tried out).
    """
    before = raw[max(onset - (STEP_CELLS + 1) * cell, 0) : max(onset - cell, 0)]
    after = raw[onset + 2 * cell : onset + (2 + STEP_CELLS) * cell]
    if not len(before) or not len(after):
        return False
    jump = abs(float(after.mean() - before.mean()))
    spread = max(float(before.std()), float(after.std()))
    return jump > STEP_FLAT * spread and STEP_SHARE[0] * jump <= peak <= STEP_SHARE[1] * jump
