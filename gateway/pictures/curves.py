"""How well a probability tells two kinds apart (ROC), and whether it means what it says (calibration)."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from gateway.pictures import svg
from gateway.pictures.svg import Scale

SIDE, LEFT, TOP, BOTTOM = 360.0, 54.0, 12.0, 44.0
N_BINS = 10
LEAST = 0.001  # share of others; fewer are drawn as this

Floats = NDArray[np.float64]
Across = Callable[[float], float]


def roc(p: Floats, truth: Floats) -> str:
    """Share of gunshots found over share of others taken for one, at every threshold. p, truth : (n,).

    What matters lies where few others are taken for one, so that axis is logarithmic, from LEAST.
    """
    order = np.argsort(-p)
    last = np.flatnonzero(np.diff(p[order], append=-1))  # of equal p: no threshold comes between them
    hits = np.cumsum(truth[order])[last] / max(float(truth.sum()), 1.0)
    false = np.cumsum(1 - truth[order])[last] / max(float((1 - truth).sum()), 1.0)
    points = list(zip([0.0, *false.tolist()], [0.0, *hits.tolist()], strict=True))
    even = [(x, x) for x in np.logspace(np.log10(LEAST), 0, 50).tolist()]
    marks = [_path(even, _log, "expected"), _path(points, _log, "curve")]
    return _square("ROC", "others called gunshot", "gunshots called gunshot", marks, _log, [LEAST, 0.01, 0.1, 1.0])


def calibration(p: Floats, truth: Floats) -> str:
    """Share of gunshots over mean p, in ten bins of p; the dots grow with the count. p, truth : (n,)."""
    place = np.minimum((p * N_BINS).astype(int), N_BINS - 1)
    dots = []
    for index in range(N_BINS):
        here = place == index
        if here.any():
            x, y = _across(float(p[here].mean())), _up(float(truth[here].mean()))
            dots.append(svg.element("circle", cx=x, cy=y, r=3 + float(np.log10(here.sum())) * 2, class_="pole"))
    marks = [_path([(0, 0), (1, 1)], _across, "expected"), *dots]
    return _square("Calibration", "p_gunshot said", "share that were gunshots", marks, _across, svg.ticks(0, 1, 5))


def _across(value: float) -> float:
    return Scale(0, 1, LEFT, SIDE - 10)(value)


def _log(value: float) -> float:
    return Scale(np.log10(LEAST), 0, LEFT, SIDE - 10)(float(np.log10(max(value, LEAST))))


def _up(value: float) -> float:
    return Scale(0, 1, SIDE - BOTTOM, TOP)(value)


def _path(points: Sequence[tuple[float, float]], across: Across, class_: str) -> str:
    told = "L".join(f"{across(x):.1f} {_up(y):.1f}" for x, y in points)
    return svg.element("path", d=f"M{told}", fill="none", class_=class_)


def _square(title: str, below: str, beside: str, marks: Sequence[str], across: Across, ticks: Sequence[float]) -> str:
    body = []
    for tick in ticks:
        body += [svg.line(across(tick), _up(0), across(tick), _up(1), "grid")]
        body += [svg.text(f"{tick:g}", across(tick), _up(0) + 16, "small soft", "middle")]
    for tick in svg.ticks(0, 1, 5):
        body += [svg.line(LEFT, _up(tick), SIDE - 10, _up(tick), "grid")]
        body += [svg.text(f"{tick:g}", LEFT - 6, _up(tick) + 4, "small soft", "end")]
    body += [svg.text(below, (LEFT + SIDE) / 2, SIDE - 8, "small soft", "middle"), *marks]
    middle = (TOP + SIDE - BOTTOM) / 2
    turned = f"rotate(-90 14 {middle:.0f})"
    body.append(
        svg.element("text", beside, x=14, y=middle, class_="small soft", text_anchor="middle", transform=turned)
    )
    return svg.figure(title, SIDE, SIDE, body)
