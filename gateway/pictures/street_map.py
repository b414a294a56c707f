"""The map of a street: poles, walls, what was fired and what was placed, lamps that lit up, what a camera sees."""

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.placing.fix import ellipse
from gateway.pictures import svg
from gateway.pictures.labels import BELOW, Label, Place, placed
from gateway.pictures.svg import Say, Scale

WIDTH = 640.0
MARGIN = 58.0  # room for five digits and a sign
HALO_M = 15.0
TALLEST = 1.25  # times the width
SIDE = 200.0  # of a close-up
DIAMOND = "M0 -7L7 0L0 7L-7 0Z"

MIDST = ((0.0, 4.0, "middle"), (0.0, 16.0, "middle"), (0.0, -8.0, "middle"))
"""Where the words of a span stand: on its middle."""

EastNorth = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Spot:
    """Something with a name at a place: a pole, a round that was fired. en_m : metres east and north."""

    name: str
    en_m: EastNorth


@dataclass(frozen=True, slots=True)
class LampSpot:
    """A lamp, and whether it was brought to full."""

    en_m: EastNorth
    lit: bool


@dataclass(frozen=True, slots=True)
class FixSpot:
    """A fix with its (2, 2) covariance of east and north, m2; drawn with its 95 % ellipse."""

    name: str
    en_m: EastNorth
    cov_m2: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class View:
    """A camera and where it looks: true bearing clockwise from north. range_m : how far its view is drawn."""

    name: str
    en_m: EastNorth
    azimuth_deg: float
    range_m: float
    width_deg: float = 30.0


@dataclass(frozen=True, slots=True)
class Street:
    """All that one map shows. walls : their two ends. spans : between two poles, and how far it is, in words. squares :
    (corner to the south-west, side) in metres of where grade A is possible.

    sounds : placed, and no gunshots. Of maps that judge: quiet : poles that are of no account here; missed : fired and
    not found; ghosts : fixes of what was never fired; rests : (fix, pole) that a ghost rests on.
    """

    poles: Sequence[Spot]
    fixes: Sequence[FixSpot] = ()
    truths: Sequence[Spot] = ()
    sounds: Sequence[Spot] = ()
    quiet: Sequence[Spot] = ()
    missed: Sequence[Spot] = ()
    ghosts: Sequence[FixSpot] = ()
    rests: Sequence[tuple[EastNorth, EastNorth]] = ()
    walls: Sequence[tuple[EastNorth, EastNorth]] = ()
    lamps: Sequence[LampSpot] = ()
    views: Sequence[View] = ()
    spans: Sequence[tuple[EastNorth, EastNorth, str]] = ()
    squares: Sequence[tuple[EastNorth, float]] = ()


def street_map(street: Street, title: str = "Map of the street", say: Say = str) -> str:
    """The map as an HTML <figure> that needs svg.STYLE, and rules of the page's own for `span` and `area` where it has
    those. say : the reader's language, of the English. ValueError where there is no pole to draw."""
    if not (street.poles or street.quiet):
        raise ValueError("a map needs at least one pole")
    east, north, height = _scales(street)
    body = [
        *_grid(east, north, say),
        *_squares(street.squares, east, north),
        *(svg.line(east(a[0]), north(a[1]), east(b[0]), north(b[1]), "span") for a, b, _ in street.spans),
        *(_view(view, east, north) for view in street.views),
        *(_lamp(lamp, east, north) for lamp in street.lamps),
        *(svg.line(east(a[0]), north(a[1]), east(b[0]), north(b[1]), "wall") for a, b in street.walls),
        *(svg.line(east(a[0]), north(a[1]), east(b[0]), north(b[1]), "rest") for a, b in street.rests),
        *(_pole(pole, east, north, "quiet") for pole in street.quiet),
        *(_pole(pole, east, north, "pole") for pole in street.poles),
        *(_camera(view, east, north) for view in street.views),
        *(_ellipse(fix, east, north) for fix in street.fixes),
        *(_ellipse(fix, east, north, "doubt") for fix in street.ghosts),
        *(svg.cross(east(truth.en_m[0]), north(truth.en_m[1]), 7) for truth in (*street.truths, *street.missed)),
        *(svg.element("circle", cx=east(m.en_m[0]), cy=north(m.en_m[1]), r=12, class_="truth") for m in street.missed),
        *(svg.element("circle", cx=east(f.en_m[0]), cy=north(f.en_m[1]), r=4.5, class_="fix") for f in street.fixes),
        *(svg.element("path", d=DIAMOND, transform=_at(f.en_m, east, north), class_="ghost") for f in street.ghosts),
        *(svg.element("circle", cx=east(s.en_m[0]), cy=north(s.en_m[1]), r=4.5, class_="quiet") for s in street.sounds),
        *_names(street, east, north, height),
    ]
    return svg.figure(title, WIDTH, height, body, [(symbol, say(words)) for symbol, words in _legend(street)])


