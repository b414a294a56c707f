"""What the street has said and what was made of it, of the last minutes: arrivals, used or not, and the rounds. Pure.

How old an arrival is counts from when it came, not from when it was heard: what a node kept for an hour is remembered
as long as what came at once. What is let go for want of room is counted.
"""

from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from gateway.incident import Arrival, Round, Unplaced

KEPT_US = 180_000_000
MOST = 40_000  # arrivals: 40 poles that hear five impulses a second fill it


@dataclass(slots=True)
class Memory:
    """kept_us, most : how long, and how many arrivals. let_go : how many were let go early, for want of room."""

    kept_us: int = KEPT_US
    most: int = MOST
    let_go: int = 0
    _in_time: list[Arrival] = field(default_factory=list)
    _came: deque[tuple[int, Arrival]] = field(default_factory=deque)
    _all: set[Arrival] = field(default_factory=set)
    _rounds: dict[tuple[Arrival, ...], tuple[int, Round]] = field(default_factory=dict)
    _of: dict[Arrival, Round] = field(default_factory=dict)
    _worded: dict[Arrival, int] = field(default_factory=dict)

    def __contains__(self, arrival: Arrival) -> bool:
        return arrival in self._all

    def keep(self, arrival: Arrival, now_us: int) -> None:
        """Remember an arrival that came now; one that is remembered already is the same."""
        if arrival in self._all:
            return
        self._all.add(arrival)
        self._came.append((now_us, arrival))
        insort(self._in_time, arrival, key=_time)
        if len(self._came) > self.most:
            self.let_go += 1
            self._drop()

    @property
    def rounds(self) -> list[Round]:
        """The rounds that were told, in the order that they were."""
        return [shot for _, shot in self._rounds.values()]

    def know(self, shot: Round, now_us: int) -> None:
        """Remember a round that was told now."""
        self._rounds[shot.arrivals] = now_us, shot
        self._of.update(dict.fromkeys(shot.arrivals, shot))

    def unknow(self, shot: Round) -> None:
        """Another has taken its place, or none."""
        del self._rounds[shot.arrivals]
        for arrival in shot.arrivals:
            if self._of.get(arrival) is shot:
                del self._of[arrival]

    def rounds_of(self, arrivals: Iterable[Arrival]) -> list[Round]:
        """The rounds that rest on any of these arrivals, each once."""
        return list({shot.arrivals: shot for each in arrivals if (shot := self._of.get(each)) is not None}.values())

    def is_new(self, group: Unplaced) -> bool:
        """Whether some arrival of this group is in no round and was not spoken of before."""
        return any(arrival not in self._of and arrival not in self._worded for arrival in group.arrivals)

    def know_unplaced(self, group: Unplaced, now_us: int) -> None:
        """Remember that a group was spoken of now."""
        self._worded.update(dict.fromkeys(group.arrivals, now_us))

    def after(self, t_us: int, until_us: int, most: int) -> list[Arrival]:
        """Arrivals heard later than t_us, until until_us, in order of time: at most so many, and all of one time."""
        first, last = (bisect_right(self._in_time, at_us, key=_time) for at_us in (t_us, until_us))
        if last - first > most:
            last = bisect_right(self._in_time, self._in_time[first + most - 1].t_us, key=_time)
        return self._in_time[first:last]

    def gap_before(self, t_us: int, from_us: int) -> int:
        """The end of the longest time from from_us to t_us in which nothing was heard, microseconds."""
        first, last = (bisect_left(self._in_time, at_us, key=_time) for at_us in (from_us, t_us))
        times = [from_us, *(each.t_us for each in self._in_time[first:last]), t_us]
        gaps = [after - before for before, after in pairwise(times)]
        return times[gaps.index(max(gaps)) + 1]

    def forget(self, now_us: int) -> None:
        """Let go what has been remembered long enough."""
        since_us = now_us - self.kept_us
        while self._came and self._came[0][0] < since_us:
            self._drop()
        while self._rounds and (oldest := next(iter(self._rounds.values())))[0] < since_us:
            self.unknow(oldest[1])
        while self._worded and self._worded[arrival := next(iter(self._worded))] < since_us:
            del self._worded[arrival]

    def shift(self, by_us: int) -> None:
        """The clock was set: what came and was told came and was told by the new time."""
        self._came = deque((came_us + by_us, arrival) for came_us, arrival in self._came)
        self._rounds = {key: (told_us + by_us, shot) for key, (told_us, shot) in self._rounds.items()}
        self._worded = {arrival: told_us + by_us for arrival, told_us in self._worded.items()}

    def _drop(self) -> None:
        _, arrival = self._came.popleft()
        self._all.remove(arrival)
        at = bisect_left(self._in_time, arrival.t_us, key=_time)
        del self._in_time[self._in_time.index(arrival, at)]


def _time(arrival: Arrival) -> int:
    return arrival.t_us
