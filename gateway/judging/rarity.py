"""What it says that the poles of a round hear something so gun-like once in a month, or forty times a night. Pure.

Each pole learns how often it hears a score like this or a higher one (firmware/linux/rarity.py), from any cause. A
gun's rate is the same at all of them, so the log odds grow by ln(seconds between / EVEN_S): the rarer the like is here,
the less a cause of every day explains it. The poles hear one street: n of them are worth n / (1 + (n - 1) ALIKE) that
are independent (as gateway/judging/agreement.py has it), their median speaks for them, so that one alone, or one that
lies, turns nothing, and all together never say more than MOST_NATS. Fewer than LEAST_POLES that know say nothing.

Beyond that two things hold whatever p says: what all find rarer than policy's figure is at least a possible gunshot,
and what every pole hears forty times a night is no gunshot without more.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from gateway.incident import Arrival

LEAST_POLES = 4
ALIKE = 0.5  # chosen
EVEN_S = 14_400.0  # chosen: about midway, in ratios, between the two figures below
RARE_S = 72 * 3600.0  # policy's figure where none is given; chosen: what a pole hears twice a week
USUAL_S = 12 * 3600.0 / 40  # forty times in a night of twelve hours
MOST_NATS = 3.0  # chosen: as much as one look that is sure
AT_LEAST, AT_MOST = -1.4, -0.1  # log odds: p of 0.20, a possible gunshot, and of 0.48, none that is sure


@dataclass(frozen=True, slots=True)
class Rare:
    """n : poles that know. nats : what they add to the log odds of a gunshot. between_s : their median of the mean time
    between two sounds so gun-like. is_rare, is_usual : all of them find it so."""

    n: int
    nats: float
    between_s: float
    is_rare: bool
    is_usual: bool

    def bounded(self, log_odds: float) -> float:
        """Log odds of a gunshot by all that there is, within what this leaves open."""
        if self.is_rare:
            return max(log_odds, AT_LEAST)
        return min(log_odds, AT_MOST) if self.is_usual else log_odds

    def words(self) -> str:
        """For people."""
        return f"{self.n} poles hear the like once in {_words(self.between_s)}"


def rare(arrivals: Iterable[Arrival], rare_s: float = RARE_S) -> Rare | None:
    """What the rarities that came with arrivals come to; None where fewer than four poles know. rare_s : rarer than
    this is rare. A pole with two arrivals counts once, by the more usual."""
    codes: dict[str, int] = {}
    for each in arrivals:
        if each.rarity:
            codes[each.node] = min(each.rarity, codes.get(each.node, each.rarity))
    if len(codes) < LEAST_POLES:
        return None
    n, middle = len(codes), median(codes.values()) + 0.5  # codes are rounded down
    worth = n / (1 + (n - 1) * ALIKE)
    nats = worth * (middle * math.log(2) - math.log(EVEN_S))
    return Rare(
        n,
        max(-MOST_NATS, min(MOST_NATS, nats)),
        2.0**middle,
        is_rare=2.0 ** min(codes.values()) >= rare_s,
        is_usual=2.0 ** max(codes.values()) <= USUAL_S,
    )


def _words(seconds: float) -> str:
    for unit_s, name in ((86_400.0, "days"), (3600.0, "hours"), (60.0, "minutes")):
        if seconds >= 2 * unit_s:
            return f"{seconds / unit_s:.0f} {name}"
    return f"{seconds:.0f} seconds"
