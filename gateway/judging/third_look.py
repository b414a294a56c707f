"""The third look: what a placed sound is, by all that only a placed sound can tell. One logistic combination. Pure.

    log odds = bias + agreement A + loudness L + BURST (a row of rounds) + CRACK (a bullet was heard) + R

A: the poles' word (agreement.py). L = (level - MIDDLE_DB) / hypot(UNSURE_DB, sigma), held to LOUDNESS: the source
level (source_level.py) on a scale from a door to a gun. Where no pole tells a level in dB SPL there is no L, and all is
shrunk by WIDER towards even. R: how rarely the poles hear the like (rarity.py), where four or more know.

A gunshot must be one by both: where the poles on balance take it for something else, or it is quieter than a gun, it is
AT_MOST possible. What speaks for another cause takes AGAINST away, and leaves AT_MOST, too: made well above the street,
amid fireworks, or again and again at one place and not as loud as a gun. So a weapon fired amid fireworks, or from a
tower, can no longer be called a gunshot, but is a possible one: lamps come up, and people are told so. A crack sets all
this aside.
"""

import math
from dataclasses import dataclass

from gateway.incident import IS_GUNSHOT, MAY_BE_GUNSHOT
from gateway.judging.agreement import Agreement
from gateway.judging.height import Aloft
from gateway.judging.rarity import Rare
from gateway.judging.source_level import SourceLevel
from gateway.judging.surroundings import Around

MIDDLE_DB = 118.0  # between doors, hammers and dogs (110 dB, docs/explanation/third-look.md) and live fire's least
UNSURE_DB = 6.0  # chosen: classes of sounds do not end at a decibel
LOUDNESS = (-4.0, 2.0)  # louder than a gun is no surer a gun; so quiet as to be none is
WIDER = 0.75  # chosen
LOUD_DB = 125.0  # as loud as a gun: the live fire's are 128 dB and more
THUNDER_DB, THUNDER_M = 150.0, 200.0  # what comes from far above all poles is as loud at each, and seems louder than...
# ...any gun where it seems to be; or higher than rockets go. Chosen
BURST, CRACK = 0.5, 2.0  # nats; chosen: hammers come in rows, too; nothing else in a street is faster than sound
WORK, WORK_IF_LOUD, SURE = (5, 10.0), (12, 60.0), 2.0  # so many from one place in so many seconds, and more of what...
# ...is as loud as a gun, but for what its poles are sure of (log odds). Chosen
AGAINST, AT_MOST = 1.5, -0.5  # nats, log odds (p of 0.38); chosen
MOST_LOG_ODDS = 7.0  # p of 0.001 to 0.999: nothing here is surer
GUNSHOT, POSSIBLE, FIREWORKS, EXPLOSION, THUNDER, OTHER, UNKNOWN = (
    "gunshot", "possible gunshot", "fireworks", "explosion", "thunder", "other", "unknown",
)  # fmt: skip


ALONE = Around()


