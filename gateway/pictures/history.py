"""One value over hours: a line that breaks where nothing was said, or a column for each step."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.pictures import svg
from gateway.pictures.svg import Scale

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640.0, 170.0, 58.0, 10.0, 12.0, 40.0


@dataclass(frozen=True, slots=True)
class Past:
    """A value's past. at_h : (n,) hours, increasing; values : (n,), None where nothing was said. unit : beside the
    axis. least, most : what the axis spans at least. as_columns : a column from `least` for each step."""

    title: str
    unit: str
    at_h: Sequence[float]
    values: Sequence[float | None]
    least: float
    most: float
    as_columns: bool = False


def history(past: Past, first_h: float, last_h: float, axis: str) -> str:
    """As an HTML <figure> that needs svg.STYLE. axis : under the time axis. ValueError for an empty range, or where
    there are not as many values as hours."""
    if len(past.at_h) != len(past.values):
        raise ValueError(f"{len(past.values)} values at {len(past.at_h)} hours: as many are needed")
    said = [value for value in past.values if value is not None]
    low, high = min([past.least, *said]), max([past.most, *said])
    across = Scale(first_h, last_h, LEFT, WIDTH - RIGHT)
    up = Scale(low, high if high > low else low + 1.0, HEIGHT - BOTTOM, TOP)
    body = [
        *_grid(across, up, past.unit, axis),
        *(_columns(past, across, up) if past.as_columns else _line(past, across, up)),
    ]
    return svg.figure(past.title, WIDTH, HEIGHT, body)


def _grid(across: Scale, up: Scale, unit: str, axis: str) -> list[str]:
    parts = []
    for tick in svg.ticks(across.low, across.high, 8):
        parts.append(svg.line(across(tick), TOP, across(tick), HEIGHT - BOTTOM, "grid"))
        parts.append(svg.text(f"{tick:g}", across(tick), HEIGHT - BOTTOM + 16, "small soft", "middle"))
    for tick in svg.ticks(up.low, up.high, 4):
        parts.append(svg.line(LEFT, up(tick), WIDTH - RIGHT, up(tick), "grid"))
        parts.append(svg.text(f"{tick:g}", LEFT - 6, up(tick) + 4, "small soft", "end"))
    parts.append(svg.text(axis, (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, "small soft", "middle"))
    return [*parts, svg.text(unit, 0, TOP + 4, "small soft")]


def _line(past: Past, across: Scale, up: Scale) -> list[str]:
    """A stroke for each stretch without a gap; a dot where one stands alone."""
    parts: list[str] = []
    stretch: list[tuple[float, float]] = []
    for at_h, value in [*zip(past.at_h, past.values, strict=True), (0.0, None)]:
        if value is not None:
            stretch.append((across(at_h), up(value)))
        elif stretch:
            told = "L".join(f"{x:.1f} {y:.1f}" for x, y in stretch)
            dot = svg.element("circle", cx=stretch[0][0], cy=stretch[0][1], r=2.5, class_="dot-pole")
            parts.append(svg.element("path", d=f"M{told}", fill="none", class_="past") if len(stretch) > 1 else dot)
            stretch = []
    return parts


def _columns(past: Past, across: Scale, up: Scale) -> list[str]:
    wide = max(1.0, min(12.0, (WIDTH - LEFT - RIGHT) / max(len(past.at_h), 1) * 0.8))
    foot = up(past.least)
    return [
        svg.element("rect", x=across(at_h) - wide / 2, y=min(up(value), foot), width=wide, height=abs(foot - up(value)),
                    class_="dot-pole")
        for at_h, value in zip(past.at_h, past.values, strict=True)
        if value
    ]  # fmt: skip
