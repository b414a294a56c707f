"""What more poles are worth, drawn: the ellipses of one shot by the first four, five, six and eight poles."""

from dsp.placing.fix import ellipse
from simulators.explaining.sheet import cross, dot, oval, path, sheet, words
from simulators.explaining.worked import FIRED_EN_M, example

POLES = (4, 5, 6, 8)
SIDE, GAP, EDGE, PX_A_M = 200.0, 16.0, 16.0, 6.6
HEIGHT = SIDE + 2 * EDGE + 40


def drawing() -> str:
    """The picture as SVG."""
    width = 2 * EDGE + len(POLES) * SIDE + (len(POLES) - 1) * GAP
    panels = [line for i, n_poles in enumerate(POLES) for line in _panel(EDGE + i * (SIDE + GAP), n_poles)]
    return sheet("The 95 % ellipse of one shot, by four, five, six and eight poles", width, HEIGHT, *panels)


def _panel(left: float, n_poles: int) -> list[str]:
    shot = example(n_poles).shot
    shape, middle_x, middle_y = ellipse(shot.fix.cov_m2), left + SIDE / 2, EDGE + SIDE / 2
    x = middle_x + (shot.fix.xyz_m[0] - FIRED_EN_M[0]) * PX_A_M
    y = middle_y - (shot.fix.xyz_m[1] - FIRED_EN_M[1]) * PX_A_M
    foot = EDGE + SIDE
    return [
        f'<rect class="panel" x="{left:g}" y="{EDGE:g}" width="{SIDE:g}" height="{SIDE:g}" rx="6"/>',
        oval(x, y, shape.major_m * PX_A_M, shape.minor_m * PX_A_M, shape.azimuth_deg),
        dot(x, y, 3, "fix"),
        cross(middle_x, middle_y),
        path([(left + 10, foot - 12), (left + 10 + 5 * PX_A_M, foot - 12)], "truth"),
        words(left + 16 + 5 * PX_A_M, foot - 8, "5 m", "small"),
        words(left, foot + 20, f"{n_poles} poles: grade {shot.grade}", "bold"),
        words(left, foot + 38, f"{shape.major_m:.1f} m by {shape.minor_m:.1f} m", "small"),
    ]
