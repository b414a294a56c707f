"""A survey's file as rows of cells: CSV as spreadsheets of any country write it, or GeoJSON (RFC 7946) of points.

A mark (BOM), semicolons or tabs, and empty rows are borne and said. Rows are counted as a spreadsheet counts them: the
headings are row 1; of GeoJSON the features are counted from 1.
"""

import csv
import io
import json
import pathlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hw.linux.settings import nearest
from soundpost.init.survey import Remarks

COLUMNS = {
    "pole": ("pole_id", "poleid", "id", "asset_id", "pole_no", "name"),
    "lat": ("latitude", "lat_deg", "y"),
    "lon": ("longitude", "lng", "long", "lon_deg", "x"),
    "height": ("height_m", "h", "h_m", "microphone_height_m"),
    "height_ft": ("height_feet", "h_ft"),
    "ground": ("ground_m", "elevation", "elevation_m"),
    "node": ("node_id",),
    "hardware": ("node_kind", "chip"),
    "bank": ("lamp_bank", "bank_url"),
    "channel": ("lamp_channel",),
    "rated_w": ("watts", "lamp_w"),
    "camera": ("camera_url",),
    "camera_user": (),
    "bearing": ("bearing_deg", "camera_bearing", "camera_bearing_deg"),
}
"""Column -> other headings that are taken for it; capitals, blanks and dashes do not matter."""
MEANS = {
    "pole": "its name: 1 to 32 letters, digits, dots, dashes or underscores",
    "lat": "latitude, degrees with decimals, WGS 84",
    "lon": "longitude, degrees with decimals, WGS 84; west of Greenwich below 0",
    "height": "of the microphone over the ground, 2 to 15 m; with a unit of its own as `21 ft`; feet with --feet",
    "height_ft": "the same in feet",
    "ground": "the ground's own height there, -450 to 6000 m; 0 where it is empty",
    "node": "the name of the node on it; without this column the pole's; an empty cell: a pole without a node",
    "hardware": "what the node is: linux, esp32s3 or rp2350; empty: linux",
    "bank": "the lamp's bank, a url as tcp://10.0.0.5:502; with channel",
    "channel": "which lamp of the bank, 0 to 65535; several as 0+1",
    "rated_w": "what the lamp draws at full light, 1 to 5000 W",
    "camera": "the camera's url, as http://10.0.0.9",
    "camera_user": "as whom the camera is asked; its password is asked for",
    "bearing": "true bearing of the camera's pan 0, -360 to 360 degrees",
}
"""Column -> what stands in it."""
NEED = ("pole", "lat", "lon")
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
SEP = re.compile(r"sep=([,;\t|])\r?\n")
MOST_BYTES, MOST_ROWS = 5_000_000, 2000


@dataclass(frozen=True, slots=True)
class Row:
    """One row's cells by column, those that are not empty."""

    number: int
    cells: Mapping[str, str]


def read_table(path: pathlib.Path, faults: Remarks, notes: Remarks) -> list[Row]:
    """The rows. What is wrong goes to faults, what was borne to notes. Raises ValueError for what is no survey at all,
    or OSError."""
    content = path.read_bytes()
    if len(content) > MOST_BYTES:
        raise ValueError(f"{path}: is larger than {MOST_BYTES // 1_000_000} MB; one gateway has 60 poles or so")
    text = _decoded(content, path, notes)
    is_geojson = path.suffix.lower() in (".geojson", ".json") or text.lstrip().startswith("{")
    rows = _features(text, path, faults) if is_geojson else _rows(text, path, faults, notes)
    if not rows and not faults:
        raise ValueError(f"{path}: has no pole in it; one a row, below the row that names the columns")
    if len(rows) > MOST_ROWS:
        raise ValueError(
            f"{path}: has {len(rows)} rows; must be 4 to {MOST_ROWS}: give each gateway a survey of its own"
        )
    return rows


def _decoded(content: bytes, path: pathlib.Path, notes: Remarks) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        notes.add("is UTF-16 (a spreadsheet's Unicode text); read as it is")
        return content.decode("utf-16", "replace")
    if content.startswith(b"\xef\xbb\xbf"):
        notes.add("begins with a mark (BOM), as some spreadsheets write it; left out, nothing to do")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        raise ValueError(f"{path}: row {row}: is not UTF-8 text; save it as `CSV UTF-8`") from None


