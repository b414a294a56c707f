"""What more poles are worth, drawn: the ellipses of one shot by the first four, five, six and eight poles."""

from dsp.placing.fix import ellipse
from simulators.explaining.sheet import cross, dot, oval, path, sheet, words
from simulators.explaining.worked import FIRED_EN_M, example

POLES = (4, 5, 6, 8)
SIDE, GAP, EDGE, WORDS, PX_A_M = 200.0, 24.0, 16.0, 50.0, 6.6
ACROSS = 2  # panels: wide enough on a telephone


def drawing() -> str:
    """The picture as SVG."""
    panels, wide = [], 2 * EDGE + ACROSS * SIDE + (ACROSS - 1) * GAP
    for i, n_poles in enumerate(POLES):
        down, across = divmod(i, ACROSS)
        panels += _panel(EDGE + across * (SIDE + GAP), EDGE + down * (SIDE + WORDS), n_poles)
    high = EDGE + (SIDE + WORDS) * len(POLES) / ACROSS
    return sheet("The 95 % ellipse of one shot, by four, five, six and eight poles", wide, high, *panels)


def _panel(left: float, top: float, n_poles: int) -> list[str]:
    shot = example(n_poles).shot
    shape, middle_x, middle_y = ellipse(shot.fix.cov_m2), left + SIDE / 2, top + SIDE / 2
    x = middle_x + (shot.fix.xyz_m[0] - FIRED_EN_M[0]) * PX_A_M
    y = middle_y - (shot.fix.xyz_m[1] - FIRED_EN_M[1]) * PX_A_M
    foot = top + SIDE
    return [
        f'<rect class="panel" x="{left:g}" y="{top:g}" width="{SIDE:g}" height="{SIDE:g}" rx="6"/>',
        oval(x, y, shape.major_m * PX_A_M, shape.minor_m * PX_A_M, shape.azimuth_deg),
        dot(x, y, 3, "fix"),
        cross(middle_x, middle_y),
        path([(left + 10, foot - 12), (left + 10 + 5 * PX_A_M, foot - 12)], "truth"),
        words(left + 16 + 5 * PX_A_M, foot - 8, "5 m", "small"),
        words(left, foot + 20, f"{n_poles} poles: grade {shot.grade}", "bold"),
        words(left, foot + 38, f"{shape.major_m:.1f} m by {shape.minor_m:.1f} m", "small"),
    ]
