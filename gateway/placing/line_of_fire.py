"""Which way the bullet of a round went, where poles told of its crack. The theory is in
`dsp/placing/line_of_fire.py`. Pure.

Cracks take part in placing as any arrival does; that they are cracks counts here alone. A round is asked about when it
is decided, and each time it is told otherwise (later looks, late arrivals); one fit takes some 60 ms, so what was asked
before is remembered. A crack that comes when its round is told is of use only where that is told otherwise later.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from dsp.air import Air, travel_s
from dsp.placing.line_of_fire import LineOfFire
from dsp.placing.line_of_fire import line_of_fire as fitted
from gateway.incident import Arrival, Round

CRACK_SIGMA_US = 3_000  # one sigma of a crack's path; chosen: below the blast's 7.6 ms RMS (notes/localisation.md), as
# a crack comes down from over the street, and mostly from near by
FASTEST_MPS = 1300.0  # no bullet is (dsp/placing/crack_fit.py)
REMEMBERED = 1000  # cracks: of some seconds of automatic fire
ANSWERS = 64  # rounds: more than are told otherwise at the same time

_Asked = tuple[tuple[Arrival, ...], tuple[Arrival, ...], Air]


class Cracks:
    """Remembers the last cracks, and gives rounds their line of fire."""

    def __init__(self) -> None:
        self._heard: deque[Arrival] = deque(maxlen=REMEMBERED)
        self._answers: dict[_Asked, LineOfFire | None] = {}

    def feed(self, arrival: Arrival) -> None:
        """One more arrival of any sound, in any order."""
        if arrival.sound == "crack":
            self._heard.append(arrival)

    def aimed(self, shot: Round, air: Air) -> Round:
        """The round, with its line of fire where the cracks tell it."""
        cracks = _its(shot, self._heard, air)
        if not cracks or shot.withdrawn:
            return shot
        asked = shot.arrivals, cracks, air
        if asked not in self._answers:
            self._answers[asked] = _fitted(shot, cracks, air)
            if len(self._answers) > ANSWERS:
                del self._answers[next(iter(self._answers))]
        return replace(shot, line=self._answers[asked])


def line_of_fire(shot: Round, heard: Iterable[Arrival], air: Air) -> LineOfFire | None:
    """The line of fire of a round, None where none can honestly be given.

    heard : arrivals of the time around, of whatever sound. Cracks among them count that can be of this shot: not
    before any bullet could have come, not behind the blast.
    """
    return _fitted(shot, _its(shot, heard, air), air)


def _its(shot: Round, heard: Iterable[Arrival], air: Air) -> tuple[Arrival, ...]:
    """Those of the cracks that may be of this shot, each once, in an order that hangs on nothing else."""
    cracks = {each for each in heard if each.sound == "crack" and _may_be_its(each, shot, air)}
    return tuple(sorted(cracks, key=lambda each: (each.node, each.t_us)))


def _fitted(shot: Round, cracks: Sequence[Arrival], air: Air) -> LineOfFire | None:
    blasts = [each.xyz_m for each in shot.arrivals if each.sound != "crack"]
    if not cracks or not blasts:
        return None
    found = fitted(
        shot.fix, blasts, [each.xyz_m for each in cracks], [each.t_us for each in cracks],
        [float(np.hypot(each.sigma_us, CRACK_SIGMA_US)) for each in cracks], air,
    )  # fmt: skip
    return found if isinstance(found, LineOfFire) else None


def _may_be_its(heard: Arrival, shot: Round, air: Air) -> bool:
    path_m = np.subtract(heard.xyz_m, shot.fix.xyz_m)
    blast_us = float(travel_s(air, path_m)) * 1e6
    slack_us = 3 * float(np.hypot(heard.sigma_us, CRACK_SIGMA_US))
    after_us = heard.t_us - shot.fix.t_us
    return float(np.linalg.norm(path_m)) / FASTEST_MPS * 1e6 - slack_us < after_us < blast_us + slack_us
