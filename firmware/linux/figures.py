"""What a Linux node counts of itself, for whoever watches it: docs/how-to/watching.md lists every name. Pure.

Counters begin at nothing with each start, as Prometheus expects of them. The gateway tells of its nodes what they say
of themselves; these are there where it hears nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from firmware import wire
from firmware.linux.looking_node import LookingNode
from hw.linux.exposition import COUNTER, GAUGE, HISTOGRAM, Family, Histogram, Sample
from hw.ports import ClockReading

PREFIX = "soundpost_node_"
ACK_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
MOST_OPEN = 4096
"""Records whose acks are waited for; a node that has no gateway for days counts no more of them."""
UNITS = {wire.DBFS: "dBFS", wire.DBSPL: "dBSPL"}
Key = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Now:
    """What is so at this moment. tick : of the newest sample; None before the first. host : what the host's clock is
    worth; None where the source states its own time. is_up : there is a line to the gateway. utc_us : by the host."""

    tick: int | None
    host: ClockReading | None
    is_up: bool
    utc_us: int


class Figures:
    """One a node. now_us : microseconds of any clock that only goes forward."""

    def __init__(self, version: str, start_utc_us: int) -> None:
        self._version, self._start_us = version, start_utc_us
        self._kept_us: dict[Key, int] = {}
        self._acks = Histogram(ACK_S)

    def kept(self, key: Key, now_us: int) -> None:
        """A record was put on the disk and goes to the gateway."""
        if len(self._kept_us) < MOST_OPEN:
            self._kept_us[key] = now_us

    def acked(self, keys: Iterable[Key], now_us: int) -> None:
        """The gateway has these on its own disk."""
        for key in keys:
            kept_us = self._kept_us.pop(key, None)
            if kept_us is not None:
                self._acks.add((now_us - kept_us) / 1e6)

    def thrown_away(self, keys: Iterable[Key]) -> None:
        """A full outbox let these go: no ack of theirs will come."""
        for key in keys:
            self._kept_us.pop(key, None)

    def families(self, node: LookingNode, now: Now) -> list[Family]:
        """All that there is to tell."""
        return [
            *_heard(node),
            Family("ack_seconds", HISTOGRAM, "From a record's being kept to the gateway's ack.", self._acks.samples()),
            *_clock(node, now),
            *_state(node, now),
            Family("info", GAUGE, "1, with its name and version.",
                   [Sample(1, {"node": node.name, "version": self._version})]),
            _gauge("start_timestamp_seconds", "When it started.", self._start_us / 1e6),
            _gauge("written_timestamp_seconds", "When these figures were written.", now.utc_us / 1e6),
        ]  # fmt: skip


def _heard(node: LookingNode) -> list[Family]:
    dropped = {"arrival": node.outbox.dropped_arrivals, "health": node.outbox.dropped_healths,
               "look": node.outbox.looks_let_go}  # fmt: skip
    return [
        _counter("arrivals_total", "Arrivals that it told.", node.arrivals),
        _counter("gaps_total", "Gaps in its sound.", node.gaps),
        _counter("refused_total", "Frames from the gateway's side that were refused.", node.refused),
        Family("dropped_total", COUNTER, "Records dropped from a full outbox, and later looks let go, by what.",
               [Sample(n, {"what": what}) for what, n in dropped.items()]),
    ]  # fmt: skip


def _clock(node: LookingNode, now: Now) -> list[Family]:
    known = now.tick is not None
    state = node.clock.state(now.tick) if now.tick is not None else wire.UNSET
    sigma_us = node.clock.sigma_us(now.tick) if now.tick is not None and state != wire.UNSET else None
    host = [] if now.host is None else [Sample(now.host.sigma_us / 1e6, {"source": now.host.source})]
    return [
        Family("clock", GAUGE, "1 for the state that its clock is in.",
               [Sample(known and state == index, {"state": word}) for index, word in enumerate(wire.CLOCK_STATES)]),
        _gauge("sigma_seconds", "One sigma of an arrival's time, but for its picking.",
               None if sigma_us is None else sigma_us / 1e6),
        Family("host_sigma_seconds", GAUGE, "One sigma of the host's clock by chrony, and what it follows.", host),
    ]  # fmt: skip


def _state(node: LookingNode, now: Now) -> list[Family]:
    noise, unit = node.detector.noise_cdb, UNITS[node.detector.level_unit]
    temperature = node.temperature_cc
    return [
        _gauge("waiting", "Records and looks that wait for the gateway's ack.", len(node.outbox)),
        _gauge("uplink_up", "1 where there is a line to the gateway's side.", now.is_up),
        Family("noise_db", GAUGE, "The noise that onsets rise from.",
               [] if noise is None else [Sample(noise / 100, {"unit": unit})]),
        _gauge("temperature_celsius", "By its thermometer, where it has one.",
               None if temperature is None else temperature / 100),
    ]  # fmt: skip


def _counter(name: str, words: str, value: float) -> Family:
    return Family(name, COUNTER, words, [Sample(value)])


def _gauge(name: str, words: str, value: float | None) -> Family:
    return Family(name, GAUGE, words, [] if value is None else [Sample(value)])
