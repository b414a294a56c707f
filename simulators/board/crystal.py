"""A sample clock as it is: off by some ppm, wandering, and at no whole phase when the second begins.

phase(t_s): how many frames have begun t_s seconds after a whole second at which the stream started, some time ago. The
rate is nominal * (1 + offset + walk + ramp): the walk is a random step each second, the ramp a change with temperature.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class Crystal:
    """phases : (n + 1,) frames that have begun at each whole second."""

    rate_hz: int
    phases: NDArray[np.float64]

    @classmethod
    def grown(
        cls,
        rng: Generator,
        n_seconds: int,
        *,
        rate_hz: int = 48_000,
        offset_ppm: float = 20.0,
        walk_ppm: float = 0.005,
        ramp_ppm_per_min: float = 0.0,
    ) -> Self:
        """A crystal of so many seconds. walk_ppm : one sigma of the step of each second (notes/micropython.md 7.3 has
        0.005 for a bare crystal, 0.0005 for a TCXO)."""
        steps_ppm = rng.normal(0, walk_ppm, n_seconds) + ramp_ppm_per_min / 60
        rates_hz = rate_hz * (1 + 1e-6 * (offset_ppm + np.cumsum(steps_ppm)))
        return cls(rate_hz, np.concatenate([[rate_hz * rng.random()], rates_hz]).cumsum())

    def phase(self, t_s: ArrayLike) -> NDArray[np.float64]:
        """Frames that have begun at these times."""
        return np.asarray(np.interp(np.asarray(t_s, float), np.arange(len(self.phases)), self.phases))

    def time_s(self, phase: ArrayLike) -> NDArray[np.float64]:
        """When these frames began."""
        return np.asarray(np.interp(np.asarray(phase, float), self.phases, np.arange(len(self.phases))))


def frames_of(rises: Sequence[float], first: int, n: int, width: float) -> NDArray[np.int32]:
    """(n,) right words of the frames from `first` on, where a pin rises at these phases and falls `width` frames later.

    Each bit is the level at its middle: bit i of 32 at (32 + i + 1/2) / 64 of its frame. The last bit is pulled down:
    the gate is closed by then (docs/reference/hardware.md).
    """
    words = np.zeros(n, np.uint32)
    bits = (32.5 + np.arange(32)) / 64
    for rise in rises:
        low, high = np.clip(np.array([np.floor(rise), np.floor(rise + width)], int) - first, -1, n)
        words[max(low + 1, 0) : max(high, 0)] = 0xFFFFFFFF
        for k in {low, high}:
            if 0 <= k < n:
                level = (first + k + bits >= rise) & (first + k + bits < rise + width)
                words[k] |= np.uint32(int("".join("01"[bit] for bit in level.astype(int)), 2))
    return (words & np.uint32(0xFFFFFFFE)).view(np.int32)
