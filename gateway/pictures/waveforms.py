"""What the microphones heard, one row each over one time axis, with the onsets that the nodes reported."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gateway.pictures import svg
from gateway.pictures.svg import Say, Scale

WIDTH, LEFT, RIGHT, ROW, TOP = 900.0, 92.0, 12.0, 46.0, 22.0
COLUMNS = 800
TRUE_DUE = "when the true shot's sound is due"


@dataclass(frozen=True, slots=True)
class Trace:
    """One microphone. Times are seconds on the picture's axis, UTC differences, so that traces may start apart.

    samples : (n,), the first at start_s. onsets_s : reported, and used in the fix of a round; strays_s : the others.
    expected_s : when the sound of what was truly fired should come.
    """

    name: str
    start_s: float
    rate_hz: float
    samples: NDArray[np.float32]
    onsets_s: Sequence[float] = ()
    strays_s: Sequence[float] = ()
    expected_s: Sequence[float] = ()


def waveforms(
    traces: Sequence[Trace],
    first_s: float,
    last_s: float,
    axis: str,
    title: str = "Waveforms",
    due: str = TRUE_DUE,
    say: Say = str,
) -> str:
    """Every trace within first_s to last_s, each as high as its own loudest sample there, as an HTML <figure> that
    needs svg.STYLE. axis : what is written under the time axis, with its unit. due : what expected_s are. say : the
    reader's language, of the English. ValueError for an empty range."""
    when = Scale(first_s, last_s, LEFT, WIDTH - RIGHT)
    bottom = TOP + ROW * len(traces)
    body = [*_axis(when, bottom, axis)]
    for index, trace in enumerate(traces):
        body += _row(trace, when, TOP + ROW * (index + 0.5))
    legend = [(symbol, say(words)) for symbol, words in _legend(traces, due)]
    return svg.figure(title, WIDTH, bottom + 44, body, legend)


def envelope(samples: NDArray[np.float32], n_columns: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(least, most) of samples (n,) in n_columns equal stretches, or in n of them where there are fewer samples."""
    edges = np.linspace(0, len(samples), min(n_columns, len(samples)) + 1).astype(int)[:-1]
    return np.minimum.reduceat(samples, edges), np.maximum.reduceat(samples, edges)


def _axis(when: Scale, bottom: float, axis: str) -> list[str]:
    parts = []
    for tick in svg.ticks(when.low, when.high, 9):
        parts.append(svg.line(when(tick), TOP, when(tick), bottom, "grid"))
        parts.append(svg.text(f"{tick:g}", when(tick), bottom + 17, "small soft", "middle"))
    return [*parts, svg.text(axis, (LEFT + WIDTH - RIGHT) / 2, bottom + 36, "small soft", "middle")]


def _row(trace: Trace, when: Scale, middle: float) -> list[str]:
    first = max(0, int(np.floor((when.low - trace.start_s) * trace.rate_hz)))
    last = max(first, int(np.ceil((when.high - trace.start_s) * trace.rate_hz)))
    shown = trace.samples[first:last]
    peak = float(np.max(np.abs(shown))) if len(shown) else 0.0
    parts = [svg.line(LEFT, middle, WIDTH - RIGHT, middle, "axis"), svg.text(trace.name, 0, middle, "bold")]
    parts.append(svg.text(f"peak {100 * peak:.3g} %", 0, middle + 14, "small soft"))
    if peak > 0:
        parts.append(_wave(shown / peak, trace.start_s + first / trace.rate_hz, trace.rate_hz, when, middle))
    for t_s in _within(trace.expected_s, when):
        parts.insert(0, svg.line(when(t_s), middle - ROW / 2, when(t_s), middle + ROW / 2, "expected"))
    for times_s, class_ in ((trace.strays_s, "stray"), (trace.onsets_s, "onset")):
        parts += [_flag(when(t_s), middle - ROW / 2, class_) for t_s in _within(times_s, when)]
    return parts


def _within(times_s: Sequence[float], when: Scale) -> list[float]:
    return [t_s for t_s in times_s if when.low <= t_s <= when.high]


def _flag(x: float, top: float, class_: str) -> str:
    """A mark above the sound, its tip at the time."""
    return svg.element("path", d=f"M{x:.1f} {top + 9:.1f}l-4.5 -8h9Z", class_=class_)


def _wave(samples: NDArray[np.float32], start_s: float, rate_hz: float, when: Scale, middle: float) -> str:
    """The envelope as one closed path."""
    least, most = envelope(samples, COLUMNS)
    x = np.linspace(when(start_s), when(start_s + len(samples) / rate_hz), len(least))
    half = ROW * 0.38
    there = [f"{a:.1f} {middle - half * b:.1f}" for a, b in zip(x, most, strict=True)]
    back = [f"{a:.1f} {middle - half * b:.1f}" for a, b in zip(x[::-1], least[::-1], strict=True)]
    return svg.element("path", d=f"M{'L'.join(there + back)}Z", class_="wave")


def _legend(traces: Sequence[Trace], due: str) -> list[svg.Entry]:
    symbols = [
        (True, svg.element("path", d="M1 8L6 7L8 1L10 15L13 5L16 10L25 8L16 9L8 14Z", class_="wave"),
         "sound, each row to its own peak (per cent of full scale)"),
        (any(len(trace.onsets_s) for trace in traces), _flag(13, 3, "onset"), "onset of a round that was placed"),
        (any(len(trace.strays_s) for trace in traces), _flag(13, 3, "stray"),
         "other onset (echo, other sound)"),
        (any(len(trace.expected_s) for trace in traces), svg.line(13, 0, 13, 16, "expected"),
         due),
    ]  # fmt: skip
    return [(symbol, words) for shown, symbol, words in symbols if shown]
