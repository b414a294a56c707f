"""Later looks at what began: each impulse is judged again when more of it has been heard.

The first look is part of the onset. The later ones wait here until their sound is there, and hold on to it.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from dsp.hearing.classify import kind_of
from dsp.hearing.judge import Judge
from dsp.hearing.onset import Look, Onset
from dsp.hearing.patch import BEFORE_MS, HOP_MS, LOOKS_MS

Floats = NDArray[np.float64]


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
        self._found: list[tuple[float, Look]] = []  # with the sample at which each look ends

    def expect(self, onset: Onset, index: int) -> None:
        """Look at this onset again; index : its sample, counted as the stream counts."""
        if self._judge.looks_again:
            self._waiting.append(_Waiting(onset, index))

    def liken(self, onset: Onset, first_sample: float) -> None:
        """An onset is taken for what another one is: looks at that, if more come, are looks at it."""
        for waiting in self._waiting:
            if _which(waiting.onset) == (onset.channel, first_sample):
                waiting.alike.append(onset)

    def awaits(self, onset: Onset) -> bool:
        """Whether it will be looked at again."""
        which = _which(onset)
        return any(which == _which(one) for waiting in self._waiting for one in (waiting.onset, *waiting.alike))

    def first_needed(self, end: int) -> int:
        """The first sample that is still needed; `end` where none is."""
        before = (BEFORE_MS + HOP_MS) * self._rate_hz // 1000
        return min((waiting.index - before for waiting in self._waiting), default=end)

    def is_due(self, channel: int, end: int) -> bool:
        """Whether a next look at an onset of a channel ends before a sample."""
        return any(self._is_due(waiting, channel, end) for waiting in self._waiting)

    def look(self, channel: int, end: int, raw: Floats, zero: int) -> list[tuple[Onset, Onset]]:
        """The next look at each onset of a channel that is due. raw : (n,) its samples from `zero` on. Comes back:
        those onsets, as they were known and as they are now."""
        bettered = []
        for waiting in self._waiting:
            if self._is_due(waiting, channel, end):
                was = waiting.onset
                self._look_at(waiting, raw, zero)
                bettered.append((was, waiting.onset))
        self._waiting = [waiting for waiting in self._waiting if waiting.look < len(LOOKS_MS)]
        return bettered

    def _look_at(self, waiting: _Waiting, raw: Floats, zero: int) -> None:
        stop = waiting.index + self._n_of(waiting.look) - zero
        p = self._judge.p(waiting.onset.row, raw[:stop], waiting.index - zero, self._rate_hz, waiting.look)
        kind, end = kind_of(waiting.onset.features, p), waiting.onset.sample + self._n_of(waiting.look)
        waiting.onset = replace(waiting.onset, p_gunshot=p, kind=kind)
        for onset in (waiting.onset, *waiting.alike):
            self._found.append((end, Look(onset.channel, onset.sample, LOOKS_MS[waiting.look], p, kind)))
        waiting.look += 1

    def _is_due(self, waiting: _Waiting, channel: int, end: int) -> bool:
        return waiting.onset.channel == channel and waiting.index + self._n_of(waiting.look) <= end

    def take(self) -> list[Look]:
        """Those found since they were last taken, in the order in which their sound came."""
        found, self._found = self._found, []
        return [look for _, look in sorted(found, key=lambda each: (each[0], each[1].channel, each[1].sample))]

    def _n_of(self, look: int) -> int:
        """Samples behind an onset that a look needs."""
        return (LOOKS_MS[look] + HOP_MS) * self._rate_hz // 1000


def _which(onset: Onset) -> tuple[int, float]:
    return onset.channel, onset.sample
