"""The tables of gateway.toml that say what is otherwise at a place, and of announced events; and the GeoJSON files that
they name: docs/how-to/policy.md."""

import pathlib
from datetime import datetime, timedelta
from typing import Annotated, Self

from pydantic import AwareDatetime, Field, model_validator

from dsp.geodesy import Site
from gateway.reaction.conditions import Change, Part, Region
from gateway.reaction.geojson import read_zones
from gateway.reaction.zones import Zone, disc
from gateway.tables import Placed, Table, Title

Grade = Annotated[str, Field(pattern=r"^[ABC]$")]
Share = Annotated[float, Field(ge=0, le=1)]
LONGEST = timedelta(days=31)


MOST_BYTES = 10_000_000


def geojson_text(path: pathlib.Path, most_bytes: int = MOST_BYTES) -> str:
    """The text of a file. Raises OSError, or ValueError of what is wrong: no file with an end, too large, no text."""
    if path.exists() and not path.is_file():
        raise ValueError("is no regular file")
    if path.stat().st_size > most_bytes:
        raise ValueError(f"is larger than {most_bytes // 1_000_000} MB")
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8 text") from None


class Ground:
    """Reads the GeoJSON files that the settings of a site name, beside the settings."""

    def __init__(self, folder: pathlib.Path, site: Site) -> None:
        self._folder = folder
        self._site = site

    def zones(self, field: str, file: str, within_m: float) -> tuple[Zone, ...]:
        """The zones of a file. Raises ValueError naming the field, the file and what is wrong."""
        path = self._folder / file
        try:
            return read_zones(geojson_text(path), self._site, within_m)
        except FileNotFoundError:
            raise ValueError(f"{field}: {path} is not there") from None
        except ValueError as error:
            raise ValueError(f"{field}: {path}: {error}") from None

    def one(self, field: str, name: str, file: str, within_m: float) -> Zone:
        """All zones of a file as one of this name."""
        found = self.zones(field, file, within_m)
        lines = tuple(line for zone in found for line in zone.lines)
        return Zone(name, lines, tuple(area for zone in found for area in zone.areas), within_m)

    def round_about(self, name: str, place: Placed, radius_m: float) -> Zone:
        """What lies within a radius of a place. Raises ValueError where that is not in a street of this site."""
        return disc(name, place.place(self._site), radius_m)


class ChangeTable(Table):
    """What is otherwise at some hour or place; what it does not name stays as it is.

    act : false: never then.
    min_grade : of the incident's best round.
    min_p_gunshot : of the incident's likeliest round.
    """

    act: bool | None = None
    min_grade: Grade | None = None
    min_p_gunshot: Share | None = None

    def change(self) -> Change:
        """As policy has it."""
        return Change(self.act, self.min_grade, self.min_p_gunshot)


class PartTable(ChangeTable):
    """What is otherwise at a place, and there by day or night.

    day : by day.
    night : by night.
    """

    day: ChangeTable = ChangeTable()
    night: ChangeTable = ChangeTable()

    def part(self) -> Part:
        """As policy has it."""
        return Part(self.change(), self.day.change(), self.night.change())


class RegionTable(Table):
    """A place: the areas and lines of a GeoJSON file, with what lies within_m of them.

    name : as the reasons in the journal call it.
    file : GeoJSON (RFC 7946).
    within_m : so near its lines and edges counts, too; needed where it has lines only.
    lights : what is otherwise of lamps.
    cameras : of cameras.
    clips : of evidence.
    announce : of what people are told.
    """

    name: Title
    file: str = Field(min_length=1, max_length=200)
    within_m: float = Field(default=0.0, ge=0, le=1000)
    lights: PartTable | None = None
    cameras: PartTable | None = None
    clips: PartTable | None = None
    announce: PartTable | None = None

    def region(self, ground: Ground) -> Region:
        """As policy has it. Raises ValueError for a file that cannot be used."""
        field = f"policy.zone {self.name}"
        zone = ground.one(f"{field}.file", self.name, self.file, self.within_m)
        if not zone.areas and not self.within_m:
            raise ValueError(f"{field}: {self.file} has lines only; say within_m, how near to them is in the zone")
        parts = {act: getattr(self, act) for act in ("lights", "cameras", "clips", "announce")}
        return Region(self.name, zone, {act: table.part() for act, table in parts.items() if table is not None})


class PlaceTable(Placed):
    """A place with a radius.

    radius_m : so near counts.
    """

    radius_m: float = Field(gt=0, le=5000)


class QuietTable(Table):
    """An announced event (a permit for fireworks): where, and from when until when. Lights are never otherwise.

    name : as incidents in it are marked.
    from_time : when it begins, with its offset from UTC.
    until : when it ends, 31 days later at most.
    file : GeoJSON (RFC 7946); or at.
    within_m : so near its lines and edges counts, too.
    at : a place with a radius; or file.
    cameras : what is otherwise of cameras.
    clips : of evidence.
    announce : of what people are told.
    """

    name: Title
    from_time: AwareDatetime = Field(alias="from")
    until: AwareDatetime
    file: str | None = Field(default=None, min_length=1, max_length=200)
    within_m: float = Field(default=0.0, ge=0, le=1000)
    at: PlaceTable | None = None
    cameras: PartTable | None = None
    clips: PartTable | None = None
    announce: PartTable | None = None

    @model_validator(mode="after")
    def _sense(self) -> Self:
        if (self.file is None) == (self.at is None):
            raise ValueError("give file (GeoJSON), or at = { lat_deg, lon_deg, h_m, radius_m }")
        if not timedelta(0) < self.until - self.from_time <= LONGEST:
            raise ValueError(f"until must be later than from, by {LONGEST.days} days at most")
        return self

    def region(self, ground: Ground) -> Region:
        """As policy has it. Raises ValueError for a place that cannot be used."""
        field = f"policy.quiet {self.name}"
        if self.at is not None:
            try:
                zone = ground.round_about(self.name, self.at, self.at.radius_m)
            except ValueError as error:
                raise ValueError(f"{field}: {error}") from None
        else:
            assert self.file is not None
            zone = ground.one(f"{field}.file", self.name, self.file, self.within_m)
            if not zone.areas and not self.within_m:
                raise ValueError(f"{field}: {self.file} has lines only; say within_m, how near to them counts")
        parts = {act: getattr(self, act) for act in ("cameras", "clips", "announce")}
        told = {act: table.part() for act, table in parts.items() if table is not None}
        return Region(self.name, zone, told, _us(self.from_time), _us(self.until))


def _us(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000)
