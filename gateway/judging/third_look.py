"""The third look: what a placed sound is, by all that only a placed sound can tell. One logistic combination. Pure.

    log odds =  bias + agreement A + loudness L            the poles' word (agreement.py), and the source level
              - chosen nats for what speaks against         (source_level.py) on a scale of a gun's and a door's

L = (level - MIDDLE_DB) / hypot(UNSURE_DB, sigma), held to LOUDNESS. Where no pole tells a level in dB SPL there is no
L, and all is shrunk by WIDER towards even. What speaks for another cause than a gun never takes more than it says here:
a weapon fired amid fireworks, or from a tower, stays a possible gunshot.
"""

import math
from dataclasses import dataclass

from gateway.incident import IS_GUNSHOT, MAY_BE_GUNSHOT
from gateway.judging.agreement import Agreement
from gateway.judging.source_level import SourceLevel

MIDDLE_DB = 118.0  # between what doors, hammers and dogs reach (110 dB, docs/third-look.md) and the live fire's least
UNSURE_DB = 6.0  # chosen: classes of sounds do not end at a decibel
LOUDNESS = (-4.0, 2.0)  # louder than a gun is no surer a gun; so quiet as to be none is
WIDER = 0.75  # chosen
QUIET_DB = 110.0  # what is likely less than this is said to be quieter than a gun
MOST_LOG_ODDS = 7.0  # p of 0.001 to 0.999: nothing here is surer
GUNSHOT, POSSIBLE, OTHER, UNKNOWN = "gunshot", "possible gunshot", "other", "unknown"


@dataclass(frozen=True, slots=True)
class Weights:
    """bias, agreement, loudness : fitted by simulators/judging/fit.py."""

    bias: float
    agreement: float
    loudness: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """p_gunshot : None where no pole told a probability. kind : one of the words above. why : in a sentence."""

    p_gunshot: float | None
    kind: str
    why: str


def third_look(agreed: Agreement | None, level: SourceLevel | None, weights: Weights) -> Judgement:
    """What it is."""
    if agreed is None:
        return Judgement(None, UNKNOWN, f"no pole told how likely it is a gunshot; {_level_words(level)}")
    log_odds = weights.bias + weights.agreement * agreed.log_odds
    log_odds = WIDER * log_odds if level is None else log_odds + weights.loudness * loudness(level)
    p = 1 / (1 + math.exp(-max(-MOST_LOG_ODDS, min(MOST_LOG_ODDS, log_odds))))
    return Judgement(p, _kind(p), f"{_agreed_words(agreed)}; {_level_words(level)}")


def loudness(level: SourceLevel) -> float:
    """L."""
    low, high = LOUDNESS
    return max(low, min(high, (level.db - MIDDLE_DB) / math.hypot(UNSURE_DB, level.sigma_db)))


def _kind(p: float) -> str:
    if p >= IS_GUNSHOT:
        return GUNSHOT
    return POSSIBLE if p >= MAY_BE_GUNSHOT else OTHER


def _agreed_words(agreed: Agreement) -> str:
    return f"{agreed.n_likely} of {agreed.n} poles take it for a gunshot"


def _level_words(level: SourceLevel | None) -> str:
    if level is None:
        return "no calibrated level, so less sure"
    clipped = f", {level.n_clipped} of {level.n} poles clipped" if level.n_clipped else ""
    than = ", quieter than a gun" if level.db + level.sigma_db < QUIET_DB else ""
    return f"{level.db:.0f} dB at 1 m (+- {level.sigma_db:.0f}{clipped}){than}"
