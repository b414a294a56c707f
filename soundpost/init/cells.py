"""From a survey's cells to poles, lamps and cameras. Every fault is found, not only the first."""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from firmware.workshop.chips import ARCHITECTURES
from gateway.tables import web_url
from hw.linux.settings import NAME
from soundpost.init.survey import LINUX, CameraAt, LampAt, PoleAt, Remarks, Survey
from soundpost.init.table import Row

FOOT_M = 0.3048
"""The international foot (general knowledge)."""
LOWEST_M, HIGHEST_M = 2.0, 15.0
"""How high over the ground a microphone may hang; what is outside is asked about."""
USUAL_M = 12.0
HARDWARE = (LINUX, *ARCHITECTURES)
IDENTITIES = ("gateway", "broker")
"""Names that the gateway and the broker have in certificates."""
NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")
URL = re.compile(r"https?://[^@\s\"\\]{1,190}")
BANK = re.compile(r"[a-z]+://[^@\s\"\\]{0,190}")
USER = re.compile(r"[A-Za-z0-9._@-]{0,64}")
"""What goes into a config in quotes has none itself."""


def read_survey(rows: Sequence[Row], feet: bool, faults: Remarks, notes: Remarks) -> Survey:
    """feet : heights without a unit are in feet. What cannot be read is left out of what comes back, and is a fault."""
    has_nodes = any("node" in row.cells for row in rows)
    poles, lamps, cameras = [], [], []
    for row in rows:
        cells = _Cells(row, faults, notes)
        if pole := _pole(cells, feet, has_nodes):
            poles.append(pole)
            lamps += _lamps(cells, pole.pole)
            cameras += _camera(cells, pole.pole)
    _in_feet(poles, feet, faults)
    _unlike("pole", [(pole.pole, pole.row) for pole in poles], faults)
    _unlike("node", [(pole.node, pole.row) for pole in poles if pole.node], faults)
    _unlike("lamp", [(f"channel {lamp.channel} of {lamp.bank}", lamp.row) for lamp in lamps], faults)
    _unlike("camera", [(camera.url, camera.row) for camera in cameras], faults)
    return Survey(tuple(poles), tuple(lamps), tuple(cameras))


class _Cells:
    """One row's cells, read one by one."""

    def __init__(self, row: Row, faults: Remarks, notes: Remarks) -> None:
        self.number, self._cells = row.number, row.cells
        self._faults, self._notes = faults, notes

    def fault(self, words: str) -> None:
        self._faults.add(words, self.number)

    def text(self, column: str) -> str:
        return self._cells.get(column, "")

    def float(self, column: str, low: float, high: float, usual: float | None = None) -> float | None:
        """The number; `usual` where the cell is empty; None with a fault said."""
        text = self.text(column)
        if not text:
            if usual is None:
                self.fault(f"has no {column}; measure it, or take the row out")
            return usual
        if not NUMBER.fullmatch(text):
            hint = " (write degrees with decimals, as 38.90012)" if column in ("lat", "lon") else ""
            self.fault(f"{column} {text[:30]!r} is no number{hint}")
            return None
        if "," in text:
            self._notes.add("has decimal commas; read as decimal points, nothing to do", self.number)
        value = float(text.replace(",", "."))
        if not low <= value <= high:
            self.fault(f"{column} {text} must be {low:g} to {high:g}")
            return None
        return value


def _pole(cells: _Cells, feet: bool, has_nodes: bool) -> PoleAt | None:
    """None where the row has a fault without which it makes no pole."""
    name, node = cells.text("pole"), cells.text("node")
    node = node if has_nodes else name
    is_good = _is_name(cells, "pole", name) and (not has_nodes or not node or _is_name(cells, "node", node))
    if node.lower() in IDENTITIES:
        cells.fault(f"a node cannot be called {node}: that is the {node.lower()}'s own name")
    hardware = cells.text("hardware").lower() or LINUX
    if hardware not in HARDWARE:
        cells.fault(f"hardware {hardware[:30]!r} must be one of {', '.join(HARDWARE)}")
    # -180 to 180 of both: a latitude above 90 is told as swapped, with what is so of the others
    lat_deg, lon_deg = cells.float("lat", -180, 180), cells.float("lon", -180, 180)
    height_m = _height_m(cells, feet)
    ground_m = cells.float("ground", -450, 6000, 0.0)
    if lat_deg is None or lon_deg is None or height_m is None or ground_m is None or not is_good:
        return None
    return PoleAt(name, lat_deg, lon_deg, height_m, ground_m, node, hardware, cells.number)


def _is_name(cells: _Cells, what: str, name: str) -> bool:
    if NAME.fullmatch(name) and name[0] not in ".-":
        return True
    if not name:
        cells.fault(f"has no {what}; give it a name, or take the row out")
        return False
    legal = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:32] or f"{what}-{cells.number}"
    cells.fault(f"{what} {name[:40]!r}: a name has 1 to 32 letters, digits, dots, dashes or underscores; write {legal}")
    return False


