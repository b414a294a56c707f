"""A detector that tells of an impulse only when it has been looked at for the last time: for sound that is past."""

from dataclasses import replace

from numpy.typing import ArrayLike

from dsp.hearing.detect import Detector
from dsp.hearing.onset import Onset


class Patient:
    """Feed it as the detector; onsets come in order, some up to a second later, and say what they are best taken
    for."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._held: list[Onset] = []  # as the detector told them
        self._known: dict[int, Onset] = {}  # by id of what is held, as it is known by now

    def feed(self, samples: ArrayLike) -> list[Onset]:
        """The next samples: the onsets that nothing more will be known of."""
        return self._after(self._detector.feed(samples))

    def flush(self) -> list[Onset]:
        """The sound has ended: all that is left."""
        return self._after(self._detector.flush())

    def _after(self, onsets: list[Onset]) -> list[Onset]:
        self._held += onsets
        for look in self._detector.looks():
            for onset in self._held:
                if (onset.channel, onset.sample) == (look.channel, look.sample):
                    self._known[id(onset)] = replace(onset, p_gunshot=look.p_gunshot, kind=look.kind)
        told: list[Onset] = []
        while self._held and not self._detector.awaits(self._held[0]):
            onset = self._held.pop(0)
            told.append(self._known.pop(id(onset), onset))
        return told
