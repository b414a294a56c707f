"""Shots as `locate` and `replay` tell them: one JSON record a decision (DESIGN section 4), and the same as a table."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from operator import itemgetter
from typing import Any

from dsp.geodesy import Site
from dsp.placing.fix import ellipse
from gateway.incident import Arrival, Round, Unplaced
from simulators.recordings.spill import Spill
from soundpost.terminal import aligned, utc

Line = dict[str, Any]
HEADINGS = (
    "fired (UTC)", "east m", "north m", "95 % within m", "towards", "grade", "p(gunshot)", "nodes", "rms ms", "kind",
)  # fmt: skip
EXTRA = ("source", "lat_deg", "lon_deg")  # columns that not every table has


def numbered(arrivals: Sequence[Arrival]) -> dict[Arrival, int]:
    """The number of each arrival, from 0; of those that are the same, the first one's."""
    return {arrival: number for number, arrival in reversed(list(enumerate(arrivals)))}


def shot_line(decision: Round | Unplaced, number: Mapping[Arrival, int], site: Site | None = None) -> Line:
    """The record of a decision. number : of each arrival. site : adds lat_deg and lon_deg of the fix. What has no fix
    has as `t_us` when it was first heard, and as `nodes` by whom, in the order of hearing."""
    indices = sorted(number[arrival] for arrival in decision.arrivals)
    if isinstance(decision, Unplaced):
        heard = sorted(decision.arrivals, key=lambda each: each.t_us)
        told = {"t_us": heard[0].t_us, "nodes": [each.node for each in heard]}
        return {"no_fix": decision.why, "arrivals": indices, **told}
    return {**_fix(decision), **_on_earth(decision, site), "arrivals": indices}


class Lines:
    """Records with their times: they go in in any order, and come out in order of time as often as is asked."""

    def __init__(self) -> None:
        self._dated: Spill[tuple[int, Line]] = Spill(itemgetter(0))

    def add(self, t_us: int, line: Line) -> None:
        """One more record."""
        self._dated.add((t_us, line))

    def __iter__(self) -> Iterator[Line]:
        return (line for _, line in self._dated)


def table(lines: Iterable[Line]) -> Iterator[str]:
    """The records for people, in their order, line by line. lines : looked at several times, never held."""
    keys = {key for line in _placed(lines) for key in line}
    if keys:
        extra = [key for key in EXTRA if key in keys]
        widths = reduce(_wider, _rows(lines, extra))
        yield from (aligned(row, [len(cell) for cell in widths]) for row in _rows(lines, extra))
    else:
        yield "no shot was placed"
    yield from (_refusal(line) for line in lines if "no_fix" in line)


def _placed(lines: Iterable[Line]) -> Iterator[Line]:
    return (line for line in lines if "no_fix" not in line)


def _rows(lines: Iterable[Line], extra: Sequence[str]) -> Iterator[tuple[str, ...]]:
    yield (*extra, *HEADINGS)
    yield from ((*_cells(line, extra), *_row(line)) for line in _placed(lines))


def _wider(row: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(max(pair, key=len) for pair in zip(row, other, strict=True))


def crowded(n_let_go: int) -> str:
    """What is said of arrivals that there was no room for."""
    return f"{n_let_go} arrival{'' if n_let_go == 1 else 's'} let go for want of room: a pole told of too many at once"


def _fix(shot: Round) -> Line:
    fix, shape = shot.fix, ellipse(shot.fix.cov_m2)
    return {
        "e_m": round(fix.xyz_m[0], 3),
        "n_m": round(fix.xyz_m[1], 3),
        "t_us": fix.t_us,
        "cov_m2": [[round(float(value), 6) for value in row] for row in fix.cov_m2],
        "ellipse_95": {
            "major_m": round(shape.major_m, 3),
            "minor_m": round(shape.minor_m, 3),
            "azimuth_deg": round(shape.azimuth_deg, 1) % 180,
        },
        "grade": shot.grade,
        "p_gunshot": None if shot.p_gunshot is None else round(shot.p_gunshot, 3),
        "rms_us": round(fix.rms_us, 1),
        "kind": shot.kind,
        "why": shot.why,
    }


def _on_earth(shot: Round, site: Site | None) -> Line:
    if site is None:
        return {}
    lat_deg, lon_deg, _ = site.to_geodetic(*shot.fix.xyz_m)
    return {"lat_deg": round(lat_deg, 7), "lon_deg": round(lon_deg, 7)}


def _refusal(line: Line) -> str:
    source = f"{line['source']}: " if "source" in line else ""
    nodes = ", ".join(sorted(line["nodes"]))
    return f"{source}{utc(line['t_us'])}  no fix of {len(line['arrivals'])} arrivals ({nodes}): {line['no_fix']}"


def _cells(line: Line, keys: Sequence[str]) -> list[str]:
    """The columns that not every table has."""
    values = [line.get(key, "") for key in keys]
    return [f"{value:.6f}" if isinstance(value, float) else str(value) for value in values]


def _row(line: Line) -> tuple[str, ...]:
    shape, p_gunshot = line["ellipse_95"], line["p_gunshot"]
    return (
        utc(line["t_us"]),
        f"{line['e_m']:.1f}",
        f"{line['n_m']:.1f}",
        f"{shape['major_m']:.1f} x {shape['minor_m']:.1f}",
        f"{shape['azimuth_deg']:.0f} deg",
        line["grade"],
        "?" if p_gunshot is None else f"{p_gunshot:.2f}",
        str(len(line["arrivals"])),
        f"{line['rms_us'] / 1000:.1f}",
        line["kind"],
    )