@dataclass(frozen=True, slots=True)
class Weights:
    """bias, agreement, loudness : fitted by simulators/judging/fit.py."""

    bias: float
    agreement: float
    loudness: float


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a round. crack : a bullet's was heard before the blast. rare : how rarely its poles hear the
    like. Fields are None where nobody can tell."""

    agreed: Agreement | None
    level: SourceLevel | None = None
    aloft: Aloft | None = None
    around: Around = ALONE
    crack: bool = False
    rare: Rare | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """p_gunshot : None where no pole told a probability. kind : one of the words above. why : in a sentence."""

    p_gunshot: float | None
    kind: str
    why: str


def third_look(facts: Facts, weights: Weights) -> Judgement:
    """What it is."""
    why = "; ".join(_words(facts))
    if facts.agreed is None:
        return Judgement(None, UNKNOWN, why)
    log_odds = max(-MOST_LOG_ODDS, min(MOST_LOG_ODDS, _log_odds(facts, facts.agreed, weights)))
    p = 1 / (1 + math.exp(-log_odds))
    return Judgement(p, _kind(p, facts), why)


def loudness(level: SourceLevel) -> float:
    """L."""
    low, high = LOUDNESS
    return max(low, min(high, (level.db - MIDDLE_DB) / math.hypot(UNSURE_DB, level.sigma_db)))


def _log_odds(facts: Facts, agreed: Agreement, weights: Weights) -> float:
    log_odds = weights.bias + weights.agreement * agreed.log_odds
    if facts.level is None:
        log_odds *= WIDER
    else:
        log_odds += weights.loudness * loudness(facts.level)
    if facts.around.n_burst > 1 and not _is_quiet(facts.level):
        log_odds += BURST
    log_odds += CRACK * facts.crack
    if facts.rare is None:
        return _held(log_odds, facts, agreed)
    return facts.rare.bounded(_held(log_odds + facts.rare.nats, facts, agreed))


def _held(log_odds: float, facts: Facts, agreed: Agreement) -> float:
    """Log odds, less what speaks for something else, and no more than AT_MOST where it is no gunshot by both."""
    if _something_else(facts):
        log_odds -= AGAINST
    elif facts.crack or (agreed.log_odds >= 0 and not _is_quiet(facts.level)):
        return log_odds
    return min(log_odds, AT_MOST)


def _something_else(facts: Facts) -> bool:
    return not facts.crack and (facts.aloft is not None or facts.around.display or _is_at_work(facts))


def _is_at_work(facts: Facts) -> bool:
    """Again and again from one place. Who fires for minutes is not taken for it, by what the poles say and how loud;
    what nobody knows the level of may be as loud as a gun."""
    loud = facts.level is None or _is_loud(facts.level)
    if loud and facts.agreed is not None and facts.agreed.log_odds >= SURE:
        return False
    n_here, here_s = WORK_IF_LOUD if loud else WORK
    return facts.around.n_here >= n_here and facts.around.here_s >= here_s


def _is_quiet(level: SourceLevel | None) -> bool:
    return level is not None and level.db + level.sigma_db < MIDDLE_DB


def _is_loud(level: SourceLevel | None) -> bool:
    return level is not None and level.db >= LOUD_DB


def may_be_loud(level: SourceLevel | None) -> bool:
    """Whether it may have been as loud as a gun."""
    return level is None or level.db + level.sigma_db >= LOUD_DB


def _kind(p: float, facts: Facts) -> str:
    if p >= IS_GUNSHOT:
        return GUNSHOT
    if p >= MAY_BE_GUNSHOT:
        return POSSIBLE
    if not may_be_loud(facts.level):
        return OTHER
    if (facts.aloft and facts.aloft.above_m >= THUNDER_M) or (facts.level and facts.level.db >= THUNDER_DB):
        return THUNDER
    if facts.aloft or facts.around.display:
        return FIREWORKS
    return EXPLOSION if _is_loud(facts.level) else OTHER


def _words(facts: Facts) -> list[str]:
    agreed, around = facts.agreed, facts.around
    said = "no pole told how likely it is a gunshot"
    if agreed is not None:
        said = f"{agreed.n_likely} of {agreed.n} poles take it for a gunshot"
    words = [said, _level_words(facts.level)]
    if facts.crack:
        words.append("a bullet's crack came before it")
    if facts.rare is not None:
        words.append(facts.rare.words())
    if around.n_burst > 1:
        words.append(f"{around.n_burst} in a row from one place")
    if facts.aloft:
        words.append(f"made some {facts.aloft.above_m:.0f} m above the poles, as fireworks are")
    elif around.display:
        words.append("amid sounds from many places or from above, as of fireworks")
    if _is_at_work(facts):
        words.append(f"{around.n_here} from this place in {around.here_s:.0f} s, as of work")
    return words


def _level_words(level: SourceLevel | None) -> str:
    if level is None:
        return "no calibrated level, so less sure"
    clipped = f", {level.n_clipped} of {level.n} poles clipped" if level.n_clipped else ""
    than = ", quieter than a gun" if _is_quiet(level) else ""
    return f"{level.db:.0f} dB at 1 m (+- {level.sigma_db:.0f}{clipped}){than}"
