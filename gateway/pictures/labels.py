"""Where names stand on a map: beside what they name, inside the picture, and never one on another."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.pictures import svg

Place = tuple[float, float]
Box = tuple[float, float, float, float]

LETTER, HEIGHT = 8.6, 15.0  # of the page's 13 px type: an average letter at its widest, and a line
BESIDE = ((8.0, -8.0, "start"), (8.0, 16.0, "start"), (-8.0, -8.0, "end"), (-8.0, 16.0, "end"), (0.0, 24.0, "middle"))
BELOW = ((0.0, 22.0, "middle"), (0.0, -14.0, "middle"), *BESIDE[:4], (0.0, 40.0, "middle"), (0.0, -30.0, "middle"))
"""Where a name may stand, best first: x and y from what it names, and which end of it is there."""


@dataclass(frozen=True, slots=True)
class Label:
    """A name, where on the picture what it names is, and how it is written."""

    words: str
    at: Place
    class_: str
    sides: tuple[tuple[float, float, str], ...] = BESIDE


def placed(labels: Sequence[Label], width: float, height: float) -> list[str]:
    """SVG of the names, the first ones first served; one that has room nowhere is left out."""
    taken: list[Box] = []
    drawn = []
    for label in labels:
        for x, y, anchor in label.sides if label.words else ():
            at = (label.at[0] + x, label.at[1] + y)
            box = _box(label.words, at, anchor)
            if box[0] >= 0 and box[2] <= width and box[1] >= 0 and box[3] <= height and not _on_any(box, taken):
                taken.append(box)
                drawn.append(svg.text(label.words, *at, label.class_, anchor))
                break
    return drawn


def _box(words: str, at: Place, anchor: str) -> Box:
    wide = LETTER * len(words)
    left = at[0] - {"start": 0.0, "middle": wide / 2, "end": wide}[anchor]
    return left, at[1] - HEIGHT + 4, left + wide, at[1] + 4


def _on_any(box: Box, others: Sequence[Box]) -> bool:
    return any(box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3] for other in others)