def _rows(text: str, path: pathlib.Path, faults: Remarks, notes: Remarks) -> list[Row]:
    told = SEP.match(text)
    if told:
        notes.add("says itself how its columns are parted (sep=), as Excel writes it; left out, nothing to do", 1)
        text = text[told.end() - 1 :]  # the row stays, empty, so that the others keep their numbers
    delimiter = told[1] if told else _delimiter(text)
    if delimiter != ",":
        notes.add(f"its columns are parted by {DELIMITERS[delimiter]}; read so, nothing to do")
    records = _records(text, delimiter, path)
    first = next(((number, cells) for number, cells in records if any(map(str.strip, cells))), None)
    if first is None:
        raise ValueError(f"{path}: is empty; the first row names the columns: {', '.join(COLUMNS)}")
    columns = _columns(first[1], path, faults, notes)
    rows = []
    for number, cells in records[first[0] :]:
        given = [cell.strip() for cell in cells]
        if not any(given):
            notes.add("is empty; left out, nothing to do", number)
        elif any(given[len(columns) :]):
            hint = "; decimal commas? part the columns by semicolons, or write 38.9" if delimiter == "," else ""
            faults.add(f"has {len(cells)} cells, and there are {len(columns)} columns{hint}", number)
        else:
            named = zip(columns, given, strict=False)
            rows.append(Row(number, {column: cell for column, cell in named if column and cell}))
    return rows


def _records(text: str, delimiter: str, path: pathlib.Path) -> list[tuple[int, list[str]]]:
    """Rows by number. Raises ValueError naming the one that is none."""
    records: list[tuple[int, list[str]]] = []
    try:
        for record in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), start=1):
            records.append(record)
    except csv.Error:
        most = csv.field_size_limit()
        why = f"a cell has more than {most} letters; is a quote missing where it ends?"
        raise ValueError(f"{path}: row {len(records) + 1}: {why}") from None
    return records


def _delimiter(text: str) -> str:
    """What parts the most headings."""
    headings = next((line for line in text.splitlines() if line.strip()), "")
    return max(DELIMITERS, key=headings.count)


def _columns(headings: list[str], path: pathlib.Path, faults: Remarks, notes: Remarks) -> list[str]:
    """The column of each heading, "" of one that is not used."""
    columns, unused = [], []
    for heading in headings:
        column = _column(heading)
        if column and column in columns:
            faults.add(f"two columns are {column}; name one of them otherwise", 1)
        unused += [heading.strip()] if heading.strip() and not column else []
        columns.append(column)
    _check_columns(columns, unused, path)
    if unused:
        notes.add(f"columns that are not used: {', '.join(unused)}")
    return columns


def _column(heading: str) -> str:
    plain = re.sub(r"[\s.-]+", "_", heading.strip().lower())
    return next((column for column, others in COLUMNS.items() if plain == column or plain in others), "")


def _check_columns(columns: list[str], unused: list[str], path: pathlib.Path) -> None:
    """Raises ValueError naming all that is missing, and what may have been meant."""
    missing = [name for name in NEED if name not in columns]
    missing += [] if {"height", "height_ft"} & set(columns) else ["height"]
    if missing:
        near = [
            f"{each}{nearest(each.lower(), [*missing])}" for each in unused if "mean" in nearest(each.lower(), missing)
        ]
        hint = f"; {', '.join(near)}" if near else ""
        raise ValueError(f"{path}: row 1: no column {', '.join(missing)}{hint}; columns are {', '.join(COLUMNS)}")


def _features(text: str, path: pathlib.Path, faults: Remarks) -> list[Row]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: is not JSON ({error})") from None
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list):
        raise ValueError(f"{path}: is no GeoJSON survey: must be a FeatureCollection of points")
    rows = []
    for number, feature in enumerate(features, start=1):
        if cells := _cells(feature):
            rows.append(Row(number, cells))
        else:
            faults.add("is no point with properties; each pole is a Feature with a Point", number)
    return rows


def _cells(feature: Any) -> dict[str, str]:
    """A feature's properties by column, and its point; {} where it is no point (RFC 7946 3.1.2)."""
    geometry = feature.get("geometry") if isinstance(feature, dict) else None
    at = geometry.get("coordinates") if isinstance(geometry, dict) and geometry.get("type") == "Point" else None
    if not isinstance(at, list) or len(at) < 2:
        return {}
    properties = feature.get("properties")
    named = properties if isinstance(properties, dict) else {}
    cells = {
        column: str(value).strip() for key, value in named.items() if value is not None and (column := _column(key))
    }
    if isinstance(feature.get("id"), str | int):
        cells.setdefault("pole", str(feature["id"]))
    return {key: value for key, value in cells.items() if value} | {"lon": str(at[0]), "lat": str(at[1])}
