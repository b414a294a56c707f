"""A ledger of what each pole was off by: alarms for clocks, survey places and microphones, raised and cleared. Pure.

Times, places and loudness: `gateway/upkeep/pole_residuals.py`. Two more are told by comparison with the other poles:

    scatter    its times scatter SCATTERS times as much as the others' do: it picks badly, and its sigma is too small
    deaf       each shot that most poles no farther heard, and it did not, adds ln(P(miss | deaf) / P(miss | well)) to a
               sum; each that it heard takes away; never below zero (Page's cumulative sum, from general knowledge)

Nothing is said on fewer than LEAST_PLACES places from which shots came, or LEAST_MISSED that it missed; so nobody is
sent out on one shot's evidence, nor on one place's. An alarm is cleared when less than half of it is left in the newest
LEAST_PLACES entries. Thresholds were chosen on simulated streets; tests/gateway/upkeep/test_ledger.py has the rates.
"""

import math
from collections.abc import Container, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from dsp.placing.sounding import Sounding
from gateway.incident import Alarm, Round
from gateway.upkeep.pole_residuals import (
    CLOCK,
    DEAF,
    LEAST_PLACES,
    LOUDNESS,
    MOST_PLACES,
    POSITION,
    SCATTER,
    SURE_PLACES,
    TIMING,
    Cell,
    Entry,
    Finding,
    Page,
    left_of,
    loudness,
    timing,
)

Floats = NDArray[np.float64]
Place = tuple[float, float, float]

CELL_M = 25.0
SCATTERS = 6.0
LEAST_OTHERS = 5  # poles to be compared with
NEAR, NEAR_M = 1.25, 30.0  # poles no farther than NEAR times as far and NEAR_M have about the same chance to hear...
LIKELY = 0.6  # ...and if this share of them did, this one should have
DEAF_HEARS = 0.05  # share of shots that a deaf microphone is taken to hear all the same: a door slams just then
DEAF_NATS, MOST_NATS, LEAST_MISSED = 11.0, 14.0, 6

KINDS = {CLOCK: "clock", POSITION: "position", LOUDNESS: "microphone", SCATTER: "microphone", DEAF: "microphone"}
OVER = {
    CLOCK: "its clock agrees with the other poles again",
    POSITION: "its place agrees with the survey again",
    LOUDNESS: "it is as loud as the other poles again",
    SCATTER: "its times are as steady as the other poles' again",
    DEAF: "it hears what the poles around it hear again",
}


