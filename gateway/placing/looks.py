"""What later looks say of arrivals, and of the rounds that rest on them, told or not. Pure.

A node says what it makes of an onset at once, and later, as more of the sound has come, once or twice again. The look
after the longest time counts; of two after the same time the surer one: so the order in which they come does not
matter, nor whether they come twice or before their arrival. The association never asks for them: which arrivals belong
together is decided by the first look alone. Here, behind it, rounds get what their poles say by now; one that was told
is revised under its own name.

A node that has sent looks since its start owes one for each arrival, after the longest time that it has looked at yet.
A round is told until when such looks may come; who announces it may wait for them. Boards send none and owe none.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from gateway.incident import Arrival, Revised, Round
from gateway.placing.backlog import Decision
from gateway.placing.memory import KEPT_US, MOST

LATE_US = 1_000_000  # a look that is so late on the wire may be lost
MOST_AHEAD = 64  # looks of a node whose arrivals are not known (yet); the oldest go

Key = tuple[str, int, int]


@dataclass(frozen=True, slots=True, order=True)
class Looked:
    """after_ms : how much of the sound was looked at. rarity : as the arrival's."""

    after_ms: int
    p_gunshot: float
    rarity: int = 0


FIRST = Looked(0, 0.0)


@dataclass(slots=True)
class _Heard:
    """An arrival of this start (boot) of its node, when it came, and the look at it that counts."""

    arrival: Arrival
    boot: int
    came_us: int
    seen: Looked = FIRST


class Looks:
    """Feed it arrivals and looks by the key (node, boot, sequence) of the arrival; it amends what is decided."""

    def __init__(self) -> None:
        self._by_key: dict[Key, _Heard] = {}
        self._by_arrival: dict[Arrival, _Heard] = {}
        self._ahead: dict[str, dict[Key, Looked]] = {}
        self._longest_ms: dict[str, tuple[int, int]] = {}  # by node: its start, and after what time it looks last
        self._told: dict[tuple[Arrival, ...], tuple[int, Round]] = {}  # when, and as it was told
        self._round_of: dict[Arrival, tuple[Arrival, ...]] = {}
        self._changed: dict[tuple[Arrival, ...], None] = {}

    def hear(self, key: Key, arrival: Arrival, now_us: int) -> None:
        """An arrival came; a look at it may have come before."""
        heard = self._by_arrival.setdefault(arrival, _Heard(arrival, key[1], now_us))
        self._by_key[key] = heard
        ahead = self._ahead.get(key[0], {}).pop(key, None)
        if ahead is not None:
            self._better(heard, ahead)
        if len(self._by_key) > MOST:
            self._let_go()

    def look(self, key: Key, seen: Looked) -> bool:
        """A later look at the arrival of this key came. Comes back: whether that arrival is known."""
        node, boot, _ = key
        start, longest_ms = self._longest_ms.get(node, (0, 0))
        if boot >= start:
            self._longest_ms[node] = boot, max(seen.after_ms, longest_ms if boot == start else 0)
        heard = self._by_key.get(key)
        if heard is not None:
            self._better(heard, seen)
            return True
        ahead = self._ahead.setdefault(node, {})
        ahead[key] = max(seen, ahead.get(key, FIRST))
        if len(ahead) > MOST_AHEAD:
            del ahead[next(iter(ahead))]
        return False

    def tick(self, decided: Iterable[Decision], now_us: int) -> list[Decision]:
        """What was decided, with what its poles say by now; then what was told and is known better."""
        told = [self._amended(one, now_us) for one in decided]
        changed, self._changed = self._changed, {}
        again = (self._again(self._told[arrivals][1], now_us) for arrivals in changed if arrivals in self._told)
        told += [revised for revised in again if revised is not None]
        self._forget(now_us)
        return told

    def shift(self, by_us: int) -> None:
        """The clock was set by so much."""
        for heard in self._by_arrival.values():
            heard.came_us += by_us
        self._told = {key: (told_us + by_us, shot) for key, (told_us, shot) in self._told.items()}

    def _better(self, heard: _Heard, seen: Looked) -> None:
        if seen <= heard.seen:
            return
        heard.seen = seen
        if heard.arrival in self._round_of:
            self._changed[self._round_of[heard.arrival]] = None

    def _amended(self, one: Decision, now_us: int) -> Decision:
        if isinstance(one, Round):
            return self._know(self._looked_at(one, now_us), now_us)
        if not isinstance(one, Revised):
            return one
        self._unknow(one.was.arrivals)
        now = one.now if one.now.withdrawn else self._know(self._looked_at(one.now, now_us), now_us)
        return Revised(one.was, now)

    def _again(self, was: Round, now_us: int) -> Revised | None:
        """A round that was told, where looks have changed what its poles say, or where it waits for no more of them."""
        now = self._looked_at(was, now_us)
        if _said(was) == _said(now) and bool(was.looks_until_us) == bool(now.looks_until_us):
            return None
        told_us, _ = self._told[was.arrivals]
        self._told[was.arrivals] = told_us, now
        return Revised(was, now)

    def _looked_at(self, shot: Round, now_us: int) -> Round:
        arrivals = tuple(self._seen(arrival) for arrival in shot.arrivals)
        until_us = max((self._owed_until_us(arrival) for arrival in arrivals), default=0)
        until_us = until_us if until_us > now_us else 0
        return replace(shot, arrivals=arrivals, looks_until_us=until_us)

    def _seen(self, arrival: Arrival) -> Arrival:
        heard = self._by_arrival.get(arrival)
        if heard is None or heard.seen is FIRST:
            return arrival
        return replace(arrival, p_gunshot=heard.seen.p_gunshot, rarity=heard.seen.rarity)

    def _owed_until_us(self, arrival: Arrival) -> int:
        """Until when the last look at an arrival may come; 0 where none is owed."""
        heard = self._by_arrival.get(arrival)
        boot, longest_ms = self._longest_ms.get(arrival.node, (0, 0))
        if heard is None or heard.boot != boot or heard.seen.after_ms >= longest_ms:
            return 0
        return arrival.t_us + 1000 * longest_ms + LATE_US

    def _know(self, shot: Round, now_us: int) -> Round:
        self._told[shot.arrivals] = now_us, shot
        self._round_of.update(dict.fromkeys(shot.arrivals, shot.arrivals))
        return shot

    def _unknow(self, arrivals: tuple[Arrival, ...]) -> None:
        self._told.pop(arrivals, None)
        for arrival in arrivals:
            if self._round_of.get(arrival) == arrivals:
                del self._round_of[arrival]

    def _forget(self, now_us: int) -> None:
        """Let go what is as old as what the association forgets (gateway/placing/memory.py)."""
        since_us = now_us - KEPT_US
        while self._by_key and next(iter(self._by_key.values())).came_us < since_us:
            self._let_go()
        while self._told and (oldest := next(iter(self._told.items())))[1][0] < since_us:
            self._unknow(oldest[0])

    def _let_go(self) -> None:
        heard = self._by_key.pop(next(iter(self._by_key)))
        self._by_arrival.pop(heard.arrival, None)


def _said(shot: Round) -> list[tuple[float | None, int | None]]:
    """What looks may change."""
    return [(each.p_gunshot, each.rarity) for each in shot.arrivals]
