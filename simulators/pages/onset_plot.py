"""The picture of `soundpost detect --plot`: a file's sound, what the detector weighed of it, and its onsets.

PNG, SVG or PDF by matplotlib, which draws pixels and vectors alike: `svg.py` here makes parts of web pages only.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from dsp.hearing.detect import RISE_DB
from simulators.pages.hearing import GUNSHOT_P, Hearing, Mark

COLUMNS = 2400  # a picture is no wider: longer sound shows the extremes of each column
WIDTH_IN, CHANNEL_IN, DPI = 12.0, 5.2, 120
LABELLED = 24  # onsets a channel: of more, no p is written and the lines are faint
WAVE, INK, SHOT, OTHER, FLOOR = "#6f8ba3", "#1d2329", "#c8402f", "#8a939c", "#33658a"

Floats = NDArray[np.float64]


def draw(hearing: Hearing, path: Path) -> None:
    """Write the picture; its kind is that of the path's suffix. Raises OSError where it cannot be written."""
    figure = Figure(figsize=(WIDTH_IN, 0.8 + CHANNEL_IN * hearing.n_channels), dpi=DPI, layout="constrained")
    axes = figure.subplots(3 * hearing.n_channels, 1, sharex=True, squeeze=False, height_ratios=(
        [2.2, 1.2, 1.2] * hearing.n_channels
    ))[:, 0]  # fmt: skip
    n, n_shots = len(hearing.marks), hearing.gunshots
    figure.suptitle(
        f"{Path(hearing.name).name}: {n} impulse{'' if n == 1 else 's'}, {n_shots} more likely a gunshot than not",
        x=0.01,
        ha="left",
    )
    for channel in range(hearing.n_channels):
        _channel(list(axes[3 * channel : 3 * channel + 3]), hearing, channel)
    axes[-1].set_xlabel("seconds from the file's first sample")
    axes[-1].set_xlim(0, hearing.length_s)
    figure.savefig(path, format=path.suffix[1:].lower())


def _channel(axes: Sequence[Axes], hearing: Hearing, channel: int) -> None:
    curves, (wave, level, rise) = hearing.curves, axes
    marks = [mark for mark in hearing.marks if mark.channel == channel]
    t_s = _thinned(np.arange(curves.low.shape[1], dtype=float) * curves.cell_s, np.minimum)
    wave.fill_between(
        t_s,
        _thinned(curves.low[channel], np.minimum),
        _thinned(curves.high[channel], np.maximum),
        color=WAVE,
        linewidth=0.4,
    )
    name = f"channel {channel}, " if hearing.n_channels > 1 else ""
    wave.set_ylabel(f"{name}full scale = 1")
    level.plot(t_s, _thinned(curves.level_db[channel], np.maximum), color=INK, linewidth=0.8, label="level, next 12 ms")
    level.plot(t_s, _thinned(curves.floor_db[channel], np.minimum), color=FLOOR, linewidth=1.2, label="noise floor")
    level.set_ylabel("dBFS in band")
    rise.plot(
        t_s, _thinned(curves.rise_db[channel], np.maximum), color=INK, linewidth=0.8, label="rise over 40 ms before"
    )
    rise.axhline(RISE_DB, color=SHOT, linewidth=0.8, linestyle="--", label=f"threshold {RISE_DB:g} dB")
    rise.set_ylabel("dB")
    rise.set_ylim(bottom=-5)
    for each in (level, rise):
        each.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=8, frameon=False)
    for each in axes:
        each.spines[["top", "right"]].set_visible(False)
        for mark in marks:
            each.axvline(mark.t_s, color=_colour(mark), linewidth=0.8, alpha=0.8 if _few(marks) else 0.25, zorder=0.5)
    _label(wave, marks)


def _label(wave: Axes, marks: Sequence[Mark]) -> None:
    """p above each onset, where there is room."""
    for mark in marks if _few(marks) else ():
        wave.annotate(
            f"p {mark.p_gunshot:.2f}", (mark.t_s, 1.0), xycoords=("data", "axes fraction"), xytext=(2, 2),
            textcoords="offset points", rotation=45, fontsize=8, color=_colour(mark), annotation_clip=True,
        )  # fmt: skip


def _few(marks: Sequence[Mark]) -> bool:
    return len(marks) <= LABELLED


def _colour(mark: Mark) -> str:
    return SHOT if mark.p_gunshot >= GUNSHOT_P else OTHER


def _thinned(cells: Floats, extreme: np.ufunc) -> Floats:
    """At most COLUMNS values, each the extreme of its stretch."""
    edges = np.linspace(0, len(cells), min(COLUMNS, len(cells)) + 1).astype(int)[:-1]
    return np.asarray(extreme.reduceat(cells, edges))
