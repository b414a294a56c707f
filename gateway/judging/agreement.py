"""What the poles' own probabilities come to. Pure.

They hear one and the same sound, so they are not independent: with log odds that are correlated by ALIKE, n poles say
as much as n / (1 + (n - 1) ALIKE) that are independent would (the variance of a mean of equally correlated numbers;
from general knowledge). So the sum of log odds is tempered: their weighted mean, times as many as they are worth. Far
poles weigh less, as what is left of a sound there is the street's as much as its own. No single pole says more than
MOST_LOG_ODDS.
"""

from dataclasses import dataclass

import numpy as np

from gateway.incident import Round

ALIKE = 0.5  # chosen
HALF_M = 300.0  # a pole so far off weighs half; chosen
MOST_LOG_ODDS = 4.0  # p of 0.018 to 0.982; chosen: what is surer was not seen often enough to be calibrated


@dataclass(frozen=True, slots=True)
class Agreement:
    """log_odds : of a gunshot, tempered, as the poles alone have it. n : poles that told a p. n_likely : of these, how
    many give a gunshot half or more."""

    log_odds: float
    n: int
    n_likely: int


def agreement(shot: Round) -> Agreement | None:
    """None where no pole told a probability."""
    told = [each for each in shot.arrivals if each.p_gunshot is not None]
    if not told:
        return None
    p = np.clip(np.array([each.p_gunshot for each in told], float), 1e-9, 1 - 1e-9)
    log_odds = np.clip(np.log(p / (1 - p)), -MOST_LOG_ODDS, MOST_LOG_ODDS)
    off_m = np.linalg.norm([np.subtract(each.xyz_m, shot.fix.xyz_m) for each in told], axis=1)
    weight = 1 / (1 + (off_m / HALF_M) ** 2)
    worth = weight.sum() ** 2 / (weight**2).sum()  # how many equal poles these unequal ones are (Kish)
    worth /= 1 + (worth - 1) * ALIKE
    return Agreement(float(weight @ log_odds / weight.sum() * worth), len(told), int((p >= 0.5).sum()))
