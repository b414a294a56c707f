"""What a gateway counts of itself, for whoever watches it: docs/how-to/watching.md lists every name. Pure.

Counters begin at nothing with each start, as Prometheus expects of them. Times of arrivals are those that core and
journal have; nothing here asks a clock.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from firmware import wire
from gateway.effects import Told
from gateway.incident import Alarm, Announce
from gateway.lamp_notice import LampNotice
from gateway.orders import Light, Outcome
from hw.linux.exposition import COUNTER, GAUGE, HISTOGRAM, Family, Histogram, Sample

PREFIX = "soundpost_gateway_"
ACK_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
ALERT_S = (0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0)
"""Sound takes 1 s to reach the poles that agree; what is over 30 s is history (DESIGN, sections 1 and 4)."""
UNUSED = ("unknown", "clock", "crowded", "forgotten", "untold", "limited")
"""Of the core's counts: what came in truth and was not used, or was decided and held back."""
ALARMS = ("clock", "microphone", "position", "second", "silent")
"""Kinds of gateway/incident.py, Alarm, told from the start: Prometheus sees no rise from nothing to one."""
PLAIN = {
    "frames_total": ("frames", "Frames that a node did say."),
    "duplicates_total": ("duplicates", "Of these, those that had come before."),
    "arrivals_total": ("arrivals", "Arrivals that were associated."),
    "late_arrivals_total": ("late", "Of these, those that came late."),
    "rounds_total": ("rounds", "Rounds that were placed."),
    "unplaced_total": ("unplaced", "What was like a shot and has no place."),
}


class State(Protocol):
    """What is known of a node (gateway/core.py)."""

    @property
    def heard_us(self) -> int: ...

    @property
    def health(self) -> wire.Health | None: ...


@dataclass(frozen=True, slots=True)
class Now:
    """What is so at this moment. counts, nodes : of the core. waiting_frames : not fed yet. held_bytes : of rows that
    are not on the disk. journal_bytes, free_bytes : of its file and its disk; None where that cannot be known."""

    counts: Mapping[str, int]
    nodes: Mapping[str, State]
    waiting_frames: int
    held_bytes: int
    journal_bytes: int | None
    free_bytes: int | None
    now_us: int
    version: str = ""


class Figures:
    """One a gateway. poles : the nodes of the survey; who was never heard is told, too."""

    def __init__(self, poles: Sequence[str], start_us: int) -> None:
        self._poles, self._start_us = tuple(poles), start_us
        self._effects: Counter[tuple[str, str]] = Counter()
        self._incidents: Counter[tuple[str, str]] = Counter()
        self._alarms: Counter[str] = Counter(dict.fromkeys(ALARMS, 0))
        self._notices: Counter[str] = Counter()
        self._acks, self._alerts = Histogram(ACK_S), Histogram(ALERT_S)

    def kept(self, seconds: float) -> None:
        """So long a frame waited for the disk, and its node for the ack."""
        self._acks.add(seconds)

    def told(self, told: Told | LampNotice, now_us: int) -> None:
        """Something was told to people and programs at now_us."""
        if isinstance(told, Outcome):
            what = "lamp" if isinstance(told.effect, Light) else "camera"
            self._effects[what, _came_to(told)] += 1
        elif isinstance(told, Announce):
            self._announced(told, now_us)
        elif isinstance(told, Alarm) and told.raised:
            self._alarms[told.kind] += 1
        elif isinstance(told, LampNotice) and told.is_open:
            self._notices[told.fault] += 1

    def _announced(self, told: Announce, now_us: int) -> None:
        incident = told.incident
        if told.is_new:
            self._incidents[incident.grade, incident.kind] += 1
        if told.news and not incident.historic:
            newest_us = max(shot.fix.t_us for shot in told.news)
            self._alerts.add(max(0, now_us - newest_us) / 1e6)

    def families(self, now: Now) -> list[Family]:
        """All that there is to tell."""
        return [*_counts(now.counts), *self._deeds(), *_queues(now), *_nodes(self._poles, now), *self._itself(now)]

    def _deeds(self) -> list[Family]:
        effects = [Sample(n, {"what": what, "outcome": how}) for (what, how), n in sorted(self._effects.items())]
        incidents = [Sample(n, {"grade": grade, "kind": kind}) for (grade, kind), n in sorted(self._incidents.items())]
        return [
            Family("effects_total", COUNTER, "Orders to lamps and cameras, by what became of them.", effects),
            Family("incidents_total", COUNTER, "Incidents, as they were told first.", incidents),
            Family("pole_alarms_total", COUNTER, "Alarms of poles, by kind.", _by("kind", self._alarms)),
            Family("lamp_notices_total", COUNTER, "Lamps found failed, by fault.", _by("fault", self._notices)),
            Family("ack_seconds", HISTOGRAM, "From a frame's coming to its being on the disk.", self._acks.samples()),
            Family("alert_seconds", HISTOGRAM, "From a round being fired to its being told.", self._alerts.samples()),
        ]

    def _itself(self, now: Now) -> list[Family]:
        return [
            Family("info", GAUGE, "1, with the version that runs.", [Sample(1, {"version": now.version})]),
            _gauge("start_timestamp_seconds", "When it started.", self._start_us / 1e6),
            _gauge("written_timestamp_seconds", "When these figures were written.", now.now_us / 1e6),
        ]


