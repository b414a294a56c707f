"""What another policy would have done over a journal's nights, beside what the gateway's own does.

The journal's frames happen again, once, to a core as the gateway builds it; both policies get the same rounds. Where
the other one asks for another `rare_h`, rounds are judged otherwise, so there are two cores then. An incident is
compared when it can change no more, and forgotten: memory does not grow with the journal.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gateway.assembly.gateway import build_core, build_rules, read_air
from gateway.config import GatewayConfig
from gateway.core import SETTLED_US, Core
from gateway.intake.gate import Gate
from gateway.intake.keyring import read_keys
from gateway.intake.seen import Seen
from gateway.journal.moments import Moment, happen, moments
from gateway.journal.rows import Row, kept
from gateway.reaction.policy_tables import PolicyTable
from gateway.reaction.sun import sun_over
from gateway.reaction.walls import Walls
from gateway.reasons import ACTS
from soundpost.policy.deeds import LONG_US, Deeds, Watched

STEP_US = 30_000_000


@dataclass(frozen=True, slots=True)
class Street:
    """A gateway's config, and where it lies."""

    config: GatewayConfig
    folder: Path


@dataclass(frozen=True, slots=True)
class Other:
    """Another policy, and where the files that it names lie."""

    table: PolicyTable
    folder: Path


@dataclass(frozen=True, slots=True)
class Changed:
    """An act of an incident that comes out otherwise. now, then : what it was done for by the gateway's own policy and
    by the other one; None: that one does not know such an incident."""

    incident: str
    t_us: int
    act: str
    now: Deeds | None
    then: Deeds | None


@dataclass(slots=True)
class Totals:
    """n_incidents : in all. n_changed : of these, those of which something changes. now, then : by act, for how many
    incidents it is done."""

    n_incidents: int = 0
    n_changed: int = 0
    now: Counter[str] = field(default_factory=Counter)
    then: Counter[str] = field(default_factory=Counter)


class Trial:
    """totals : so far. Frames under keys that the keys file no longer holds, or that we may not see, are taken as
    journaled, and counted."""

    def __init__(self, street: Street, other: Other, connection: sqlite3.Connection) -> None:
        self.totals = Totals()
        self._gate = Gate(_keys(street), Seen(), 1)
        self._now, self._then, self._cores = _build(street, other, connection, self._gate)

    @property
    def n_unproven(self) -> int:
        """How many frames came under keys that are gone."""
        return self._gate.n_unproven

    @property
    def n_open(self) -> int:
        """How many incidents may still change."""
        return len(self._now.open.keys() | self._then.open.keys())

    def run(self, rows: Iterator[Row]) -> Iterator[Changed]:
        """Let it all happen. Comes back as it goes: what changes."""
        at_us = None
        for moment in moments(rows):
            if at_us is not None:
                yield from self._pass(at_us, _before(moment))
            for core in self._cores:
                happen(core, moment)
            at_us = _after(moment)
            yield from self._close(at_us)
        if at_us is not None:
            for core in self._cores:
                core.settle()
            yield from self._pass(at_us, at_us + LONG_US)
            yield from self._close(at_us + 2 * LONG_US)

    def _pass(self, from_us: int, until_us: int) -> Iterator[Changed]:
        """Let time pass as a gateway would, as long as something is under way or not decided yet."""
        for at_us in range(from_us + STEP_US, until_us, STEP_US):
            if at_us - from_us > SETTLED_US and not self.n_open:
                return
            for core in self._cores:
                core.tick(at_us)
            yield from self._close(at_us)

    def _close(self, now_us: int) -> Iterator[Changed]:
        """Compare what changes no more."""
        over = [name for name in self._now.over(now_us) if name not in self._then.open]
        over += [name for name in self._then.over(now_us) if name not in self._now.open]
        both = set(self._now.over(now_us)) & set(self._then.over(now_us))
        for name in dict.fromkeys([*over, *sorted(both)]):
            yield from self._compare(name, self._now.open.pop(name, None), self._then.open.pop(name, None))

    def _compare(self, name: str, now: Deeds | None, then: Deeds | None) -> Iterator[Changed]:
        found = [
            Changed(name, (now or then or Deeds(name, 0)).first_us, act, now, then)
            for act in ACTS
            if (now and now.same(act)) != (then and then.same(act)) and (_done(now, act) or _done(then, act))
        ]
        self.totals.n_incidents += 1
        self.totals.n_changed += bool(found)
        self.totals.now.update(act for act in ACTS if _done(now, act))
        self.totals.then.update(act for act in ACTS if _done(then, act))
        yield from found


def within(rows: Iterator[Row], from_us: int | None, until_us: int | None) -> Iterator[Row]:
    """Those that were written from one moment on and before another one; None: there is no such bound. The others are
    read and checked all the same, and happen to nobody."""
    low, high = -(1 << 63) if from_us is None else from_us, 1 << 63 if until_us is None else until_us
    return (row for row in rows if low <= row.at_us < high)


def _keys(street: Street) -> dict[str, bytes]:
    """None where this user may not see them, as the pages' service may not."""
    try:
        return dict(read_keys(street.folder / street.config.keys_file))
    except PermissionError:
        return {}


def _build(
    street: Street, other: Other, connection: sqlite3.Connection, gate: Gate
) -> tuple[Watched, Watched, Sequence[Core]]:
    config = street.config
    airs = [read_air(each.row.body) for each in kept(connection, "air")]
    things = config.lamps(), config.mounts(), sun_over(config.the_site()), Walls(config.the_walls())
    then = Watched(build_rules(config, other.folder, other.table), *things)
    rules = build_rules(config, street.folder)
    if other.table.rare_h == config.policy.rare_h:
        now = Watched(rules, *things, then)
        return now, then, [build_core(config, gate, airs, policy=now)]
    now = Watched(rules, *things)
    as_other = config.model_copy(update={"policy": other.table})
    second = Gate(_keys(street), Seen(), 1)
    return now, then, [build_core(config, gate, airs, policy=now), build_core(as_other, second, airs, policy=then)]


def _before(moment: Moment) -> int:
    """Until when time passed for the gateway that ran before it: while none ran it passed for no lamp."""
    if moment.step is not None:
        return moment.step.before_us
    return moment.at_us if moment.last_us is None else moment.last_us


def _after(moment: Moment) -> int:
    return moment.at_us if moment.step is None else moment.step.after_us


def _done(deeds: Deeds | None, act: str) -> bool:
    return deeds is not None and deeds.of(act) != "-"
