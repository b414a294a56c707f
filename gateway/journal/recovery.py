"""What a gateway takes up from its journal when it starts, and what of it is still to be done. Pure.

An earlier run had stored and acked frames that it may not have decided, and had told of incidents that may still grow.
So what the journal says of the last minutes happens again to the new core, from before the first round of whatever may
still change; what then comes out and was told or done before is not told or done again: an order goes by the name of
its reason (gateway/reasons.py), and what an earlier run gave a reason for it has ordered. A clock that was ahead leaves
rows that lie in the future: they are not fed, nor is what lies before a step of the clock, when nothing is the same
time as now.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from gateway.effects import ONCE, Effect
from gateway.incident import Announce
from gateway.journal.moments import Core, Moment, happen, moments
from gateway.journal.rows import Row
from gateway.orders import Aim, Light
from gateway.reasons import Because

RECENT_US = 300_000_000
"""Longer than gateway/placing/memory.py remembers, and than an incident that has ended may still change
(gateway/reaction/policy.py)."""
WARM_US = 20_000_000
"""Before that: what a decision may hang on (the longest wait, and how long a place is remembered)."""
DOUBT_US = 60_000_000
"""After a start: longer than what an earlier run decided can still move something."""
MOST = 20_000
"""Frames: what a start may take, a minute at the worst."""

Key = tuple[str, str, int, tuple[tuple[int, int, bool], ...]]


@dataclass(frozen=True, slots=True)
class Past:
    """rows : of all kinds, oldest first, to be taken up. cut : how many frames were left out, for want of time. known :
    the announcements that were made. reasons : the reasons that were given, as (incident, action). done : what devices
    did, as (incident, action, device)."""

    rows: Sequence[Row] = ()
    cut: int = 0
    known: frozenset[Key] = frozenset()
    reasons: frozenset[tuple[str, str]] = frozenset()
    done: frozenset[tuple[str, str, str]] = frozenset()


def recent(newest_first: Iterable[Row], now_us: int) -> Past:
    """What of a journal's rows is to be taken up at now_us. Reads no farther back than that."""
    since_us = now_us - RECENT_US
    rows: list[Row] = []
    for row in newest_first:
        if row.kind == "clock":
            break
        if row.at_us > now_us or row.kind == "pruned":  # no gateway's row; its time is when the command began
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
    given = [json.loads(row.body) for row in rows if row.kind == "reason"]
    reasons = frozenset((each["incident"], f"{each['act']}-{each['number']}") for each in given)
    told = [json.loads(row.body) for row in rows if row.kind == "effect"]
    done = frozenset((each["incident"], each.get("action", ""), each["device"]) for each in told if each["done"])
    return Past(rows[::-1], max(0, len(frames) - MOST), known, reasons, done)


def take_up(core: Core, past: Past, now_us: int) -> list[Effect]:
    """Let the past happen to a fresh core, and go on from now. Comes back: what is still to be done."""
    last_us = past.rows[-1].at_us if past.rows else None
    start = Moment(now_us, starts=True, last_us=last_us)
    effects = [effect for each in (*moments(past.rows), start) for effect in happen(core, each)]
    return [effect for effect in _undone(effects, past) if not _is_over(effect, now_us)]


class Before:
    """What a gateway before this one may have done, for as long as it may matter: it may have decided on frames that
    were not on its disk yet, and that nodes say again. start_us : when this one started."""

    def __init__(self, past: Past, start_us: int) -> None:
        self._reasons = past.reasons
        self._until_us = start_us + DOUBT_US

    def sift(self, effects: Sequence[Effect], now_us: int) -> Sequence[Effect]:
        """Without what was given a reason for; lamps need none: they are read first."""
        if now_us > self._until_us:
            return effects
        return [
            each
            for each in effects
            if not (isinstance(each, (*ONCE, Because)) and (each.incident, each.action) in self._reasons)
        ]


def _undone(effects: Sequence[Effect], past: Past) -> Iterator[Effect]:
    """What was not told and not done. Whether a lamp came up before the kill nobody knows where it did not say so: it
    is told once more, and read first. Of several orders for a lamp the last one counts."""
    last = {name: index for index, effect in enumerate(effects) if isinstance(effect, Light) for name in effect.lamps}
    for index, effect in enumerate(effects):
        if isinstance(effect, Light):
            over = {name for name in effect.lamps if last[name] != index or _did(past, effect, name)}
            if (left := effect.left(over)) is not None:
                yield left
        elif isinstance(effect, (*ONCE, Because)):
            if (effect.incident, effect.action) not in past.reasons:
                yield effect
        elif isinstance(effect, Announce) and key_of(effect) not in past.known:
            yield effect


def _did(past: Past, light: Light, lamp: str) -> bool:
    """Of what was asked for again nothing is written where the lamp was up: what came of the first asking counts."""
    if light.again:
        return any((incident, device) == (light.incident, lamp) for incident, _, device in past.done)
    return light.action != "" and (light.incident, light.action, lamp) in past.done


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