def close_up(name: str, truth_en_m: EastNorth | None, fix: FixSpot, words: str = "") -> str:
    """One fix beside its truth, or alone, at a scale that lets its 95 % ellipse be seen. words : instead of how far the
    two are apart. A <figure> without a legend."""
    centre = fix.en_m if truth_en_m is None else truth_en_m
    error_m = math.dist(centre, fix.en_m)
    half_m = 1.35 * max(error_m + ellipse(fix.cov_m2).major_m, 0.1)
    east = Scale(centre[0] - half_m, centre[0] + half_m, 0, SIDE)
    north = Scale(centre[1] - half_m, centre[1] + half_m, SIDE, 0)
    bar_m = svg.ticks(0, half_m, 3)[1]
    bar = bar_m / half_m * SIDE / 2
    body = [
        svg.element("rect", x=0.5, y=0.5, width=SIDE - 1, height=SIDE - 1, fill="none", class_="axis"),
        _ellipse(fix, east, north),
        svg.line(east(centre[0]), north(centre[1]), east(fix.en_m[0]), north(fix.en_m[1]), "axis"),
        *([] if truth_en_m is None else [svg.cross(east(centre[0]), north(centre[1]))]),
        svg.element("circle", cx=east(fix.en_m[0]), cy=north(fix.en_m[1]), r=4.5, class_="fix"),
        svg.line(10, SIDE - 10, 10 + bar, SIDE - 10, "truth"),
        svg.text(f"{bar_m:g} m", 10, SIDE - 16, "small halo"),
        svg.text(name, 10, 20, "bold halo"),
        svg.text(words or f"{error_m:.2f} m off", SIDE - 10, 20, "halo", "end"),
    ]
    return svg.figure(f"{name}: fix and truth", SIDE, SIDE, body)


def _scales(street: Street) -> tuple[Scale, Scale, float]:
    """East, north (one metre is as long either way), and the height of the picture."""
    spots = [spot.en_m for spot in (*street.poles, *street.quiet, *street.truths, *street.missed)]
    spots += [fix.en_m for fix in (*street.fixes, *street.ghosts)] + [spot.en_m for spot in street.sounds]
    spots += [(en_m[0] + away, en_m[1] + away) for en_m, side in street.squares for away in (0.0, side)]
    spots += [view.en_m for view in street.views] + [end for wall in street.walls for end in wall]
    low_m, high_m = np.min(spots, axis=0) - HALO_M, np.max(spots, axis=0) + HALO_M
    middle_m, span_m = (low_m + high_m) / 2, high_m - low_m
    tall = min(TALLEST, max(0.5, span_m[1] / span_m[0]))
    inner = WIDTH - 2 * MARGIN
    px_per_m = min(inner / span_m[0], inner * tall / span_m[1])
    half_m = np.array([inner, inner * tall]) / px_per_m / 2
    east = Scale(middle_m[0] - half_m[0], middle_m[0] + half_m[0], MARGIN, WIDTH - MARGIN)
    return east, Scale(middle_m[1] - half_m[1], middle_m[1] + half_m[1], inner * tall + 14, 14), inner * tall + 60


