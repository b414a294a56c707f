"""What a gateway takes up from its journal when it starts, and what of it is still to be done. Pure.

An earlier run had stored and acked frames that it may not have decided, and had told of incidents that may still grow.
So what the journal says of the last minutes happens again to the new core, from before the first round of whatever may
still change; what then comes out and was told before is not told again. A clock that was ahead leaves rows that lie in
the future: they are not fed, nor is what lies before a step of the clock, when nothing is the same time as now.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from gateway.effects import Effect
from gateway.incident import Aim, Announce, Light
from gateway.journal.moments import Core, Moment, happen, moments
from gateway.journal.rows import Row

RECENT_US = 300_000_000
"""Longer than gateway/placing/memory.py remembers, and than an incident that has ended may still change
(gateway/reaction/policy.py)."""
WARM_US = 20_000_000
"""Before that: what a decision may hang on (the longest wait, and how long a place is remembered)."""
MOST = 20_000
"""Frames: what a start may take, a minute at the worst."""

Key = tuple[str, str, int, tuple[tuple[int, int, bool], ...]]


@dataclass(frozen=True, slots=True)
class Past:
    """rows : of all kinds, oldest first, to be taken up. cut : how many frames were left out, for want of time. known :
    the announcements that were made."""

    rows: Sequence[Row] = ()
    cut: int = 0
    known: frozenset[Key] = frozenset()


def recent(newest_first: Iterable[Row], now_us: int) -> Past:
    """What of a journal's rows is to be taken up at now_us. Reads no farther back than that."""
    since_us = now_us - RECENT_US
    rows: list[Row] = []
    for row in newest_first:
        if row.kind == "clock":
            break
        if row.at_us > now_us:
            continue
        if row.at_us < since_us - WARM_US:
            break
        if row.kind == "incident" and row.at_us >= now_us - RECENT_US:
            since_us = min(since_us, _first_us(row.body))
        rows.append(row)
    frames = [row for row in rows if row.kind == "frame"]
    if len(frames) > MOST:
        rows = rows[: rows.index(frames[MOST])]
    known = frozenset(key(row.body) for row in rows if row.kind == "incident")
    return Past(rows[::-1], max(0, len(frames) - MOST), known)


def take_up(core: Core, past: Past, now_us: int) -> list[Effect]:
    """Let the past happen to a fresh core, and go on from now. Comes back: what is still to be done."""
    last_us = past.rows[-1].at_us if past.rows else None
    start = Moment(now_us, starts=True, last_us=last_us)
    effects = [effect for each in (*moments(past.rows), start) for effect in happen(core, each)]
    return [effect for effect in _undone(effects, past.known) if not _is_over(effect, now_us)]


def _undone(effects: Iterable[Effect], known: frozenset[Key]) -> Iterator[Effect]:
    """Announcements that were not made, and what cameras were told with them. Lamps are told once more: one that is up
    comes to no harm by it, and whether it came up before the kill nobody knows."""
    aims: list[Aim] = []
    for effect in effects:
        if isinstance(effect, Aim):
            aims.append(effect)
        elif isinstance(effect, Light):
            yield effect
        elif isinstance(effect, Announce):
            done = key_of(effect) in known
            yield from (aim for aim in aims if not (done and aim.incident == effect.incident.id))
            aims = []
            if not done:
                yield effect
    yield from aims


def _is_over(effect: Effect, now_us: int) -> bool:
    """Whether it would move something for an event that is past."""
    return isinstance(effect, Light | Aim) and effect.expires_us is not None and effect.expires_us < now_us


def key_of(announce: Announce) -> Key:
    """What tells one announcement from another."""
    news = tuple((shot.fix.t_us, len(shot.arrivals), shot.withdrawn) for shot in announce.news)
    incident = announce.incident
    return incident.id, incident.kind, sum(not shot.withdrawn for shot in incident.rounds), news


def key(body: bytes) -> Key:
    """The same of an incident row."""
    told = json.loads(body)
    rounds = told["rounds"]
    news = tuple((each["t_us"], len(each["nodes"]), each.get("withdrawn", False)) for each in rounds)
    return told["incident"], told.get("kind", ""), told.get("n_rounds", len(rounds)), news


def _first_us(body: bytes) -> int:
    """When the first round of an incident was fired."""
    told = json.loads(body)
    return int(told.get("first_us") or min((each["t_us"] for each in told["rounds"]), default=2**62))
