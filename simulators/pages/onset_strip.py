"""One file in one row: its sound from end to end, with the onsets; and how the probabilities of many are spread."""

from collections.abc import Sequence

import numpy as np

from gateway.pictures import svg
from gateway.pictures.svg import Scale
from simulators.pages.hearing import GUNSHOT_P, Hearing

WIDTH, HEIGHT, TOP, COLUMNS = 360.0, 44.0, 10.0, 240
BINS, BAR_WIDTH, BAR_HEIGHT = 20, 760.0, 170.0


def strip(hearing: Hearing) -> str:
    """The extremes of all channels, as high as the loudest, and a mark over each onset: filled where it is more likely
    a gunshot than not. An HTML <figure> that needs svg.STYLE."""
    when = Scale(0.0, hearing.length_s, 0.0, WIDTH)
    low, high = hearing.curves.low.min(axis=0), hearing.curves.high.max(axis=0)
    edges = np.linspace(0, len(low), min(COLUMNS, len(low)) + 1).astype(int)[:-1]
    peak = max(float(np.abs(low).max()), float(np.abs(high).max()), 1e-9)
    middle, half = (TOP + HEIGHT) / 2, (HEIGHT - TOP) / 2
    x = np.linspace(0, WIDTH, len(edges))
    there = [
        f"{a:.1f} {middle - half * b:.1f}" for a, b in zip(x, np.maximum.reduceat(high, edges) / peak, strict=True)
    ]
    back = [f"{a:.1f} {middle - half * b:.1f}" for a, b in zip(x, np.minimum.reduceat(low, edges) / peak, strict=True)]
    body = [svg.element("path", d=f"M{'L'.join(there + back[::-1])}Z", class_="wave")]
    for mark in hearing.marks:
        class_ = "onset" if mark.p_gunshot >= GUNSHOT_P else "stray"
        body.append(svg.element("path", d=f"M{when(mark.t_s):.1f} {TOP:.0f}l-4 -8h8Z", class_=class_))
    return svg.figure(f"Sound of {hearing.name}", WIDTH, HEIGHT, body)


def histogram(values: Sequence[float], axis: str, title: str) -> str:
    """How many of the values, each 0 to 1, lie in each twentieth. An HTML <figure> that needs svg.STYLE."""
    counts, edges = np.histogram(values, BINS, (0.0, 1.0))
    across = Scale(0.0, 1.0, 40.0, BAR_WIDTH - 10)
    up = Scale(0.0, float(max(counts.max(), 1)), BAR_HEIGHT - 40, 18.0)
    body = [svg.line(40, up(0), BAR_WIDTH - 10, up(0), "axis")]
    for count, left, right in zip(counts.tolist(), edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        x, width = across(left) + 1.5, across(right) - across(left) - 3
        colour = "dot-fix" if left >= GUNSHOT_P - 1e-9 else "dot-pole"
        body.append(svg.element("rect", x=x, y=up(count), width=width, height=up(0) - up(count), class_=colour))
        if count:
            body.append(svg.text(str(count), x + width / 2, up(count) - 4, "small soft", "middle"))
    for tick in svg.ticks(0.0, 1.0, 10):
        body.append(svg.text(f"{tick:g}", across(tick), BAR_HEIGHT - 24, "small soft", "middle"))
    body.append(svg.text(axis, across(0.5), BAR_HEIGHT - 6, "small soft", "middle"))
    return svg.figure(title, BAR_WIDTH, BAR_HEIGHT, body)
