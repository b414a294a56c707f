"""What is usual at a place, learnt from recordings of it without a gun, and what that makes of a sound's p.

A detector that was trained elsewhere still ranks sounds at a new place, but its probabilities do not travel: a shot
far off in a forest may get 0.05, and nothing else there ever does. So little is left of the log odds that it gives, and
what the place itself says is added:

    ln(odds') = TRUST ln(odds) + ln(EVEN / share)

share : of the spans (10 s, or a shorter recording) in which the place makes something so gun-like, (n + 1) / spans, as
a pole learns it (firmware/linux/rarity.py). So p comes out the higher the more background was heard without its like.

TRUST and EVEN were chosen on live fire and everyday clips made dull at 8 kHz (900 Hz low-pass, reverberation, some
ambience), their log odds moved by 0 to -7 as a stand-in for a place that is not like those of the training: half of the
background was learnt, the other half scored. Moved by 0, -4 and -7, p 0.5 had called 0.71, 0.43 and 0.05 of the shots
and 0.27, 0.05 and 0.00 of the clips; with the background it calls 0.50, 0.29 and 0.27, and 0.09, 0.02 and 0.01.
"""

import math
from collections.abc import Iterable

from firmware.linux.rarity import SPAN_US, Rarity

TRUST, EVEN = 0.25, 0.03
LEAST = 1e-4  # a p nearer to 0 or 1 counts as this near


class Background:
    """`learn` each recording; then ask."""

    def __init__(self) -> None:
        self._rarity = Rarity()
        self._n_us = self._n_spans = 0

    def learn(self, sounds: Iterable[tuple[float, float]], length_s: float, gap_s: float = 0.0) -> None:
        """A recording: (second, p_gunshot) of what was heard in it, how long it is, and how much of that is gaps.

        In gaps nobody listened. They are taken from each span alike: where they lie is not known."""
        told = sorted((round(at_s * 1e6), _permille(p)) for at_s, p in sounds)
        length_us = round(length_s * 1e6)
        share = max(0.0, 1 - gap_s / length_s) if length_s else 0.0
        for begin_us in range(0, length_us, SPAN_US):
            end_us = min(begin_us + SPAN_US, length_us)
            for i, (at_us, permille) in enumerate(told):
                if begin_us <= at_us < end_us:
                    self._rarity.hear(i, permille)
            heard_us = round(share * (end_us - begin_us))
            self._rarity.listen(heard_us, 0)
            if heard_us < SPAN_US:
                self._rarity.close()
            if heard_us:
                self._n_us += heard_us
                self._n_spans += 1

    @property
    def is_empty(self) -> bool:
        """Whether there was nothing to listen to."""
        return not self._rarity.ms_between(0)

    def per_h(self, p: float) -> float:
        """How often something so gun-like is heard there, times an hour; once in all that was heard, where never."""
        return 3_600_000 / self._rarity.ms_between(_permille(p))

    def p_gunshot(self, p: float) -> float:
        """What the place makes of a detector's p."""
        held = min(max(p, LEAST), 1 - LEAST)
        share = self._n_us / 1000 / self._n_spans / self._rarity.ms_between(_permille(p))
        return 1 / (1 + math.exp(-TRUST * math.log(held / (1 - held)) - math.log(EVEN / share)))


def _permille(p: float) -> int:
    return int(1000 * p)
