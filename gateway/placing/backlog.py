"""Arrivals that come late: a link was down, a broker started anew, a node is slow. Pure.

The live association has decided by then on what they belong with. So the stretch of time about them is decided once
more, from the memory of all that came, by a fresh associator that is fed in order of time: as it would have been had
nothing been late. It begins WARM times the longest wait and what an associator remembers of places before the first of
them, in the longest silence about there, and does A_TICK arrivals a tick, fewer in a crowd. Where it comes up with the
present it takes the live one's place, as the late arrivals are of what is not decided yet, too; else it ends when
nothing that it says can be owed to the last of them any more.

What comes of it is compared with what was told. A round that shares no arrival with one that was told is new. One that
does is that round, revised, however its place and grade have changed. A told round that no longer comes out is
withdrawn: revised to nothing, in so many words. A told round some of whose arrivals are forgotten stays as it is. How
old a round may be to move something, policy knows.

Late arrivals wait for each other until none has come for QUIET_US, but not longer than LONGEST_US, nor than a quarter
of the time in which their shot may still act. The newest and the oldest are taken in turn.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from gateway.incident import Arrival, Revised, Round, Unplaced
from gateway.placing.acoustics import Acoustics
from gateway.placing.associate import REMEMBERED_US, TOGETHER_US, Associator
from gateway.placing.memory import Memory
from gateway.placing.poles import Place

QUIET_US = 500_000
LONGEST_US = 4_000_000  # where some come late all the time: to decide anew costs ten times the live decisions
ACTS_US = 30_000_000  # gateway/reaction/policy.py lets nothing older move anything
STRETCH_US = 10_000_000  # late arrivals that lie farther apart are decided one after the other
A_TICK = 20  # arrivals: 400 a second, several times what a street hears...
CROWD = 4000  # ...and fewer where so many times as many lie within a wait: each is explained with those about it
WARM = 3
WORTH_A_WORD = 3  # poles: of fewer gateway/placing/too_few.py says nothing
ALL_US = 2**62
Decision = Round | Unplaced | Revised


@dataclass(slots=True)
class _Again:
    """A stretch that is being decided once more. from_us : first time at which it may differ; until_us : last.
    at_us : what was heard until then is fed."""

    associator: Associator
    from_us: int
    until_us: int
    at_us: int
    decisions: list[Round | Unplaced] = field(default_factory=list)


class Backlog:
    """poles : every pole that is listening, by node, metres. memory : what is known of the last minutes."""

    def __init__(
        self, poles: Mapping[str, Place], memory: Memory | None = None, acoustics: Acoustics | None = None
    ) -> None:
        self.memory = memory or Memory()
        self._poles, self._acoustics = dict(poles), acoustics or Acoustics()
        self._late: list[int] = []  # when they were heard
        self._last_us, self._by_us = 0, ALL_US  # when the last of them came; when to wait no longer
        self._oldest = False
        self._again: _Again | None = None
        self._unsure: dict[tuple[Arrival, ...], Round] = {}  # told, and not come out again yet

    def feed(self, arrival: Arrival, now_us: int, live: Associator) -> bool:
        """Remember an arrival, and hand it to those who decide. Comes back: whether it is late."""
        if arrival in self.memory:
            return False
        self.memory.keep(arrival, now_us)
        late = self._is_late(arrival, now_us, live)
        if late:
            self._late.append(arrival.t_us)
            self._last_us = now_us
            self._by_us = min(self._by_us, now_us + _patience_us(now_us - arrival.t_us))
        elif self._again and arrival.t_us <= self._again.at_us:
            self._again.associator.feed(arrival)
        if not late or (now_us - arrival.t_us < live.wait_us and not self._may_be_told(arrival, live)):
            live.feed(arrival)
        return late

    def tick(
        self, decided: Iterable[Round | Unplaced], now_us: int, live: Associator
    ) -> tuple[list[Decision], Associator]:
        """What is to be told of what was decided live, and of what came late; and who decides live from now on."""
        self.memory.forget(now_us)
        told = [news for one in decided for news in self._news(one, now_us)]
        if self._again is None and self._late and self._is_quiet(now_us):
            self._again = self._begin(now_us, live)
        if self._again and self._go_on(self._again, now_us):
            again, self._again = self._again, None
            told += self._compare(again, now_us)
            if now_us < again.until_us:
                live = self._catch_up(again)
        return [*told, *self._withdrawn(now_us - live.wait_us - TOGETHER_US)], live

    def shift(self, by_us: int) -> None:
        """The clock was set by so much."""
        self.memory.shift(by_us)
        self._last_us += by_us
        self._by_us = min(self._by_us + by_us, ALL_US) if self._late else ALL_US

    def _is_late(self, arrival: Arrival, now_us: int, live: Associator) -> bool:
        """Whether something that it may belong with has been decided already, or it itself would have been."""
        settle_us, since_us = self._acoustics.settle_us, now_us - arrival.t_us
        if since_us <= settle_us - TOGETHER_US:
            return False
        return live.decided_us >= arrival.t_us + settle_us or since_us >= live.wait_us

    def _may_be_told(self, arrival: Arrival, live: Associator) -> bool:
        """Whether it may be of a round that was told: then the live association, which can only make another one of
        it, must not have it."""
        return any(abs(arrival.t_us - shot.fix.t_us) < live.wait_us for shot in self.memory.rounds)

    def _is_quiet(self, now_us: int) -> bool:
        return now_us >= min(self._last_us + QUIET_US, self._by_us)

    def _begin(self, now_us: int, live: Associator) -> _Again | None:
        """Take a stretch of late arrivals up, the newest or the oldest; None where too few poles heard anything."""
        late, wait_us = sorted(self._late), live.wait_us
        taken = _stretch(late if self._oldest else late[::-1])
        self._oldest = not self._oldest
        left = set(late) - set(taken)
        self._late = [t_us for t_us in self._late if t_us in left]
        self._by_us = now_us if self._late else ALL_US
        about = self.memory.after(min(taken) - wait_us, max(taken) + wait_us, self.memory.most)
        if len({arrival.node for arrival in about}) < WORTH_A_WORD:
            return None
        warm_us = WARM * wait_us + REMEMBERED_US
        latest_us = min(taken) - warm_us
        start_us = self.memory.gap_before(latest_us, latest_us - warm_us)
        until_us = max(taken) + 3 * wait_us + REMEMBERED_US
        associator = Associator(live.air, self._poles, self._acoustics)
        return _Again(associator, min(taken) - wait_us, until_us, start_us - 1)

    def _go_on(self, again: _Again, now_us: int) -> bool:
        """Feed some more. True where it has come to its end, or to the present."""
        until_us = min(now_us, again.until_us)
        about = self.memory.after(again.at_us - again.associator.wait_us, again.at_us, self.memory.most)
        a_tick = min(A_TICK, max(1, CROWD // max(1, len(about))))
        some = self.memory.after(again.at_us, until_us, a_tick)
        for arrival in some:
            again.decisions += again.associator.tick(arrival.t_us)
            again.associator.feed(arrival)
            again.at_us = arrival.t_us
        if len(some) >= a_tick:
            return False
        again.decisions += again.associator.tick(until_us)
        again.at_us = max(again.at_us, until_us)
        return True

    def _catch_up(self, again: _Again) -> Associator:
        """The associator of a stretch that has come to the present, with all that is still to be decided."""
        for arrival in self.memory.after(again.at_us, ALL_US, self.memory.most):
            again.associator.feed(arrival)
        return again.associator

    def _compare(self, again: _Again, now_us: int) -> list[Decision]:
        """What a stretch that was decided once more says that was not told; what of the told it must still confirm."""
        wait_us = again.associator.wait_us
        until_us = again.at_us if now_us < again.until_us else again.until_us - wait_us
        rounds = sorted((one for one in again.decisions if isinstance(one, Round)), key=self._alike)
        for shot in self.memory.rounds:
            if again.from_us <= _since_us(shot) <= until_us and self._is_whole(shot):
                self._unsure[shot.arrivals] = shot
        told: list[Decision] = []
        for shot in rounds:
            if again.from_us <= _since_us(shot) <= until_us:
                told += self._news(shot, now_us)
            else:
                self._confirm(self.memory.rounds_of(shot.arrivals))
        groups = (one for one in again.decisions if isinstance(one, Unplaced))
        told += [news for group in groups for news in self._news(group, now_us)]
        return told if now_us < again.until_us else [*told, *self._withdrawn(until_us)]

    def _alike(self, shot: Round) -> tuple[int, int]:
        """Rounds in this order find the told round that each is most alike to."""
        shared = [len({*was.arrivals} & {*shot.arrivals}) for was in self.memory.rounds_of(shot.arrivals)]
        return -max(shared, default=0), shot.fix.t_us

    def _news(self, one: Round | Unplaced, now_us: int) -> list[Decision]:
        """What a decision says that was not told."""
        if isinstance(one, Unplaced):
            new = self.memory.is_new(one)
            self.memory.know_unplaced(one, now_us)
            return [one] if new else []
        known = self.memory.rounds_of(one.arrivals)
        if not known:
            self.memory.know(one, now_us)
            return [one]
        was = max(known, key=lambda each: len({*each.arrivals} & {*one.arrivals}))
        self._confirm([was])
        if {*was.arrivals} == {*one.arrivals} or not self._is_whole(was):
            return []
        self.memory.unknow(was)
        self.memory.know(one, now_us)
        return [Revised(was, one)]

    def _confirm(self, rounds: Iterable[Round]) -> None:
        for shot in rounds:
            self._unsure.pop(shot.arrivals, None)

    def _withdrawn(self, until_us: int) -> list[Decision]:
        """Told rounds that begin until then and did not come out again."""
        gone = [shot for shot in self._unsure.values() if _since_us(shot) <= until_us]
        self._confirm(gone)
        for shot in gone:
            self.memory.unknow(shot)
        return [Revised(shot, replace(shot, withdrawn=True)) for shot in gone]

    def _is_whole(self, shot: Round) -> bool:
        return all(arrival in self.memory for arrival in shot.arrivals)


def _since_us(shot: Round) -> int:
    """When a round was first heard."""
    return min(arrival.t_us for arrival in shot.arrivals)


def _patience_us(age_us: int) -> int:
    """How long others are waited for, so that a shot of this age may still act once it is placed."""
    left_us = ACTS_US - age_us
    return LONGEST_US if left_us < 0 else min(LONGEST_US, max(QUIET_US, left_us // 4))


def _stretch(late_us: Sequence[int]) -> list[int]:
    """Times of late arrivals, from the first given on, that are decided on together."""
    return [t_us for t_us in late_us if abs(t_us - late_us[0]) <= STRETCH_US]
