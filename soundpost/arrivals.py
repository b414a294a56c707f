"""Arrivals as JSON lines, the input of `soundpost locate` (DESIGN section 4): every line checked before any is used.

A fault is a ValueError in one line, `FILE:LINE: field: what is wrong and the legal range`. Keys that are not known are
passed over, blank lines too; arrivals are numbered from 0 in the order of the lines that hold one.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Annotated, BinaryIO

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from gateway.incident import Arrival
from simulators.tables import within

MAX_LINE_BYTES = 65_536
MAX_T_US = 2**53  # every whole number up to it is exact in any program's JSON; it is the year 2255
MAX_SIGMA_US = 60_000_000
SAME_PLACE_M = 5.0  # a node that surveys itself by GNSS wanders: by up to 2.3 m in the live fire's pulses
PLAIN = {
    "missing": "missing",
    "json_invalid": "not JSON",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "string_type": "must be a string",
    "tuple_type": "must be a list of three numbers",
    "too_long": "must be a list of three numbers",
    "model_type": "must be an object",
}
"""Plainer words than pydantic's, by its kind of error."""


def _sigma(value: float) -> float:
    if not 0 < value <= MAX_SIGMA_US:
        raise ValueError(f"{value:g} is outside 0 (excluded) to {MAX_SIGMA_US} us")
    return value


Metres = Annotated[float, AfterValidator(within(-10_000_000, 10_000_000, "m"))]  # wide enough for UTM coordinates
LevelDb = Annotated[float, AfterValidator(within(-300, 300, "dB"))] | None


class ArrivalLine(BaseModel):
    """One line.

    node : who heard it.
    xyz_m : where that hangs, metres east, north, up; one place a node, within 5 m.
    t_us : when it was heard, microseconds; since 1970 UTC if what is placed is to have a true time.
    sigma_us : one sigma of t_us.
    snr_db : signal to noise.
    level_db : how loud.
    p_gunshot : how surely a gunshot.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    node: str = Field(min_length=1, max_length=128)
    xyz_m: tuple[Metres, Metres, Metres]
    t_us: Annotated[int, AfterValidator(within(-MAX_T_US, MAX_T_US, "us"))]
    sigma_us: Annotated[float, AfterValidator(_sigma)]
    snr_db: LevelDb = None
    level_db: LevelDb = None
    p_gunshot: Annotated[float, AfterValidator(within(0, 1))] | None = None

    def arrival(self, number: int) -> "Numbered":
        return Numbered(
            self.node,
            self.xyz_m,
            self.t_us,
            math.ceil(self.sigma_us),
            self.snr_db,
            self.level_db,
            self.p_gunshot,
            number=number,
        )


@dataclass(frozen=True, slots=True)
class Numbered(Arrival):
    """An arrival and its number in its file, which is no part of what makes two the same."""

    number: int = field(default=0, repr=False, compare=False)


def read_arrivals(file: BinaryIO, name: str) -> Iterator[Numbered]:
    """The arrivals of a file of JSON lines, as they are read; `name` is what faults call the file."""
    n_arrivals, line_of = 0, dict[str, tuple[int, Arrival]]()
    for number, line in enumerate(iter(lambda: file.readline(MAX_LINE_BYTES + 1), b""), start=1):
        if not line.strip():
            continue
        place = f"{name}:{number}"
        arrival = _read(line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line, place, n_arrivals)
        first, known = line_of.setdefault(arrival.node, (number, arrival))
        if math.dist(known.xyz_m, arrival.xyz_m) > SAME_PLACE_M:
            raise ValueError(
                f"{place}: xyz_m: {_shown(arrival.node)} stands at {_place(arrival.xyz_m)} here and at "
                f"{_place(known.xyz_m)} on line {first}; a node has one place, within {SAME_PLACE_M:g} m"
            )
        n_arrivals += 1
        yield arrival


def _read(line: bytes, place: str, number: int) -> Numbered:
    if len(line) > MAX_LINE_BYTES:
        raise ValueError(f"{place}: line: longer than {MAX_LINE_BYTES} bytes")
    try:
        return ArrivalLine.model_validate_json(line).arrival(number)
    except ValidationError as error:
        raise ValueError(f"{place}: {_fault(error)}") from error


def _fault(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False)[0]
    field = ".".join(str(part) for part in first["loc"] if part != "function-after") or "line"
    return f"{field}: {_shown(PLAIN.get(first['type'], first['msg'].removeprefix('Value error, ')), 200)}"


def _shown(text: str, limit: int = 40) -> str:
    """Text of others, short and without control characters."""
    printable = "".join(letter if letter.isprintable() else "?" for letter in text)
    return printable if len(printable) <= limit else printable[:limit] + "..."


def _place(xyz_m: Iterable[float]) -> str:
    return "[" + ", ".join(f"{metres:g}" for metres in xyz_m) + "]"
