"""The onset to the sample: where a stretch of sound is best cut into what was before and what came.

The Akaike information criterion for one change of variance in a stretch x of N samples, as ObsPy's `aic_simple` gives
it after Maeda (1985): AIC(k) = k log(var(x[:k])) + (N - k - 1) log(var(x[k:])); its minimum is the onset. The band is
free of a mean, so mean squares stand for variances.
"""

import numpy as np
from numpy.typing import NDArray

BACK_CELLS, ON_CELLS = 10, 14
EDGE = 8  # samples at either end that no mean square can be trusted in
FLOOR_SAMPLES = 1.5  # the least sigma: half a sample of counting, one of the band's own rise
WEAK_SAMPLES_S = 0.6e-3  # sigma of a weak onset (0 dB), seconds: about the band's shortest rise


def pick(band: NDArray[np.float64], near: int, cell: int, snr_db: float) -> tuple[int, float]:
    """Refine an onset known to a cell.

    band : (n,) band-passed samples. near : first sample of the cell. cell : samples in a cell (1 ms). Returns the index
    into `band` and one sigma of it in samples.
    """
    first = max(near - BACK_CELLS * cell, 0)
    stretch = band[first : near + ON_CELLS * cell]
    energy = np.cumsum(np.square(stretch)) + 1e-20
    n = len(stretch)
    k = np.arange(EDGE, n - EDGE)
    if not len(k):
        return near, float(cell)
    before = energy[k - 1] / k
    after = np.maximum(energy[-1] - energy[k - 1], 1e-20) / (n - k)
    cost = k * np.log(before) + (n - k - 1) * np.log(after)
    sigma = FLOOR_SAMPLES + WEAK_SAMPLES_S * 1000 * cell * 10 ** (-snr_db / 20)
    return first + int(k[np.argmin(cost)]), float(sigma)
