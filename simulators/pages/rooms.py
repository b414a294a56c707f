"""`python -m simulators.pages.rooms`: draws the house, docs/rooms.svg, from the table of its walls, docs/walls.toml.

Each room is a panel, each row of the table a box (a file's within a wing is its wing's); within a room a box stands
above all that it imports. An arrow runs from whoever imports to what is imported, to another room one for all of it:
what may not be imported has none. What knows all of its own room has none there.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path

ROOT = Path(__file__).parents[2]
WALLS, PICTURE = ROOT / "docs" / "walls.toml", ROOT / "docs" / "rooms.svg"
ABOVE = ("soundpost", "simulators")  # they may import every room below: no arrows, the picture says so
WORDS = {
    "soundpost": "the command line: parse, call, print",
    "simulators": "the city without the city",
    "firmware": "what a node is",
    "gateway": "what the street's events mean",
    "hw": "what touches atoms",
    "dsp": "laws of sound and place",
}
COLOURS = {"firmware": "#1f6f8b", "gateway": "#7a3e9d", "hw": "#8a5a00", "dsp": "#2f7d32"}
BOX_W, BOX_H, GAP_W, GAP_H, EDGE, TITLE, SIDE_H = 134, 30, 14, 44, 18, 30, 190
STYLE = """text{font:12px system-ui,sans-serif;fill:#222}.room{font-weight:600;font-size:14px}.say{fill:#555}
.panel{fill:#fafafa;stroke:#ccc}.box{fill:#fff;stroke-width:1.5}.arrow{fill:none;stroke-width:1;opacity:.45}
@media(prefers-color-scheme:dark){svg{background:#fff}}"""


@dataclass(frozen=True, slots=True)
class Box:
    """A row of the table, and where it is drawn."""

    row: str
    x: float
    y: float

    @property
    def label(self) -> str:
        """What it is called within its room."""
        room, _, name = self.row.partition("/")
        return name or ("the records" if room == "gateway" else f"{room}/*")


def drawing(may: Mapping[str, Sequence[str]]) -> str:
    """The picture as SVG."""
    may = by_wing(may)
    wide = {room: _floors(room, may) for room in COLOURS}
    width = _width(wide["firmware"]) + _width(wide["gateway"]) + 3 * EDGE
    top = EDGE + 50
    low = top + max(_height(wide["firmware"]), _height(wide["gateway"])) + 2 * EDGE
    right = width - EDGE - _width(wide["dsp"])
    corners = {
        "firmware": (EDGE, low - 2 * EDGE - _height(wide["firmware"])),
        "gateway": (2 * EDGE + _width(wide["firmware"]), top),
        "hw": (EDGE, low),
        "dsp": (right, low),
    }
    height = low + max(_height(wide["hw"]), _height(wide["dsp"])) + EDGE
    boxes = {box.row: box for room, corner in corners.items() for box in _boxes(wide[room], *corner)}
    panels = [_panel(room, *corners[room], _width(wide[room]), _height(wide[room])) for room in corners]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img"><title>The rooms of Soundpost, and who may import whom</title><style>{STYLE}</style>'
    )
    drawn = (
        *_roofs(width),
        *panels,
        *_arrows(may, boxes, {room: (*corners[room], _width(wide[room])) for room in corners}),
        *(_drawn(box) for box in boxes.values()),
    )
    return "\n".join((head, *drawn, "</svg>")) + "\n"


def by_wing(may: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """A row of a file within a wing is drawn as its wing's."""
    found: dict[str, list[str]] = {}
    for row, allowed in may.items():
        found.setdefault("/".join(row.split("/")[:2]), []).extend(allowed)
    return found


def targets(row: str, may: Mapping[str, Sequence[str]]) -> set[str]:
    """The other rows that a row may import something of."""
    found = {_row_of(each, may) for each in may[row]}
    whole = {other for each in may[row] for other in may if other.startswith(each + "/")}
    return (found | whole) - {row}


def _row_of(allowed: str, may: Mapping[str, Sequence[str]]) -> str:
    name = allowed.removesuffix("/*")
    while name not in may:
        name = name.rsplit("/", 1)[0]
    return name


def _floors(room: str, may: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """The rows of a room, floor by floor, the lowest first."""
    rows = [row for row in may if row.split("/")[0] == room]

    @cache
    def floor(row: str) -> int:
        return max((1 + floor(each) for each in targets(row, may) if each in rows), default=0)

    found: list[list[str]] = [[] for _ in range(1 + max(map(floor, rows)))]
    for row in rows:
        found[floor(row)].append(row)
    return found


def _width(floors: Sequence[Sequence[str]]) -> int:
    return max(map(len, floors)) * (BOX_W + GAP_W) - GAP_W + 2 * EDGE


def _height(floors: Sequence[Sequence[str]]) -> int:
    return len(floors) * (BOX_H + GAP_H) - GAP_H + 2 * EDGE + TITLE


def _boxes(floors: Sequence[Sequence[str]], x: float, y: float) -> list[Box]:
    found = []
    for up, rows in enumerate(reversed(floors)):
        inset = (_width(floors) - (len(rows) * (BOX_W + GAP_W) - GAP_W)) / 2
        at_y = y + TITLE + EDGE + up * (BOX_H + GAP_H)
        found += [Box(row, x + inset + i * (BOX_W + GAP_W), at_y) for i, row in enumerate(rows)]
    return found


def _roofs(width: int) -> list[str]:
    """The two rooms that may import everything below."""
    half = (width - 3 * EDGE) / 2
    found = []
    for i, room in enumerate(ABOVE):
        x = EDGE + i * (half + EDGE)
        words = f"{WORDS[room]}; imports every room below"
        found.append(f'<rect class="panel" x="{x:g}" y="{EDGE}" width="{half:g}" height="34" rx="6"/>')
        found.append(f'<text x="{x + 12:g}" y="{EDGE + 22}"><tspan class="room">{room}/</tspan> {escape(words)}</text>')
    return found


def _panel(room: str, x: float, y: float, width: int, height: int) -> str:
    say = f'<tspan class="say">{escape(WORDS[room])}</tspan>'
    title = f'<tspan class="room" style="fill:{COLOURS[room]}">{room}/</tspan> {say}'
    return (
        f'<rect class="panel" x="{x:g}" y="{y:g}" width="{width}" height="{height}" rx="8"/>'
        f'<text x="{x + EDGE:g}" y="{y + 24:g}">{title}</text>'
    )


def _arrows(
    may: Mapping[str, Sequence[str]], boxes: Mapping[str, Box], panels: Mapping[str, tuple[float, float, float]]
) -> list[str]:
    """From the foot of whoever imports to the head of what is imported; to another room one arrow, to its panel."""
    found = []
    for row, box in boxes.items():
        room = _room(row)
        others = sorted(targets(row, may) & boxes.keys())
        ends = [(boxes[each].x + BOX_W / 2, boxes[each].y) for each in others if _room(each) == room]
        if len(ends) == len([each for each in boxes if _room(each) == room]) - 1:
            ends = []  # it knows everybody
        for x, y, width in (panels[_room(each)] for each in others if _room(each) != room):
            ends.append((min(max(box.x + BOX_W / 2, x + EDGE), x + width - EDGE), y))
        found += [_arrow(row, box.x + BOX_W / 2, box.y + BOX_H, *end) for end in dict.fromkeys(ends)]
    return found


def _arrow(row: str, x0: float, y0: float, x1: float, y1: float) -> str:
    """From above into the head of what lies below; from the side into what lies beside."""
    bend = max(24.0, abs(y1 - y0) / 2)
    near = f"{x1:g} {y1 - bend:g} {x1:g} {y1:g}"
    if y1 <= y0:
        near = f"{x1 + 3 * EDGE:g} {y1 + SIDE_H} {x1 + EDGE:g} {y1 + SIDE_H}"
    way = f"M{x0:g} {y0:g}C{x0:g} {y0 + bend:g} {near}"
    return f'<path class="arrow" stroke="{COLOURS[_room(row)]}" d="{way}"/>'


def _room(row: str) -> str:
    return row.split("/", maxsplit=1)[0]


def _drawn(box: Box) -> str:
    colour = COLOURS[box.row.split("/")[0]]
    return (
        f'<rect class="box" stroke="{colour}" x="{box.x:g}" y="{box.y:g}" width="{BOX_W}" height="{BOX_H}" rx="5"/>'
        f'<text x="{box.x + BOX_W / 2:g}" y="{box.y + 20:g}" text-anchor="middle">{escape(box.label)}</text>'
    )


if __name__ == "__main__":
    PICTURE.write_text(drawing(tomllib.loads(WALLS.read_text())["may"]))
