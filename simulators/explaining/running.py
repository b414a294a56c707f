"""A running street, drawn: its processes, the files that they keep, and the wires between them."""

import math
from dataclasses import dataclass

from hw.linux.textfile import EVERY_S
from simulators.explaining.sheet import path, sheet, words

WIDTH, HEIGHT, BOX_W, BOX_H, FILE_H = 1020.0, 560.0, 176.0, 54.0, 44.0
PANELS = (
    ("a pole", 16.0, 216.0),
    ("the gateway's machine", 278.0, 464.0),
    ("the street and people", 788.0, 216.0),
)
COLOURS = {"process": "#7a3e9d", "file": "#8a5a00", "thing": "#1f6f8b"}


@dataclass(frozen=True, slots=True)
class Box:
    """kind : `process`, `file` or `thing`. x, y : of its corner."""

    name: str
    say: str
    kind: str
    x: float
    y: float

    @property
    def height(self) -> float:
        """Files are lower than what runs."""
        return FILE_H if self.kind == "file" else BOX_H


@dataclass(frozen=True, slots=True)
class Wire:
    """points : its corners. say : at say_at, from there on. asked : it carries what is asked, not what happens."""

    points: tuple[tuple[float, float], ...]
    say: str = ""
    say_at: tuple[float, float] = (0.0, 0.0)
    both: bool = False
    asked: bool = False


BOXES = (
    Box("microphone, GNSS", "sound, and the second", "thing", 36, 70),
    Box("soundpost node", "or a board's firmware", "process", 36, 190),
    Box("outbox", "on disk until it is acked", "file", 36, 320),
    Box("Mosquitto", "a wire, believed in nothing", "process", 298, 70),
    Box("soundpost gateway", "places, decides, orders", "process", 298, 190),
    Box("journal, and its socket", "all that was heard and done", "file", 298, 330),
    Box("keys, settings", "nodes' keys are here alone", "file", 546, 70),
    Box("metrics_file", f"rewritten every {EVERY_S:g} s", "file", 546, 140),
    Box("soundpost evidence", "clips, stills, plates", "process", 546, 300),
    Box("sealed files", "AES-256-GCM, let go in time", "file", 546, 370),
    Box("soundpost web", "pages, API, accounts", "process", 546, 440),
    Box("web.db", "what was read; who may", "file", 546, 507),
    Box("node_exporter", "of the city's Prometheus", "thing", 808, 70),
    Box("lamps", "Modbus, DALI, pins, TALQ", "thing", 808, 180),
    Box("cameras", "ONVIF; pictures by RTSP", "thing", 808, 260),
    Box("plate readers", "told to read; push", "thing", 808, 350),
    Box("browsers, programs", "HTTPS, sign-in or key", "thing", 808, 440),
)
WIRES = (
    Wire(((124, 124), (124, 190))),
    Wire(((124, 244), (124, 320)), both=True),
    Wire(((212, 205), (250, 205), (250, 97), (298, 97)), "frames, acks", (255, 150), both=True),
    Wire(((212, 230), (298, 230)), "or serial", (230, 224), both=True),
    Wire(((386, 124), (386, 190)), "MQTT 5, TLS 1.3", (392, 160), both=True),
    Wire(((386, 244), (386, 330)), "rows, fsync", (392, 282)),
    Wire(((546, 92), (500, 92), (500, 202), (474, 202))),
    Wire(((474, 217), (522, 217), (522, 162), (546, 162))),
    Wire(((722, 162), (766, 162), (766, 97), (808, 97))),
    Wire(((474, 230), (766, 230), (766, 207), (808, 207)), "orders, each read back", (600, 224)),
    Wire(((766, 230), (766, 280), (808, 280))),
    Wire(((474, 345), (510, 345), (510, 327), (546, 327)), "follows", (478, 338)),
    Wire(((474, 360), (510, 360), (510, 460), (546, 460))),
    Wire(((546, 482), (340, 482), (340, 374)), "asks, signed: reviews, accesses", (352, 498), asked=True),
    Wire(((546, 345), (528, 345), (528, 482)), asked=True),
    Wire(((808, 300), (766, 300), (766, 318), (722, 318))),
    Wire(((722, 340), (766, 340), (766, 377), (808, 377)), both=True),
    Wire(((634, 354), (634, 370)), both=True),
    Wire(((634, 494), (634, 507)), both=True),
    Wire(((722, 467), (808, 467)), both=True),
)


def drawing() -> str:
    """The picture as SVG."""
    panels = [_panel(*each) for each in PANELS]
    drawn = (*panels, *(_wire(each) for each in WIRES), *(_box(each) for each in BOXES), *_legend())
    return sheet("A running street: processes, files and wires", WIDTH, HEIGHT + 44, *drawn)


def _panel(name: str, x: float, wide: float) -> str:
    return f'<rect class="panel" x="{x:g}" y="16" width="{wide:g}" height="{HEIGHT:g}" rx="8"/>' + words(
        x + 20, 44, name, "bold"
    )


def _box(box: Box) -> str:
    look = f'class="box" stroke="{COLOURS[box.kind]}" rx="{1 if box.kind == "file" else 8}"'
    foot = box.y + box.height / 2
    return (
        f'<rect {look} x="{box.x:g}" y="{box.y:g}" width="{BOX_W:g}" height="{box.height:g}"/>'
        + words(box.x + BOX_W / 2, foot - 2, box.name, "bold", "middle")
        + words(box.x + BOX_W / 2, foot + 14, box.say, "small soft", "middle")
    )


def _wire(wire: Wire) -> str:
    drawn = path(list(wire.points), "asked" if wire.asked else "wire") + _tip(wire.points[-2], wire.points[-1])
    if wire.both:
        drawn += _tip(wire.points[1], wire.points[0])
    return drawn + (words(*wire.say_at, wire.say, "halo small soft") if wire.say else "")


def _tip(before: tuple[float, float], end: tuple[float, float]) -> str:
    """An arrow's head at the end of a line that comes from `before`."""
    angle = math.degrees(math.atan2(end[1] - before[1], end[0] - before[0]))
    at = f"translate({end[0]:g} {end[1]:g}) rotate({angle:g})"
    return f'<path class="tip" d="M0 0L-8 4V-4Z" transform="{at}"/>'


def _legend() -> list[str]:
    y = HEIGHT + 36
    drawn = []
    for i, (kind, say) in enumerate(zip(COLOURS, ("runs", "lies on a disk", "stands in the street"), strict=True)):
        x = 16 + i * 150
        drawn.append(f'<rect class="box" stroke="{COLOURS[kind]}" x="{x}" y="{y - 12:g}" width="22" height="14"/>')
        drawn.append(words(x + 30, y, say, "small"))
    return [*drawn, path([(480, y - 5), (520, y - 5)], "asked"), words(528, y, "what is asked for, signed", "small")]