def _came_to(outcome: Outcome) -> str:
    if outcome.superseded:
        return "superseded"
    return "done" if outcome.done else "failed"


def _counts(counts: Mapping[str, int]) -> list[Family]:
    plain = [Family(name, COUNTER, words, [Sample(counts.get(key, 0))]) for name, (key, words) in PLAIN.items()]
    rejects = [Sample(counts.get(reason, 0), {"reason": reason}) for reason in wire.REASONS]
    unused = [Sample(counts.get(why, 0), {"why": why}) for why in UNUSED]
    return [
        *plain,
        Family("rejects_total", COUNTER, "Frames refused, by reason.", rejects),
        Family("unused_total", COUNTER, "What was true and was not used, or held back, by why.", unused),
    ]


def _queues(now: Now) -> list[Family]:
    return [
        _gauge("waiting_frames", "Frames that came and were not looked at yet.", now.waiting_frames),
        _gauge("held_bytes", "Of rows that wait for the disk.", now.held_bytes),
        _gauge("journal_bytes", "Of the journal's file.", now.journal_bytes),
        _gauge("disk_free_bytes", "Of the disk that the journal is on.", now.free_bytes),
    ]


def _nodes(poles: Sequence[str], now: Now) -> list[Family]:
    """Of the poles of the survey; a node that is none of them gets no line, however often it changes its name."""
    heard = {node: now.nodes[node] for node in poles if node in now.nodes}
    healths = {node: state.health for node, state in heard.items() if state.health is not None}
    return [
        Family("node_heard", GAUGE, "1 where it was heard since the start.",
               [Sample(node in heard, {"node": node}) for node in poles]),
        Family("node_heard_timestamp_seconds", GAUGE, "When it was heard last.",
               [Sample(state.heard_us / 1e6, {"node": node}) for node, state in heard.items()]),
        Family("node_clock", GAUGE, "1 for the state its clock is in, as it said last.",
               [Sample(health.clock == index, {"node": node, "state": state})
                for node, health in healths.items() for index, state in enumerate(wire.CLOCK_STATES)]),
        Family("node_sigma_seconds", GAUGE, "One sigma of its clock, as it said last.",
               [Sample(each.sigma_us / 1e6, {"node": node}) for node, each in healths.items()]),
        Family("node_queued", GAUGE, "Records of it that wait for our ack.",
               [Sample(each.queued, {"node": node}) for node, each in healths.items()]),
        Family("node_dropped", GAUGE, "Arrivals that it dropped from a full outbox since its start.",
               [Sample(each.dropped_arrivals, {"node": node}) for node, each in healths.items()]),
        Family("node_gaps", GAUGE, "Gaps in its sound since its start.",
               [Sample(each.gaps, {"node": node}) for node, each in healths.items()]),
        Family("node_temperature_celsius", GAUGE, "By its thermometer.",
               [Sample(each.temperature_cc / 100, {"node": node})
                for node, each in healths.items() if each.temperature_cc is not None]),
    ]  # fmt: skip


def _by(label: str, counts: Counter[str]) -> list[Sample]:
    return [Sample(n, {label: value}) for value, n in sorted(counts.items())]


def _gauge(name: str, words: str, value: float | None) -> Family:
    return Family(name, GAUGE, words, [] if value is None else [Sample(value)])
