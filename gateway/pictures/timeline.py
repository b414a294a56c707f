"""What happened when: one lane for each who did something, over one time axis."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.pictures import svg
from gateway.pictures.svg import Scale

WIDTH, LEFT, RIGHT, ROW, TOP = 900.0, 150.0, 24.0, 40.0, 10.0
DOTS = ("truth", "pole", "fix", "lamp", "camera")


@dataclass(frozen=True, slots=True)
class Moment:
    """words : written beside its dot, or nothing."""

    t_s: float
    words: str = ""


@dataclass(frozen=True, slots=True)
class Lane:
    """dot : colour, one of DOTS."""

    name: str
    dot: str
    moments: Sequence[Moment]


def timeline(lanes: Sequence[Lane], first_s: float, last_s: float, axis: str, title: str = "Timeline") -> str:
    """The lanes from the top down, as an HTML <figure> that needs svg.STYLE. axis : under the time axis, with its
    unit. Moments outside first_s to last_s are left out. ValueError for an empty range or an unknown dot."""
    for lane in lanes:
        if lane.dot not in DOTS:
            raise ValueError(f"dot {lane.dot!r}: must be one of {', '.join(DOTS)}")
    when = Scale(first_s, last_s, LEFT, WIDTH - RIGHT)
    bottom = TOP + ROW * len(lanes)
    body = []
    for tick in svg.ticks(first_s, last_s, 9):
        body.append(svg.line(when(tick), TOP, when(tick), bottom, "grid"))
        body.append(svg.text(f"{tick:g}", when(tick), bottom + 17, "small soft", "middle"))
    for index, lane in enumerate(lanes):
        body += _lane(lane, when, TOP + ROW * (index + 0.5))
    body.append(svg.text(axis, (LEFT + WIDTH - RIGHT) / 2, bottom + 36, "small soft", "middle"))
    return svg.figure(title, WIDTH, bottom + 44, body)


def _lane(lane: Lane, when: Scale, middle: float) -> list[str]:
    parts = [svg.line(LEFT, middle, WIDTH - RIGHT, middle, "axis"), svg.text(lane.name, 0, middle + 4, "bold")]
    taken = -1e9
    for moment in sorted(lane.moments, key=lambda each: each.t_s):
        if not when.low <= moment.t_s <= when.high:
            continue
        x = when(moment.t_s)
        parts.append(svg.element("circle", cx=x, cy=middle, r=5, class_=f"dot-{lane.dot}"))
        width = 6.5 * len(moment.words)
        left = max(taken, min(x - width / 2, WIDTH - width)) if moment.words else x
        if moment.words and left + width <= WIDTH and left <= x + 10:  # no room: the dot alone
            parts.append(svg.text(moment.words, left, middle - 8, "small halo"))
            taken = left + width + 6
    return parts
