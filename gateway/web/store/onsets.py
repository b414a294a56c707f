"""What each pole heard of a round. The journal's row of it names the poles, not the frames: they are found again among
the arrivals by node and time.

A round's height is not told. The one is taken that fits the arrivals best, drawn to POLE_HEIGHT_M below the microphones
with HEIGHT_SIGMA_M, as dsp/placing/multilaterate.py does; by absolute residuals, so that one pole that is late does not
hide it in the others. The place and the time stay as they were told. The residual
of an arrival is its time less the round's and less the sound's way (dsp/air.py, `travel_s`).
"""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsp.air import Air, travel_s
from dsp.placing.multilaterate import HEIGHT_SIGMA_M, POLE_HEIGHT_M
from gateway.web.store.survey import Survey

OFF_US = 60_000
"""An arrival farther from when it should have come, at the height first taken, is of another sound."""
HEIGHTS_M = np.linspace(-30.0, 30.0, 1201)
ARRIVALS = "select * from arrival where node = ? and t_us between ? and ? order by abs(t_us - ?) limit 1"
INSERT = "insert or replace into onset values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class _Found:
    """arrival : its row. t_us : without the pole's offset."""

    node: str
    arrival: sqlite3.Row
    t_us: int
    xyz_m: tuple[float, float, float]


def keep_onsets(
    connection: sqlite3.Connection, survey: Survey, air: Air, incident: str, told: Mapping[str, Any]
) -> None:
    """Find the onsets of a round that is told, and keep them with its incident. Raises KeyError or TypeError for what
    no gateway tells."""
    round_us, nodes = int(told["t_us"]), [str(node) for node in told["nodes"]]
    connection.execute("delete from onset where incident = ? and round_us = ?", (incident, round_us))
    places = [survey.places[node] for node in nodes if node in survey.places]
    if not places:
        return
    east_m, north_m = float(told["e_m"]), float(told["n_m"])
    height_m = float(np.mean([place[2] for place in places])) - POLE_HEIGHT_M
    found = [
        each for node in nodes if (each := _find(connection, survey, air, node, round_us, (east_m, north_m, height_m)))
    ]
    if not found:
        return
    late_us, away_m = _residuals(found, air, round_us, np.array((east_m, north_m, height_m)))
    connection.executemany(
        INSERT,
        [
            _values(incident, round_us, each, float(away), float(late))
            for each, away, late in zip(found, away_m, late_us, strict=True)
        ],
    )


def _find(
    connection: sqlite3.Connection, survey: Survey, air: Air, node: str, round_us: int, source_m: Sequence[float]
) -> _Found | None:
    place = survey.places.get(node)
    if place is None:
        return None
    offset_us = survey.offsets_us.get(node, 0)
    due_us = round_us + offset_us + round(float(travel_s(air, np.subtract(place, source_m))) * 1e6)
    row = connection.execute(ARRIVALS, (node, due_us - OFF_US, due_us + OFF_US, due_us)).fetchone()
    return None if row is None else _Found(node, row, int(row["t_us"]) - offset_us, place)


def _residuals(
    found: Sequence[_Found], air: Air, round_us: int, source_m: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(n,) microseconds late, (n,) metres away, at the height that fits best."""
    places = np.array([each.xyz_m for each in found])
    after_us = np.array([each.t_us - round_us for each in found], float)
    sigma_us = np.array([max(each.arrival["sigma_us"], 1) for each in found], float)
    sources = source_m + np.outer(HEIGHTS_M, (0.0, 0.0, 1.0))
    paths = places[None, :, :] - sources[:, None, :]
    late_us = after_us - travel_s(air, paths) * 1e6
    costs = np.abs(late_us / sigma_us).sum(axis=1) + (HEIGHTS_M / HEIGHT_SIGMA_M) ** 2 / 2
    best = int(np.argmin(costs))
    return late_us[best], np.linalg.norm(paths[best], axis=1)


def _values(incident: str, round_us: int, found: _Found, away_m: float, late_us: float) -> tuple[object, ...]:
    row = found.arrival
    return (
        incident, round_us, found.node, row["number"], found.t_us, round(away_m, 2), round(late_us, 1),
        row["sigma_us"], row["clock"], row["level_cdb"], row["level_unit"], row["snr_cdb"], row["p_permille"],
        row["sound"],
    )  # fmt: skip
