"""What else was placed of late, and where: a bounded memory of rounds, fed in the order that they are decided. Pure.

What it says of a round rests on the rounds fed before it that were fired within KEPT_US of it, MOST of them at most. A
gateway that starts takes up as much from its journal (gateway/journal/recovery.py), so that it judges as it would have.
"""

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from gateway.incident import Round

KEPT_US, MOST = 300_000_000, 400
HERE_M = 12.0  # a source that stands still is placed within so much of itself (live fire: 2 m in the median), or its...
SIGMAS = 3.0  # ...sigma so many times, if that is more
APART_M, RUN_MPS = 40.0, 4.0  # two places are more than this apart, and farther than one runs in the time between
AT_ONCE_US, DISPLAY_US = 60_000_000, 240_000_000  # what makes a display, and how long it is taken to go on; together...
# ...no more than KEPT_US
MANY_PLACES, AND_ALOFT = 3, (2, 2)  # blasts from so many places within AT_ONCE_US, or from so many and so many aloft:
# more than two who fire at each other (chosen)
BURST_US = (55_000, 1_500_000)  # between two rounds of one gun: 950 a minute, and deliberate fire


@dataclass(frozen=True, slots=True)
class Around:
    """n_burst : of how many rounds in a row from one place this is the last. n_here, here_s : how many were made at
    this place within KEPT_US, over how long. n_places : from how many places at once blasts came within AT_ONCE_US.
    n_aloft : how many of these were above the street. is_display : by either there are fireworks. display : there are,
    or were within DISPLAY_US.
    """

    n_burst: int = 1
    n_here: int = 1
    here_s: float = 0.0
    n_places: int = 1
    n_aloft: int = 0
    is_display: bool = False
    display: bool = False


@dataclass(frozen=True, slots=True)
class _Past:
    t_us: int
    en_m: tuple[float, float]
    sigma_m: float
    aloft: bool
    blast: bool
    n_burst: int
    is_display: bool


class Surroundings:
    """Remembers rounds."""

    def __init__(self) -> None:
        self._past: deque[_Past] = deque(maxlen=MOST)

    def feed(self, shot: Round, is_aloft: bool, is_blast: bool = True) -> Around:
        """What is about this round; from now on it is one of them. is_blast : it may be as loud as a gun."""
        around = self.about(shot, is_aloft, is_blast)
        sigma_m = math.sqrt(float(np.trace(shot.fix.cov_m2)))
        self._past.append(
            _Past(shot.fix.t_us, shot.fix.xyz_m[:2], sigma_m, is_aloft, is_blast, around.n_burst, around.is_display)
        )
        return around

    def about(self, shot: Round, is_aloft: bool, is_blast: bool = True) -> Around:
        """The same, of a round that is not to be remembered."""
        t_us, sigma_m = shot.fix.t_us, math.sqrt(float(np.trace(shot.fix.cov_m2)))
        near = [past for past in self._past if BURST_US[0] <= abs(t_us - past.t_us) <= KEPT_US]  # not itself
        here = [past for past in near if _is_here(past, shot.fix.xyz_m, sigma_m)]
        n_burst = 1 + max((past.n_burst for past in here if 0 < t_us - past.t_us <= BURST_US[1]), default=0)
        blasts = [past for past in near if past.blast and abs(t_us - past.t_us) <= AT_ONCE_US]
        n_places = _n_places([*((past.t_us, past.en_m) for past in blasts), (t_us, shot.fix.xyz_m[:2])])
        n_aloft = is_aloft + sum(past.aloft for past in blasts)
        many = n_places >= MANY_PLACES or (n_places >= AND_ALOFT[0] and n_aloft >= AND_ALOFT[1])
        is_display = is_blast and many
        return Around(
            n_burst=n_burst,
            n_here=1 + len(here),
            here_s=max((abs(t_us - past.t_us) for past in here), default=0) / 1e6,
            n_places=n_places,
            n_aloft=n_aloft,
            is_display=is_display,
            display=is_display or any(past.is_display and abs(t_us - past.t_us) <= DISPLAY_US for past in near),
        )


def _is_here(past: _Past, xyz_m: tuple[float, float, float], sigma_m: float) -> bool:
    return math.dist(past.en_m, xyz_m[:2]) <= max(HERE_M, SIGMAS * math.hypot(past.sigma_m, sigma_m))


def _n_places(all_us: list[tuple[int, tuple[float, float]]]) -> int:
    """From how many places at once: each sound in turn is of whoever is nearest and can have come from there to here,
    or of one more."""
    last: list[tuple[int, tuple[float, float]]] = []
    for t_us, en_m in sorted(all_us):
        off_m = [math.dist(en_m, at_m) - RUN_MPS * (t_us - then_us) / 1e6 for then_us, at_m in last]
        if off_m and min(off_m) < APART_M:
            last[off_m.index(min(off_m))] = (t_us, en_m)
        else:
            last.append((t_us, en_m))
    return len(last)
