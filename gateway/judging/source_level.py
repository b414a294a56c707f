"""How loud a placed sound was at its source: its level at 1 m, from what the poles heard and how far off they stand.

Each pole says  source = level + 20 log10(d) + excess d  (spherical spreading, and what a street swallows on top).
Streets shadow and focus by SPREAD_DB, now and then by far more, so the spread about one source level is Student's t
with DOF. A pole whose converter was at its end says only that it was at least as loud. Beforehand anything may be,
about PRIOR_DB. The answer is the mean of what is left, and its sigma that of it together with COMMON_DB, what all poles
are off by alike: the microphones' calibration, and the street's own excess. Pure.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from gateway.incident import Arrival, Round

Floats = NDArray[np.float64]

EXCESS_DB_PER_M = 0.01  # as gateway/placing/acoustics.py has it
LEVELS_DB = np.arange(50.0, 181.0, 0.5)
SPREAD_DB = 6.5  # of the poles of a live-fire round: sd 6.7 dB from sound, 7.6 dB from pulses (medians of rounds)
PRIOR_DB = (115.0, 25.0)  # mean and sigma; chosen, and wide: it tells where every pole was clipped
DOF = 4.0  # chosen: one pole in fifty is off by more than three spreads
COMMON_DB = 3.0  # chosen: the excess may be nothing or twice what it is, at 300 m
NEAREST_M = 3.0  # a fix is never so good that a pole is known to be nearer
LEAST_SPL_DB = 20.0  # no impulse stands out at less; no dB of full scale is more
FULL = 0.975  # of full scale: the live fire's files clip at 0.98, less what moving a clip by part of a sample takes


@dataclass(frozen=True, slots=True)
class SourceLevel:
    """Level at 1 m, dB SPL by the nodes' measure (peak in the detector's band). n, n_clipped : poles that told it, and
    how many of them tell only that it was at least so loud."""

    db: float
    sigma_db: float
    n: int
    n_clipped: int


def source_level(shot: Round) -> SourceLevel | None:
    """None where no pole told a level in dB SPL."""
    told = [each for each in shot.arrivals if each.level_db is not None and each.level_db >= LEAST_SPL_DB]
    if not told:
        return None
    clipped = np.array([is_clipped(each) for each in told], bool)
    off_m = np.maximum(np.linalg.norm([np.subtract(each.xyz_m, shot.fix.xyz_m) for each in told], axis=1), NEAREST_M)
    level_db = np.array([each.level_db for each in told], float)
    at_source_db = level_db + 20 * np.log10(off_m) + EXCESS_DB_PER_M * off_m
    placed_m = float(np.sqrt(np.trace(shot.fix.cov_m2) / 2))
    spread_db = np.hypot(SPREAD_DB, 20 / np.log(10) * placed_m / off_m)
    db, sigma_db = _posterior(at_source_db, spread_db, clipped)
    return SourceLevel(db, float(np.hypot(sigma_db, COMMON_DB)), len(told), int(clipped.sum()))


def is_clipped(arrival: Arrival) -> bool:
    """Whether the sound that came with an arrival is at the end of its scale. Without sound nobody knows: False."""
    if arrival.clip is None or not arrival.clip.pcm:
        return False
    samples = np.frombuffer(arrival.clip.pcm, "<i2").astype(np.int32)
    return bool(np.abs(samples).max() >= FULL * 32767)


def _posterior(at_source_db: Floats, spread_db: Floats, clipped: NDArray[np.bool_]) -> tuple[float, float]:
    """Mean and sigma, dB."""
    over = (LEVELS_DB[:, None] - at_source_db) / spread_db
    heard = -(DOF + 1) / 2 * np.log1p(over**2 / DOF) - np.log(spread_db)
    at_least = np.log(np.maximum(stdtr(DOF, over), 1e-30))
    prior = -0.5 * ((LEVELS_DB - PRIOR_DB[0]) / PRIOR_DB[1]) ** 2
    nats = np.where(clipped, at_least, heard).sum(axis=1) + prior
    share = np.exp(nats - nats.max())
    share /= share.sum()
    mean = float(share @ LEVELS_DB)
    return mean, float(np.sqrt(share @ (LEVELS_DB - mean) ** 2))
