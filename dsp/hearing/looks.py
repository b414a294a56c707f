"""Later looks at what began: each impulse is judged again when more of it has been heard.

The first look is part of the onset. The later ones wait here until their sound is there, and hold on to it.
"""

from collections import OrderedDict
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dsp.hearing.classify import kind_of
from dsp.hearing.judge import Judge
from dsp.hearing.onset import Look, Onset
from dsp.hearing.patch import BEFORE_MS, HOP_MS, LOOKS_MS

Floats = NDArray[np.float64]
REMEMBERED = 64  # more than the first rounds that any channel's later ones may be like


@dataclass(slots=True)
class _Waiting:
    """An onset at a sample of its stream. look : its next one. alike : later rounds that are taken for what it is."""

    onset: Onset
    index: int
    look: int = 1
    alike: list[Onset] = field(default_factory=list)


class Looks:
    """Of one detector, all channels."""

    def __init__(self, judge: Judge, rate_hz: int) -> None:
        self._judge, self._rate_hz = judge, rate_hz
        self._waiting: list[_Waiting] = []
        self._found: list[Look] = []
        self._latest: OrderedDict[tuple[int, float], Look] = OrderedDict()

    def expect(self, onset: Onset, index: int) -> None:
        """Look at this onset again; index : its sample, counted as the stream counts."""
        if self._judge.looks_again:
            self._waiting.append(_Waiting(onset, index))

    def liken(self, onset: Onset, first_sample: float) -> bool:
        """An onset is taken for what another one is. Whether that is still waiting."""
        first = (w for w in self._waiting if (w.onset.channel, w.onset.sample) == (onset.channel, first_sample))
        for waiting in first:
            waiting.alike.append(onset)
            return True
        return False

    def awaits(self, onset: Onset) -> bool:
        """Whether it will be looked at again."""
        return any(onset is one for waiting in self._waiting for one in (waiting.onset, *waiting.alike))

    def latest(self, onset: Onset) -> Look | None:
        """The last look at one of the last REMEMBERED onsets, where there was one behind the first."""
        return self._latest.get((onset.channel, onset.sample))

    def first_needed(self, end: int) -> int:
        """The first sample that is still needed; `end` where none is."""
        before = (BEFORE_MS + HOP_MS) * self._rate_hz // 1000
        return min((waiting.index - before for waiting in self._waiting), default=end)

    def due(self, end: int) -> list[tuple[int, int]]:
        """(number of the waiting one, its channel) of those whose next look ends before a sample."""
        return [
            (number, waiting.onset.channel)
            for number, waiting in enumerate(self._waiting)
            if waiting.index + self._n_of(waiting.look) <= end
        ]

    def look(self, number: int, raw: Floats, zero: int) -> None:
        """Look at what waits under a number. raw : (n,) its channel's samples from `zero` on."""
        waiting = self._waiting[number]
        stop = waiting.index + self._n_of(waiting.look) - zero
        p = self._judge.p(waiting.onset.row, raw[:stop], waiting.index - zero, self._rate_hz, waiting.look)
        for onset in (waiting.onset, *waiting.alike):
            kind = kind_of(onset.features, p)
            self._remember(Look(onset.channel, onset.sample, LOOKS_MS[waiting.look], p, kind))
        waiting.look += 1

    def _remember(self, look: Look) -> None:
        self._found.append(look)
        self._latest[look.channel, look.sample] = look
        if len(self._latest) > REMEMBERED:
            self._latest.popitem(last=False)

    def done(self) -> None:
        """Forget what was looked at for the last time."""
        self._waiting = [waiting for waiting in self._waiting if waiting.look < len(LOOKS_MS)]

    def take(self) -> list[Look]:
        """Those found since they were last taken, in the order in which their sound came."""
        found, self._found = self._found, []
        return sorted(found, key=lambda look: look.sample + look.after_ms * self._rate_hz / 1000)

    def _n_of(self, look: int) -> int:
        """Samples behind an onset that a look needs."""
        return (LOOKS_MS[look] + HOP_MS) * self._rate_hz // 1000