class Ledger:
    """poles : every pole that is listening, by node, metres. nodes : of these."""

    def __init__(self, poles: Mapping[str, Place]) -> None:
        self.nodes = tuple(poles)
        self._xyz_m = np.array([poles[node] for node in self.nodes], float).reshape(-1, 3)
        self._pages = {node: Page() for node in self.nodes}

    @property
    def doubtful(self) -> frozenset[str]:
        """Nodes whose times nothing should be learnt from."""
        return frozenset(node for node, page in self._pages.items() if page.alarms.keys() & {*TIMING, SCATTER})

    def feed(self, shot: Round, told: Sounding, now_us: int, elsewhere: Container[str] = ()) -> list[Alarm]:
        """Enter one placed shot; told : its sounding, arrivals in the shot's order. elsewhere : nodes that may have
        heard it and tell another second. Gives alarms raised and cleared."""
        cell = (round(float(told.place_m[0]) / CELL_M), round(float(told.place_m[1]) / CELL_M))
        heard = {arrival.node for arrival in shot.arrivals}
        for arrival, entry in zip(shot.arrivals, _entries(shot, told, now_us), strict=True):
            if arrival.node in self._pages:
                self._pages[arrival.node].write(cell, entry)
        self._listen(told.place_m, cell, heard, elsewhere)
        return [alarm for node in self.nodes for alarm in self._judge(node, node in heard, now_us)]

    def _listen(self, place_m: Floats, cell: Cell, heard: set[str], elsewhere: Container[str]) -> None:
        """Who should have heard this shot, and did or did not."""
        away_m = np.linalg.norm(self._xyz_m - place_m, axis=1)
        did = np.array([node in heard for node in self.nodes])
        order = np.argsort(away_m)
        n_near = np.searchsorted(away_m[order], NEAR * away_m + NEAR_M, side="right")
        n_heard = np.append(0, np.cumsum(did[order]))[n_near] - did
        p_heard = np.clip((n_heard + 1) / (n_near + 1), 0.2, 0.95)  # of the others, one of two more having heard it
        for node, hears, p, n in zip(self.nodes, did, p_heard.tolist(), n_near.tolist(), strict=True):
            page = self._pages[node]
            if hears:
                page.deaf_nats = max(0.0, page.deaf_nats + math.log(DEAF_HEARS / p))
                page.missed.clear()
            elif n > LEAST_OTHERS and p >= LIKELY and cell not in page.missed and node not in elsewhere:
                page.missed.add(cell)
                page.deaf_nats = min(page.deaf_nats + math.log((1 - DEAF_HEARS) / (1 - p)), MOST_NATS)

    def _judge(self, node: str, heard: bool, now_us: int) -> Iterator[Alarm]:
        """What is to be raised and cleared for one pole."""
        page = self._pages[node]
        for found in self._findings(node, heard):
            blamed = (
                {*TIMING, SCATTER} if found.kind == SCATTER else {*TIMING} if found.kind in TIMING else {found.kind}
            )
            if not page.alarms.keys() & blamed:
                page.alarms[found.kind] = found.size
                n_shots = len(page.missed) if found.kind == DEAF else len(page.entries)
                yield Alarm(node, KINDS[found.kind], True, found.why, now_us, round(found.sigmas, 1), n_shots)
        for kind, size in list(page.alarms.items()):
            if self._is_over(node, kind, size):
                del page.alarms[kind]
                page.keep_newest()
                yield Alarm(node, KINDS[kind], False, OVER[kind], now_us, 0.0, len(page.entries))

    def _findings(self, node: str, heard: bool) -> Iterator[Finding]:
        page = self._pages[node]
        if page.deaf_nats >= DEAF_NATS and len(page.missed) >= LEAST_MISSED:
            why = (
                f"it missed {len(page.missed)} shots that the poles around it heard: its microphone is deaf or blocked"
            )
            yield Finding(DEAF, page.deaf_nats, math.sqrt(2 * page.deaf_nats), why)
        if heard and len(page.entries) >= LEAST_PLACES:
            entries = page.newest(MOST_PLACES)
            usual_s = self._usual_s(node)
            off = timing(entries, usual_s) if usual_s else None
            yield from (found for found in (off, loudness(entries)) if found is not None)
            times = self._scatter(node)
            if times >= SCATTERS and off is None and len(entries) >= SURE_PLACES:
                why = f"its times scatter {times:.0f} times as much as the other poles' do: the microphone picks badly"
                yield Finding(SCATTER, times, times, why)

    def _usual_s(self, node: str) -> float | None:
        """How much the times of a pole in the middle of the others scatter; None while too few are known."""
        others = [page.scatter_s for other, page in self._pages.items() if other != node and page.scatter_s is not None]
        return float(np.median(others)) if len(others) >= LEAST_OTHERS else None

    def _scatter(self, node: str) -> float:
        """How many times as much its times scatter as the others' do; 1 where that is not known."""
        own, usual_s = self._pages[node].scatter_s, self._usual_s(node)
        return 1.0 if own is None or usual_s is None else own / usual_s

    def _is_over(self, node: str, kind: str, size: float) -> bool:
        page = self._pages[node]
        if kind == DEAF:
            return page.deaf_nats == 0.0
        if kind == SCATTER:
            return self._scatter(node) < size / 2
        newest = page.newest(LEAST_PLACES)
        return len(newest) == LEAST_PLACES and left_of(kind, newest) < size / 2


def _entries(shot: Round, told: Sounding, now_us: int) -> list[Entry]:
    """What each arrival of a shot is entered as."""
    paths = np.array([arrival.xyz_m for arrival in shot.arrivals]) - told.place_m
    toward = paths[:, :2] / np.maximum(np.hypot(paths[:, 0], paths[:, 1]), 1.0)[:, None]
    away_m = np.maximum(np.linalg.norm(paths, axis=1), 1.0)
    level_db = np.array([math.nan if arrival.level_db is None else arrival.level_db for arrival in shot.arrivals])
    source_db = level_db + 20 * np.log10(away_m)
    known = np.isfinite(source_db)
    usual_db = float(np.median(source_db[known])) if known.any() else 0.0
    return [
        Entry(late_s, sigma_s, (east, north), db - usual_db if math.isfinite(db) else None, now_us)
        for late_s, sigma_s, (east, north), db in zip(
            told.alone_s.tolist(), told.alone_sigma_s.tolist(), toward.tolist(), source_db.tolist(), strict=True
        )
    ]
