"""The nearest street address, or street, of a place: an SQLite file that stands beside the base map.

Houses are points, streets stretches; each lies in the cells of a grid that it touches, so that a look reads nine cells.
Distances are on a plane that touches the earth at the place asked for (6,371 km, mean radius): good to a per mille over
such lengths.
"""

import contextlib
import math
import pathlib
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

APPLICATION_ID, VERSION = 0x534E4450, 1
MARKS = ("application_id", "user_version")
CELL_DEG = 0.002
"""222 m from south to north; from west to east as much at the equator, 111 m at 60 degrees."""
M_PER_DEG = math.pi * 6_371_000 / 180
NONE_OF_OURS = "is no list of places of `soundpost map build`"
HOUSE_M, STREET_M = 60.0, 100.0
"""A house is told up to so far off, a street where there is no house."""
CROSSING_M = 15.0
"""Two streets that are as near as this: a crossing, told by both names."""

SCHEMA = f"""
create table house (cell_lat integer, cell_lon integer, lat real, lon real, words text not null);
create table stretch (cell_lat integer, cell_lon integer, lat1 real, lon1 real, lat2 real, lon2 real,
    name text not null);
pragma application_id = {APPLICATION_ID};
pragma user_version = {VERSION};
"""
INDEXES = """
create index house_cell on house (cell_lat, cell_lon);
create index stretch_cell on stretch (cell_lat, cell_lon);
"""
WITHIN = " where cell_lat between ? and ? and cell_lon between ? and ?"


@dataclass(frozen=True, slots=True)
class House:
    """words : as it is told, number and street."""

    lat_deg: float
    lon_deg: float
    words: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """A straight piece of a street, from one (lat, lon) in degrees to another."""

    begins: tuple[float, float]
    ends: tuple[float, float]
    name: str


def places_beside(map_file: pathlib.Path) -> pathlib.Path:
    """Where the list of places of a base map is."""
    return map_file.with_suffix(".places.sqlite")


def write_places(path: pathlib.Path, houses: Iterable[House], stretches: Iterable[Stretch]) -> int:
    """A new file. Comes back: how many houses. Raises OSError naming it where it cannot be written."""
    try:
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.executescript(SCHEMA)
            connection.execute("begin")
            rows = ((*_cell(each.lat_deg, each.lon_deg), each.lat_deg, each.lon_deg, each.words) for each in houses)
            n_houses = connection.executemany("insert into house values (?, ?, ?, ?, ?)", rows).rowcount
            pieces = (row for each in stretches for row in _in_cells(each))
            connection.executemany("insert into stretch values (?, ?, ?, ?, ?, ?, ?)", pieces)
            connection.execute("commit")
            connection.executescript(INDEXES)
            return max(n_houses, 0)
    except sqlite3.OperationalError as error:
        raise OSError(f"{path}: cannot be written ({error})") from error


class Places:
    """path : of `write_places`. Raises ValueError naming it where it is none, OSError where it is not there."""

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path
        path.stat()
        try:
            with self._opened() as connection:
                known = [
                    connection.execute(f"pragma {key}").fetchone()[0] for key in ("application_id", "user_version")
                ]
                connection.execute("select count(*) from house where cell_lat = 0").fetchone()
        except sqlite3.Error as error:
            raise ValueError(f"{path}: {NONE_OF_OURS}, or is damaged ({error})") from None
        if known != [APPLICATION_ID, VERSION]:
            raise ValueError(f"{path}: {NONE_OF_OURS}, or of another version")

    def nearest(self, lat_deg: float, lon_deg: float) -> str:
        """In words: a house with its number, `12 Main Street`, and how far off it is where that is more than 10 m; else
        the street, of a crossing both with ` / ` between them; or "", also where the file has become unreadable."""
        try:
            with self._opened() as connection:
                return self._house(connection, lat_deg, lon_deg) or self._street(connection, lat_deg, lon_deg)
        except sqlite3.Error:
            return ""

    def _house(self, connection: sqlite3.Connection, lat_deg: float, lon_deg: float) -> str:
        found = _around(connection, "select lat, lon, words from house", lat_deg, lon_deg)
        here = ((math.hypot(*_metres(lat_deg, lon_deg, lat, lon)), words) for lat, lon, words in found)
        m, words = min(here, default=(math.inf, ""))
        return _told(m, words, HOUSE_M)

    def _street(self, connection: sqlite3.Connection, lat_deg: float, lon_deg: float) -> str:
        away_m: dict[str, float] = {}
        found = _around(connection, "select lat1, lon1, lat2, lon2, name from stretch", lat_deg, lon_deg)
        for lat1, lon1, lat2, lon2, name in found:
            m = _to_stretch_m(_metres(lat_deg, lon_deg, lat1, lon1), _metres(lat_deg, lon_deg, lat2, lon2))
            away_m[name] = min(m, away_m.get(name, math.inf))
        near = sorted((m, name) for name, m in away_m.items())
        crossing = [name for m, name in near if m <= CROSSING_M]
        if len(crossing) > 1:
            return " / ".join(crossing[:2])
        return _told(*near[0], STREET_M) if near else ""

    @contextlib.contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        uri = f"{self._path.absolute().as_uri()}?mode=ro&immutable=1"
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
            yield connection


def _told(m: float, words: str, most_m: float) -> str:
    if m > most_m:
        return ""
    return words if m <= 10 else f"{words}, {m:.0f} m"


def _cell(lat_deg: float, lon_deg: float) -> tuple[int, int]:
    return math.floor(lat_deg / CELL_DEG), math.floor(lon_deg / CELL_DEG)


def _in_cells(stretch: Stretch) -> Iterator[tuple[object, ...]]:
    """A row for each cell of the box that holds it: long ones are told in pieces by whoever makes them."""
    (lat1, lon1), (lat2, lon2) = _cell(*stretch.begins), _cell(*stretch.ends)
    for lat in range(min(lat1, lat2), max(lat1, lat2) + 1):
        for lon in range(min(lon1, lon2), max(lon1, lon2) + 1):
            yield lat, lon, *stretch.begins, *stretch.ends, stretch.name


def _around(connection: sqlite3.Connection, query: str, lat_deg: float, lon_deg: float) -> sqlite3.Cursor:
    """Those of a cell and its neighbours; as many to each side as hold STREET_M at this latitude."""
    lat, lon = _cell(lat_deg, lon_deg)
    wide = math.ceil(STREET_M / (CELL_DEG * M_PER_DEG * max(math.cos(math.radians(lat_deg)), 0.01)))
    return connection.execute(query + WITHIN, (lat - 1, lat + 1, lon - wide, lon + wide))


def _metres(from_lat: float, from_lon: float, lat: float, lon: float) -> tuple[float, float]:
    """East and north of one place as seen from another."""
    return (lon - from_lon) * M_PER_DEG * math.cos(math.radians(from_lat)), (lat - from_lat) * M_PER_DEG


def _to_stretch_m(begins: tuple[float, float], ends: tuple[float, float]) -> float:
    """From the origin to the nearest point of a stretch."""
    along = (ends[0] - begins[0], ends[1] - begins[1])
    long2 = along[0] ** 2 + along[1] ** 2
    share = 0.0 if long2 == 0 else -(begins[0] * along[0] + begins[1] * along[1]) / long2
    share = min(max(share, 0.0), 1.0)
    return math.hypot(begins[0] + share * along[0], begins[1] + share * along[1])
