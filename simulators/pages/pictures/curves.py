"""How well a probability tells two kinds apart (ROC), and whether it means what it says (calibration)."""

import numpy as np
from numpy.typing import NDArray

from simulators.pages.pictures import svg
from simulators.pages.pictures.svg import Scale

SIDE, LEFT, TOP, BOTTOM = 360.0, 54.0, 12.0, 44.0
N_BINS = 10

Floats = NDArray[np.float64]


def roc(p: Floats, truth: Floats) -> str:
    """Share of gunshots found over share of others taken for one, at every threshold. p, truth : (n,)."""
    order = np.argsort(-p)
    last = np.flatnonzero(np.diff(p[order], append=-1))  # of equal p: no threshold comes between them
    hits = np.cumsum(truth[order])[last] / max(float(truth.sum()), 1.0)
    false = np.cumsum(1 - truth[order])[last] / max(float((1 - truth).sum()), 1.0)
    points = list(zip([0.0, *false.tolist()], [0.0, *hits.tolist()], strict=True))
    return _square("ROC", "others called gunshot", "gunshots called gunshot", [_path(points)])


def calibration(p: Floats, truth: Floats) -> str:
    """Share of gunshots over mean p, in ten bins of p; the dots grow with the count. p, truth : (n,)."""
    place = np.minimum((p * N_BINS).astype(int), N_BINS - 1)
    dots = []
    for index in range(N_BINS):
        here = place == index
        if here.any():
            x, y = _across(float(p[here].mean())), _up(float(truth[here].mean()))
            dots.append(svg.element("circle", cx=x, cy=y, r=3 + float(np.log10(here.sum())) * 2, class_="pole"))
    return _square("Calibration", "p_gunshot said", "share that were gunshots", dots)


def _across(value: float) -> float:
    return Scale(0, 1, LEFT, SIDE - 10)(value)


def _up(value: float) -> float:
    return Scale(0, 1, SIDE - BOTTOM, TOP)(value)


def _path(points: list[tuple[float, float]]) -> str:
    told = "L".join(f"{_across(x):.1f} {_up(y):.1f}" for x, y in points)
    return svg.element("path", d=f"M{told}", fill="none", stroke="var(--fix)", stroke_width=2)


def _square(title: str, below: str, beside: str, marks: list[str]) -> str:
    body = [svg.line(_across(0), _up(0), _across(1), _up(1), "expected")]
    for tick in svg.ticks(0, 1, 5):
        body += [svg.line(_across(tick), _up(0), _across(tick), _up(1), "grid")]
        body += [svg.line(_across(0), _up(tick), _across(1), _up(tick), "grid")]
        body += [svg.text(f"{tick:g}", _across(tick), _up(0) + 16, "small soft", "middle")]
        body += [svg.text(f"{tick:g}", LEFT - 6, _up(tick) + 4, "small soft", "end")]
    body += [svg.text(below, (LEFT + SIDE) / 2, SIDE - 8, "small soft", "middle"), *marks]
    middle = (TOP + SIDE - BOTTOM) / 2
    turned = f"rotate(-90 14 {middle:.0f})"
    body.append(
        svg.element("text", beside, x=14, y=middle, class_="small soft", text_anchor="middle", transform=turned)
    )
    return svg.figure(title, SIDE, SIDE, body)
