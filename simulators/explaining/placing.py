"""How a shot is placed, drawn: where the times of two poles let it be, and where all of these lines meet."""

import math

from dsp.placing.fix import ellipse
from simulators.explaining.sheet import cross, dot, oval, path, sheet, words
from simulators.explaining.worked import AIR, FIRED_EN_M, LATE, Example, example

WIDTH, HEIGHT, PX_A_M = 900.0, 400.0, 2.25
LEFT_M, TOP_M = -85.0, 130.0  # of the map's corner
CLOSE, CLOSE_PX_A_M, CLOSE_AT = 190.0, 60.0, (695.0, 24.0)
STEPS = 720
Point = tuple[float, float]


def drawing() -> str:
    """The picture as SVG."""
    return sheet("How a shot is placed from the times at eight poles", WIDTH, HEIGHT, *_map(example(8)), *_close_up())


def _map(made: Example) -> list[str]:
    first = min(made.arrivals, key=lambda each: each.t_us)
    drawn = []
    for each in made.arrivals:
        if each is not first:
            late_m = (each.t_us - first.t_us) / 1e6 * AIR.speed_mps
            kind = "stray" if each.node == LATE else "curve"
            drawn += [path(piece, kind) for piece in _pieces(first.xyz_m[:2], each.xyz_m[:2], late_m)]
    for each in made.arrivals:
        x, y = _at(each.xyz_m[:2])
        drawn.append(dot(x, y, 6, "late" if each.node == LATE else "pole"))
        since_ms = (each.t_us - first.t_us) / 1000
        said = "heard it first" if each is first else f"{since_ms:.1f} ms later"
        drawn.append(words(x, y + 19, f"{each.node}: {said}", "halo small", "middle"))
        if each.node == LATE:
            drawn.append(words(x, y + 34, "by way of a wall: its", "halo small soft", "middle"))
            drawn.append(words(x, y + 48, "line (dashed) misses", "halo small soft", "middle"))
    x, y = _at(FIRED_EN_M)
    drawn += [dot(x, y, 6, "fix"), words(x - 10, y - 9, "fired here", "halo bold", "end")]
    return drawn


def _close_up() -> list[str]:
    """The fix itself, and its ellipse."""
    fix = example(8).shot.fix
    shape, (left, top) = ellipse(fix.cov_m2), CLOSE_AT
    middle_x, middle_y = left + CLOSE / 2, top + CLOSE / 2

    def at(en_m: Point) -> Point:
        return (
            middle_x + (en_m[0] - FIRED_EN_M[0]) * CLOSE_PX_A_M,
            middle_y - (en_m[1] - FIRED_EN_M[1]) * CLOSE_PX_A_M,
        )

    x, y = at((fix.xyz_m[0], fix.xyz_m[1]))
    major, minor = shape.major_m * CLOSE_PX_A_M, shape.minor_m * CLOSE_PX_A_M
    scale = top + CLOSE - 12
    return [
        f'<rect class="panel" x="{left}" y="{top}" width="{CLOSE}" height="{CLOSE}" rx="6"/>',
        oval(x, y, major, minor, shape.azimuth_deg),
        dot(x, y, 4, "fix"),
        cross(*at(FIRED_EN_M)),
        path([(left + 12, scale), (left + 12 + CLOSE_PX_A_M, scale)], "truth"),
        words(left + 20 + CLOSE_PX_A_M, scale + 4, "1 m", "small"),
        words(left, top + CLOSE + 20, "dot: the fix, and its 95 % ellipse", "small"),
        words(left, top + CLOSE + 37, "cross: where it was fired", "small"),
    ]


def _pieces(near_m: Point, far_m: Point, late_m: float) -> list[list[Point]]:
    """Where it is late_m farther to one pole than to another: a branch of a hyperbola, as it shows on the map.

    In polar coordinates about the nearer pole r = (D^2 - d^2) / 2 (d + D cos angle), for D between the poles and d
    farther; the height of the poles is left out, which at this scale does not show.
    """
    apart_m = math.dist(near_m, far_m)
    towards = math.atan2(far_m[1] - near_m[1], far_m[0] - near_m[0])
    found: list[list[Point]] = [[]]
    for step in range(STEPS):
        angle = math.pi * (2 * step / STEPS - 1)
        below = late_m + apart_m * math.cos(angle)
        r_m = (apart_m**2 - late_m**2) / 2 / below if below > 1e-6 else math.inf
        east_m, north_m = near_m[0] + r_m * math.cos(towards + angle), near_m[1] + r_m * math.sin(towards + angle)
        x, y = _at((east_m, north_m)) if math.isfinite(r_m) else (-1.0, -1.0)
        if 8 < x < CLOSE_AT[0] - 15 and 8 < y < HEIGHT - 8:
            found[-1].append((x, y))
        elif found[-1]:
            found.append([])
    return [piece for piece in found if len(piece) > 1]


def _at(en_m: Point) -> Point:
    return (en_m[0] - LEFT_M) * PX_A_M, (TOP_M - en_m[1]) * PX_A_M
