"""Tables that others wrote (TOML and JSON): read into models, and all faults told in one line.

Faults are one ValueError `FILE: table.field: what is wrong and the legal range; ...`; a file that cannot be opened an
OSError.
"""

import codecs
import contextlib
import json
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError

from hw.linux.settings import all_faults

MAX_BYTES = 64 * 1024 * 1024  # the largest table known, a live-fire pulse list, has 0.1 MB

M = TypeVar("M", bound=BaseModel)


class Strict(BaseModel):
    """A table of ours: an unknown key is a fault."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Patient(BaseModel):
    """A table of others: what we do not use is passed over."""

    model_config = ConfigDict(extra="ignore", frozen=True)


@dataclass(frozen=True, slots=True)
class Within:
    """A check for a pydantic field that says the legal range; refuses NaN."""

    low: float
    high: float
    unit: str = ""

    def __call__(self, value: Any) -> Any:
        """The value. Raises ValueError for one outside."""
        if not self.low <= value <= self.high:
            raise ValueError(f"{value} is outside {self.low} to {self.high} {self.unit}".rstrip())
        return value


@dataclass(frozen=True, slots=True)
class OneOf:
    """A check for a pydantic field of a few words."""

    words: tuple[str, ...]

    def __call__(self, word: str) -> str:
        """The word. Raises ValueError for another, with all that there are."""
        if word not in self.words:
            raise ValueError(f"{word!r} is not one of {', '.join(self.words)}")
        return word


within = Within


def _utc_us(moment: Any) -> int:
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    if not isinstance(moment, datetime) or moment.tzinfo is None or not 1970 <= moment.year <= 2200:
        raise ValueError("not a time like 2026-11-22T05:20:54.178Z, 1970 to 2200")
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


Metres = Annotated[float, AfterValidator(within(-100_000, 100_000, "m"))]
LatDeg = Annotated[float, AfterValidator(within(-90, 90, "degrees"))]
LonDeg = Annotated[float, AfterValidator(within(-180, 180, "degrees"))]
HeightM = Annotated[float, AfterValidator(within(-500, 9_000, "m"))]
TemperatureC = Annotated[float, AfterValidator(within(-60, 60, "C"))]
HumidityPct = Annotated[float, AfterValidator(within(0, 100, "%"))]
WindMps = Annotated[float, AfterValidator(within(0, 60, "m/s"))]
AzimuthDeg = Annotated[float, AfterValidator(within(0, 360, "degrees"))]
LevelDb = Annotated[float, AfterValidator(within(-200, 250, "dB"))]
XyzM = tuple[Metres, Metres, Metres]
Utc = Annotated[int, BeforeValidator(_utc_us)]
"""Written as an ISO 8601 time with its offset, held as int microseconds UTC."""


def read_json(path: Path, model: type[M]) -> M:
    """A JSON file as this model."""
    return check_json(_read(path), model, str(path))


def check_json(text: bytes, model: type[M], name: str) -> M:
    """JSON bytes as this model; `name` opens the line of a fault."""
    try:
        return model.model_validate_json(text.removeprefix(codecs.BOM_UTF8))
    except ValidationError as error:
        raise ValueError(f"{name}: {all_faults(error, model, _document(text))}") from error


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file's tables, unchecked."""
    try:
        return tomllib.loads(_read(path).decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:  # TOMLDecodeError and UnicodeDecodeError are ValueErrors
        raise ValueError(f"{path}: not TOML: {error}") from error


def check(tables: dict[str, Any], model: type[M], name: str) -> M:
    """Tables as this model; `name` opens the line of a fault."""
    try:
        return model.model_validate(tables)
    except ValidationError as error:
        raise ValueError(f"{name}: {all_faults(error, model, tables)}") from error


def _document(text: bytes) -> dict[str, Any]:
    """JSON as tables, for names in a fault; none where it is no JSON, which is then the fault."""
    with contextlib.suppress(ValueError, RecursionError):
        document: dict[str, Any] = json.loads(text)
        return document
    return {}


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        text = file.read(MAX_BYTES + 1)
    if len(text) > MAX_BYTES:
        raise ValueError(f"{path}: larger than {MAX_BYTES} bytes")
    return text
