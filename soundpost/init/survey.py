"""What a survey says: poles with their nodes, lamps and cameras, each with the row that it stands in; and its faults.

A node is a `linux` one or a board's chip. Heights are metres over the ground there; ground_m is the ground's own
height, 0 where the survey has none.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

LINUX = "linux"
MOST_ROWS_NAMED = 6


@dataclass(frozen=True, slots=True)
class PoleAt:
    """A surveyed pole. node : the name of the device on it, "" where it has none. hardware : LINUX or a chip."""

    pole: str
    lat_deg: float
    lon_deg: float
    height_m: float
    ground_m: float = 0.0
    node: str = ""
    hardware: str = LINUX
    row: int = field(default=0, compare=False)

    @property
    def h_m(self) -> float:
        """Up of where heights begin."""
        return round(self.ground_m + self.height_m, 2)


@dataclass(frozen=True, slots=True)
class LampAt:
    """A lamp on a pole: which channel of which bank switches it."""

    name: str
    pole: str
    bank: str
    channel: int
    rated_w: float | None = None
    row: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class CameraAt:
    """A camera on a pole. bearing_deg : true bearing of its pan 0, as far as the survey knows it."""

    name: str
    pole: str
    url: str
    user: str = ""
    bearing_deg: float = 0.0
    row: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Survey:
    """The whole of it, by rows."""

    poles: tuple[PoleAt, ...]
    lamps: tuple[LampAt, ...] = ()
    cameras: tuple[CameraAt, ...] = ()

    def nodes(self) -> dict[str, PoleAt]:
        """The poles that have a node, by its name."""
        return {pole.node: pole for pole in self.poles if pole.node}

    def place(self, pole: str) -> PoleAt:
        """The pole of this name. Raises KeyError."""
        return next((each for each in self.poles if each.pole == pole), None) or _lost(pole)


def _lost(pole: str) -> PoleAt:
    raise KeyError(pole)


class Remarks:
    """What is wrong with a survey, or worth a word: a line for each kind, with all the rows that it is so in."""

    def __init__(self) -> None:
        self._rows: dict[str, list[int]] = {}

    def __bool__(self) -> bool:
        return bool(self._rows)

    def add(self, words: str, *rows: int) -> None:
        """rows : in which; none: it is so of the whole file."""
        self._rows.setdefault(words, []).extend(rows)

    def extend(self, others: "Remarks") -> None:
        """Those of another list, too."""
        for words, rows in others._rows.items():
            self.add(words, *rows)

    def lines(self) -> list[str]:
        """In the order of the rows; of the whole file first."""
        order = sorted(self._rows.items(), key=lambda each: min(each[1], default=0))
        return [f"{_named(rows)}{words}" for words, rows in order]


def _named(rows: Iterable[int]) -> str:
    """`row 4: `, `rows 2, 3 and 9 more: `"""
    numbers: Sequence[int] = sorted(set(rows))
    if not numbers:
        return ""
    if len(numbers) == 1:
        return f"row {numbers[0]}: "
    if len(numbers) <= MOST_ROWS_NAMED:
        return f"rows {', '.join(map(str, numbers[:-1]))} and {numbers[-1]}: "
    return f"rows {', '.join(map(str, numbers[:4]))} and {len(numbers) - 4} more: "
