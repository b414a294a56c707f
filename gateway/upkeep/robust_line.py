"""A line through values of which a part are far off: the rows of a design, one value and one sigma each. Pure.

Iteratively reweighted least squares: first towards least absolute deviations, then Tukey's biweight, with the scale of
the residuals' median (from general knowledge; the constant 4.685 gives 95 % efficiency on normal values).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

TUKEY = 4.685
STEPS = 8


@dataclass(frozen=True, slots=True)
class Line:
    """coefficients (p,), cov (p, p) of them, scale: the robust sigma of a value whose own sigma is 1, off (n,):
    residuals over their own sigmas."""

    coefficients: Floats
    cov: Floats
    scale: float
    off: Floats

    @property
    def sigmas(self) -> float:
        """How far from nothing the coefficients are together."""
        return float(np.sqrt(self.coefficients @ np.linalg.solve(self.cov, self.coefficients)))

    def share(self, scale: float) -> float:
        """The part of the values that it explains to within three of these scales."""
        return float((np.abs(self.off) < 3 * scale).mean())

    def loss(self, scale: float) -> float:
        """What it leaves unexplained, in nats, of values with heavy tails of this scale (Cauchy's likelihood)."""
        return float(np.log1p((self.off / scale) ** 2 / 2).sum())


def fit(design: Floats, value: Floats, sigma: Floats, least_scale: float) -> Line:
    """design (n, p), p >= 1, value and sigma (n,). least_scale : the scale is never taken smaller."""
    rows, said = design / sigma[:, None], value / sigma
    n, p = rows.shape
    ridge = 1e-9 * max(float((rows**2).mean()), 1e-30) * np.eye(p)
    weight = np.ones(n)
    for step in range(2 * STEPS):
        coefficients = np.linalg.solve((rows * weight[:, None]).T @ rows + ridge, rows.T @ (weight * said))
        off = said - rows @ coefficients
        scale = max(1.4826 * float(np.sort(np.abs(off))[n // 2]) * float(np.sqrt(n / max(n - p, 1))), least_scale)
        far = np.abs(off) / scale
        weight = 1 / np.maximum(far, 0.1) if step < STEPS else np.maximum(1 - (far / TUKEY) ** 2, 0.0) ** 2
    cov = np.linalg.inv((rows * weight[:, None]).T @ rows + ridge) * scale**2
    return Line(np.asarray(coefficients, float), np.asarray(cov, float), scale, np.asarray(off, float))
