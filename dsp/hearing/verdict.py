"""What is made of the voices that judge an impulse: the numbers of one file, which `make trainnet` writes.

Nets (dsp/hearing/net.py) whose log odds are averaged; at each look a straight line that makes one log odds of the
trees' and theirs; what the wide ear's answer to a near sound is worth, and the line for those sounds.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsp.hearing.ear_answers import N_ANSWERS
from dsp.hearing.net import Net, require
from dsp.hearing.patch import FIRST, LOOKS_MS, Patch
from dsp.hearing.weights import arrays

Floats = NDArray[np.float64]

VERSION = 1
MOST_BYTES = 4_000_000
MOST_NETS = 16
TREBLE = slice(16, None)  # bands of the patch, from 2.5 kHz on
NEAR = -1.1
"""Of the treble, in the patch's units of 30 dB: what has less of it came from afar, and is not shown to the wide ear,
which takes a blast at 300 m for anything. Of the live fire's shots 69 % have less, of the clips' gunshots none (chosen
on those)."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """lines : (len(LOOKS_MS), 3): what the log odds of the trees and of the nets count, and what is added. ear :
    (N_ANSWERS + 1,) what each of the wide ear's answers is worth, and what is added. near : (4,) for the last look at a
    near sound: trees, nets, ear, and what is added."""

    nets: tuple[Net, ...]
    lines: Floats
    ear: Floats
    near: Floats

    @classmethod
    def from_bytes(cls, content: bytes) -> "Verdict":
        """What a weights file says. Raises ValueError in a line for one that is cut, of another version, or does not
        fit this code."""
        kept = {name: _floats(name, each) for name, each in arrays(content, MOST_BYTES).items()}
        if kept.get("version", np.zeros(1)).tolist() != [VERSION]:
            raise ValueError(f"not of version {VERSION}")
        n_nets = len({name.partition("/")[0] for name in kept if "/" in name})
        if not 1 <= n_nets <= MOST_NETS or not {"lines", "ear", "near"} <= set(kept):
            raise ValueError(f"{n_nets} nets in it, and of its lines {sorted(set(kept) & {'lines', 'ear', 'near'})}")
        nets = tuple(Net.from_arrays(kept, f"{index}/") for index in range(n_nets))
        require(kept["lines"], (len(LOOKS_MS), 3), "lines")
        require(kept["ear"], (N_ANSWERS + 1,), "ear")
        require(kept["near"], (4,), "near")
        return cls(nets, kept["lines"], kept["ear"], kept["near"])

    def score(self, patch: Patch, look: int) -> float:
        """The nets' log odds, not calibrated."""
        return float(np.mean([net.score(patch, look) for net in self.nets]))

    def log_odds(self, trees: float, nets: float, look: int) -> float:
        """Of a gunshot, calibrated. trees : their log odds at the first look."""
        of_trees, of_nets, offset = self.lines[look]
        return float(of_trees * trees + of_nets * nets + offset)

    def near_log_odds(self, trees: float, nets: float, heard: Floats) -> float:
        """The same of a near sound at the last look. heard : (N_ANSWERS,) of the wide ear."""
        of_trees, of_nets, of_ear, offset = self.near
        ear = float(self.ear[:-1] @ heard + self.ear[-1])
        return float(of_trees * trees + of_nets * nets + of_ear * ear + offset)


def is_near(patch: Patch) -> bool:
    """Whether a sound has too much treble to have come from afar."""
    top = patch[FIRST].max(axis=0)
    return float(top[TREBLE].mean() - top.max()) > NEAR


def _floats(name: str, values: NDArray[Any]) -> Floats:
    if values.dtype.kind not in "fiu":
        raise ValueError(f"{name} holds no numbers")
    return values.astype(float)