def _height_m(cells: _Cells, feet: bool) -> float | None:
    """Metres over the ground; what is out of range stays as it is, and is told by `_in_feet`."""
    for column in ("height_ft", "height"):
        text = cells.text(column)
        found = re.fullmatch(r"([+-]?\d+(?:[.,]\d+)?)\s*(m|ft|feet|')?", text, re.IGNORECASE)
        if text and not found:
            cells.fault(f"{column} {text[:30]!r} is no number; write metres over the ground, as 6.5")
            return None
        if found:
            value, unit = float(found[1].replace(",", ".")), (found[2] or "").lower()
            is_feet = unit not in ("m", "") or (not unit and (feet or column == "height_ft"))
            return round(value * FOOT_M, 2) if is_feet else value
    return cells.float("height", 0, 0)


def _in_feet(poles: Sequence[PoleAt], feet: bool, faults: Remarks) -> None:
    """Heights that no microphone hangs at: where feet explain them, that is said."""
    heights = sorted(pole.height_m for pole in poles)
    if heights and not feet and heights[len(heights) // 2] > USUAL_M and heights[0] * FOOT_M >= 1.0:
        low, high = heights[0], heights[-1]
        words = f"heights of {low:g} to {high:g} look like feet ({low * FOOT_M:.1f} to {high * FOOT_M:.1f} m)"
        if high * FOOT_M <= HIGHEST_M:
            faults.add(f"{words}; give --feet, or call the column height_ft", *(pole.row for pole in poles))
            return
    for pole in poles:
        if not LOWEST_M <= pole.height_m <= HIGHEST_M:
            in_m = pole.height_m * FOOT_M
            hint = f"; in feet it would be {in_m:.1f} m" if LOWEST_M <= in_m <= HIGHEST_M and not feet else ""
            legal = f"must be {LOWEST_M:g} to {HIGHEST_M:g} m over the ground{hint}"
            faults.add(f"a height of {pole.height_m:g} m {legal} (the ground's own height goes into ground)", pole.row)


def _lamps(cells: _Cells, pole: str) -> list[LampAt]:
    bank, channels = cells.text("bank"), cells.text("channel")
    if not bank and not channels:
        return []
    if not bank or not channels:
        cells.fault("a lamp needs bank and channel, both (bank: tcp://10.0.0.5:502)")
        return []
    if not BANK.fullmatch(bank) or not _is_bank(bank):
        cells.fault(
            f"bank {bank[:40]!r} must be a url as tcp://10.0.0.5:502 or rtu:///dev/ttyUSB1?baud=19200 "
            "(lamps behind TALQ: leave them out here, and write them into gateway.toml by hand: docs/how-to/lamps.md)"
        )
        return []
    parts = re.split(r"\s*[+/ ]\s*", channels)
    if not all(re.fullmatch(r"\d{1,5}", part) and int(part) <= 65_535 for part in parts):
        cells.fault(f"channel {channels[:30]!r} must be a number, 0 to 65535, or several as 0+1")
        return []
    rated_w = cells.float("rated_w", 1, 5000, -1.0)
    names = [pole] if len(parts) == 1 else [f"{pole[:29]}-{n}" for n in range(1, len(parts) + 1)]
    rated = rated_w if rated_w is not None and rated_w > 0 else None
    return [LampAt(*each, rated, cells.number) for each in _zipped(names, pole, bank, parts)]


def _is_bank(url: str) -> bool:
    """Of a kind that a gateway has (hw/modbus_line.py), with a host and a port where it needs them."""
    try:
        parts = urlsplit(url)
        is_tcp_good = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    if not url.isascii() or not url.isprintable():
        return False
    return {"tcp": is_tcp_good, "rtu": bool(parts.path), "dali": bool(parts.path), "gpio": True}.get(
        parts.scheme, False
    )


def _is_camera(url: str) -> bool:
    try:
        web_url(url)
    except ValueError:
        return False
    return True


def _zipped(names: Sequence[str], pole: str, bank: str, parts: Sequence[str]) -> list[tuple[str, str, str, int]]:
    return [(name, pole, bank, int(part)) for name, part in zip(names, parts, strict=True)]


def _camera(cells: _Cells, pole: str) -> list[CameraAt]:
    url = cells.text("camera")
    if not url:
        return []
    if not URL.fullmatch(url) or not _is_camera(url):
        cells.fault(f"camera {url[:40]!r} must be http://HOST or https://HOST, without a user (column camera_user)")
        return []
    user = cells.text("camera_user")
    if not USER.fullmatch(user):
        cells.fault(f"camera_user {user[:30]!r} must be at most 64 letters, digits, dots, dashes, underscores or @")
    bearing_deg = cells.float("bearing", -360, 360, 0.0)
    return [CameraAt(pole, pole, url, user, bearing_deg or 0.0, cells.number)]


def _unlike(what: str, named: Sequence[tuple[str, int]], faults: Remarks) -> None:
    rows: dict[str, list[int]] = {}
    for name, row in named:
        rows.setdefault(name, []).append(row)
    for name, of_it in rows.items():
        if len(of_it) > 1:
            faults.add(
                f"{what} {name} stands there {len(of_it)} times; take all but one out, or name them apart", *of_it
            )