def _grid(east: Scale, north: Scale, say: Say) -> list[str]:
    parts = []
    for tick in svg.ticks(east.low, east.high):
        parts.append(svg.line(east(tick), north.at_low, east(tick), north.at_high, "grid"))
        parts.append(svg.text(f"{tick:g}", east(tick), north.at_low + 17, "small soft", "middle"))
    for tick in svg.ticks(north.low, north.high):
        parts.append(svg.line(east.at_low, north(tick), east.at_high, north(tick), "grid"))
        parts.append(svg.text(f"{tick:g}", east.at_low - 6, north(tick) + 4, "small soft", "end"))
    middle = (east.at_low + east.at_high) / 2
    return [
        *parts,
        svg.text(say("metres east of the site's origin"), middle, north.at_low + 36, "small soft", "middle"),
        svg.element("g", svg.text(say("metres north"), 0, 0, "small soft", "middle"),
                    transform=f"translate(12 {(north.at_low + north.at_high) / 2:.1f}) rotate(-90)"),
        svg.element("path", d=f"M{east.at_high + 18:.1f} 44v-26m-5 8l5-8l5 8", class_="truth"),
        svg.text("N", east.at_high + 18, 60, "small", "middle"),
    ]  # fmt: skip


def _at(en_m: EastNorth, east: Scale, north: Scale) -> str:
    return f"translate({east(en_m[0]):.2f} {north(en_m[1]):.2f})"


def _pole(pole: Spot, east: Scale, north: Scale, class_: str) -> str:
    named = svg.element("title", html.escape(pole.name))
    return svg.element("circle", named, cx=east(pole.en_m[0]), cy=north(pole.en_m[1]), r=5, class_=class_)


def _lamp(lamp: LampSpot, east: Scale, north: Scale) -> str:
    metre = east(1) - east(0)
    radius = min(max(HALO_M * 0.8 * metre, 9), 60)
    return svg.element("circle", cx=east(lamp.en_m[0]), cy=north(lamp.en_m[1]), r=radius if lamp.lit else 9,
                       class_="lit" if lamp.lit else "unlit")  # fmt: skip


def _ellipse(fix: FixSpot, east: Scale, north: Scale, class_: str = "ellipse") -> str:
    shape, metre = ellipse(fix.cov_m2), east(1) - east(0)
    turn = f"{_at(fix.en_m, east, north)} rotate({shape.azimuth_deg - 90:.2f})"
    return svg.element("ellipse", rx=shape.major_m * metre, ry=shape.minor_m * metre, transform=turn, class_=class_)


def _squares(squares: Sequence[tuple[EastNorth, float]], east: Scale, north: Scale) -> list[str]:
    """As one shape, so that no seams show."""
    corners = [(east(e_m), north(n_m), side * (east(1) - east(0))) for (e_m, n_m), side in squares]
    path = "".join(f"M{x:.1f} {y:.1f}h{side:.1f}v{-side:.1f}h{-side:.1f}z" for x, y, side in corners)
    return [svg.element("path", d=path, class_="area")] if path else []


def _view(view: View, east: Scale, north: Scale) -> str:
    """A slice of the circle that a camera overlooks."""
    sides = [math.radians(view.azimuth_deg + turn) for turn in (-view.width_deg / 2, view.width_deg / 2)]
    ends = [(view.en_m[0] + view.range_m * math.sin(a), view.en_m[1] + view.range_m * math.cos(a)) for a in sides]
    (x1, y1), (x2, y2) = ((east(e), north(n)) for e, n in ends)
    radius = view.range_m * (east(1) - east(0))
    path = f"M{east(view.en_m[0]):.1f} {north(view.en_m[1]):.1f}L{x1:.1f} {y1:.1f}"
    return svg.element("path", d=f"{path}A{radius:.1f} {radius:.1f} 0 0 1 {x2:.1f} {y2:.1f}Z", class_="view")


