"""What each pole's arrival has to do with a fix: how much later or earlier it came than the fix says it should."""

from collections.abc import Sequence

from gateway.pictures import svg
from gateway.pictures.svg import Say, Scale

WIDTH, LEFT, RIGHT, ROW, TOP = 320.0, 84.0, 48.0, 19.0, 6.0
LEAST_MS = 1.0  # the axis never spans less, so that microseconds do not look like trouble


def residual_bars(names: Sequence[str], residuals_us: Sequence[float], title: str = "Residuals", say: Say = str) -> str:
    """A bar for each arrival, late to the right, as an HTML <figure> that needs svg.STYLE.

    residuals_us : (n,) arrival minus what the fix predicts. say : the reader's language, of the English. ValueError
    where there are not as many names.
    """
    if len(names) != len(residuals_us) or not names:
        raise ValueError(f"{len(names)} names for {len(residuals_us)} residuals: as many are needed, and at least one")
    late_ms = [residual / 1000 for residual in residuals_us]
    most_ms = max(LEAST_MS, *(abs(late) for late in late_ms))
    across = Scale(-most_ms, most_ms, LEFT, WIDTH - RIGHT)
    bottom = TOP + ROW * len(names)
    pairs = zip(names, late_ms, strict=True)
    body = [
        *(svg.line(across(tick), TOP, across(tick), bottom, "grid") for tick in svg.ticks(-most_ms, most_ms, 4)),
        *(_bar(name, late, across, TOP + ROW * index) for index, (name, late) in enumerate(pairs)),
        svg.line(across(0), TOP, across(0), bottom, "axis"),
        *(
            svg.text(f"{tick:g}", across(tick), bottom + 14, "small soft", "middle")
            for tick in svg.ticks(-most_ms, most_ms, 4)
        ),
        svg.text(say("ms later than the fix says"), across(0), bottom + 30, "small soft", "middle"),
    ]
    return svg.figure(title, WIDTH, bottom + 38, body)


def _bar(name: str, late_ms: float, across: Scale, top: float) -> str:
    left, right = sorted((across(0), across(late_ms)))
    bar = svg.element("rect", x=left, y=top + 4, width=max(right - left, 0.5), height=ROW - 8, class_="ellipse")
    value = svg.text(f"{late_ms:+.1f}", WIDTH - 4, top + ROW * 0.7, "small soft", "end")
    return bar + svg.text(name, 0, top + ROW * 0.7, "small") + value
