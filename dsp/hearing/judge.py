"""Who says whether an impulse is a gunshot: the trees always, the nets and the wide ear where a shell has brought them.

The trees (dsp/hearing/trees.py) look at the first 100 ms, and know a blast from far off between houses; the nets look
at up to a second; the wide ear knows what doors, hammers and guns sound like in the world, and is asked at the last
look, about near sounds alone. A straight line makes one log odds of theirs, at each look another
(dsp/hearing/verdict.py).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.hearing.ear_answers import answers
from dsp.hearing.gunshot_model import MODEL
from dsp.hearing.patch import LOOKS_MS, patch
from dsp.hearing.trees import probability
from dsp.hearing.verdict import Verdict, is_near
from dsp.hearing.wide_ear import WideEar

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Judge:
    """verdict : None where there is none, or its file was not fit: the trees alone then speak, at the first look. ear :
    None where there is none, or no verdict that knows what its word is worth."""

    verdict: Verdict | None = None
    ear: WideEar | None = None

    @property
    def looks_again(self) -> bool:
        """Whether later looks say more than the first one."""
        return self.verdict is not None

    def p(self, row: Floats, raw: Floats, onset: int, rate_hz: int, look: int) -> float:
        """Probability, 0 to 1, that it is a gunshot. row : what the trees ask about. raw : (n,) samples, onset : an
        index of them, of which those up to the look are used. look : 0, 1, 2 (patch.LOOKS_MS)."""
        if self.verdict is None:
            return MODEL.p(row)
        seen = patch(raw, onset, rate_hz, LOOKS_MS[look])
        trees, nets = MODEL.score(row), self.verdict.score(seen, look)
        if self.ear is None or look < len(LOOKS_MS) - 1 or not is_near(seen):
            return probability(self.verdict.log_odds(trees, nets, look))
        return probability(self.verdict.near_log_odds(trees, nets, answers(self.ear, raw, onset, rate_hz)))