def _camera(view: View, east: Scale, north: Scale) -> str:
    x, y = east(view.en_m[0]), north(view.en_m[1])
    body = svg.element("path", d="M-6 8L0 -9L6 8Z", class_="camera")
    return svg.element("g", body, transform=f"translate({x:.1f} {y:.1f}) rotate({view.azimuth_deg:.1f})")


def _names(street: Street, east: Scale, north: Scale, height: float) -> list[str]:
    """Names beside what they name, none on another: first those of fixes (of truths where there is no fix), joined
    where they would lie on each other, then cameras and poles. One that has no room is left to its dot's title."""
    joined: dict[Place, list[str]] = {}
    named = [(fix.name, fix.en_m) for fix in (*street.fixes, *street.ghosts)]
    named += [(spot.name, spot.en_m) for spot in (*street.sounds, *street.truths, *street.missed)]
    for name, (e_m, n_m) in named:
        at = (east(e_m), north(n_m))
        near = next((other for other in joined if math.dist(at, other) < 16), at)
        names = joined.setdefault(near, [])
        if name and name not in names:
            names.append(name)
    wanted = [Label(", ".join(names), at, "bold halo", BELOW) for at, names in joined.items()]
    wanted += [Label(view.name, (east(view.en_m[0]), north(view.en_m[1])), "halo") for view in street.views]
    middles = [((a[0] + b[0]) / 2, (a[1] + b[1]) / 2, words) for a, b, words in street.spans]
    poles = (*street.poles, *street.quiet)
    wanted += [Label(pole.name, (east(pole.en_m[0]), north(pole.en_m[1])), "halo") for pole in poles]
    wanted += [Label(words, (east(e_m), north(n_m)), "small soft halo", MIDST) for e_m, n_m, words in middles]
    return placed(wanted, WIDTH, height)


def _legend(street: Street) -> list[svg.Entry]:
    ring = {"cx": 13, "cy": 8}
    symbols = [
        (street.poles, svg.element("circle", **ring, r=5, class_="pole"),
         "pole that heard it" if street.quiet else "pole with its node"),
        (street.quiet, svg.element("circle", **ring, r=5, class_="quiet"), "other pole"),
        (street.sounds, svg.element("circle", **ring, r=4.5, class_="quiet"), "sound that is no gunshot"),
        (street.truths, svg.cross(13, 8), "where it was fired"),
        (street.missed, svg.cross(13, 8, 4) + svg.element("circle", **ring, r=7, class_="truth"), "fired, not found"),
        (street.fixes, svg.element("ellipse", **ring, rx=12, ry=7, class_="ellipse")
            + svg.element("circle", **ring, r=4, class_="fix"), "fix and its 95 % ellipse"),
        (street.ghosts, svg.element("ellipse", **ring, rx=12, ry=7, class_="doubt")
            + svg.element("path", d=DIAMOND, transform="translate(13 8) scale(.8)", class_="ghost"),
         "fix of what was never fired, and the poles that it rests on"),
        ([lamp for lamp in street.lamps if lamp.lit], svg.element("circle", **ring, r=8, class_="lit"), "lamp at full"),
        ([lamp for lamp in street.lamps if not lamp.lit], svg.element("circle", **ring, r=7, class_="unlit"),
         "lamp at rest"),
        (street.views, svg.element("path", d="M2 8L24 1V15Z", class_="view"), "what a camera looks at"),
        (street.walls, svg.line(3, 8, 23, 8, "wall"), "wall that echoes"),
        (street.spans, svg.line(3, 8, 23, 8, "span"), "to the next pole"),
        (street.squares, svg.element("rect", x=3, y=1, width=20, height=14, class_="area"), "grade A is possible"),
    ]  # fmt: skip
    return [(symbol, words) for shown, symbol, words in symbols if shown]
