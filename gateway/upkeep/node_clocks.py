"""Whether each node's clock tells the second that the others tell: an alarm where it does not, and its end. Pure.

A PPS whose pulse is named by the wrong second is exact and wrong by a whole second, and says that it is locked. Its
arrivals then agree with nobody's, in every shot; by sound alone it looks deaf. But every node tells the time with each
of its words (wire.Health, t_us), and no word is here before it was said:

    late_i = when it came - t_us = the way + what its clock is behind - what ours is behind

Ours is in all of them, so a node is compared with the middle one of the others; and ours may be set or slewed in the
meantime, and only a step of more than a second is told (gateway/steady_clock.py), so of the others' words those count
that are no older than the node's own. Of each one's newest WORDS the earliest counts: the way is never shorter than
nothing, and now and then longer. Words that come together after a break count as one, for the older ones waited; that
one may have waited, too, so one alone says nothing.

A node is ahead if its words come EARLY_US before the others', and BEFORE_US before they were said by our own clock: the
others may all have slow lines. If our own is ahead, one that is ahead by less than that is not found. One that is late
by LATE_US is behind, or its line is slow all the time: it is told so, both.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from statistics import median
from types import MappingProxyType

from firmware import wire
from gateway.incident import Alarm

WORDS, EARLY_WORDS = 6, 3
"""Words that are kept, some two minutes; so many must be there before a node is said to be early, all of them late."""
TOGETHER_US = 10_000_000
"""Half of what a node leaves between two words (firmware/node.py, HEALTH_US)."""
EARLY_US, LATE_US = 400_000, 700_000
BEFORE_US = 150_000
"""More than a host that follows NTP is behind: no good node's word comes so long before it was said."""
NEARLY_US = 150_000
"""Off a whole second by less is what naming a pulse wrongly makes; the way is in it."""
LEAST_OTHERS, LEAST_WORDS = 3, 2
"""So many others, with so many words each in the time of the judged node's."""
FRESH_US = 180_000_000
KIND = "second"
"""`clock` is the ledger's, by sound and to the millisecond: each ends its own alarms alone."""
OVER = "its clock tells the same second as the other nodes' again"


class NodeClocks:
    """nodes : those of the survey; what a stranger says is not compared. offsets_us : what a node's times are always
    late by (gateway/street.py); its arrivals are mended by that, so its words are, too."""

    def __init__(self, nodes: Iterable[str], offsets_us: Mapping[str, int] = MappingProxyType({})) -> None:
        self._offsets_us = offsets_us
        self._late_us = {node: deque[tuple[int, int]](maxlen=WORDS) for node in sorted(nodes)}
        self._wrong: set[str] = set()

    @property
    def wrong(self) -> frozenset[str]:
        """Nodes that tell another second: what they do not hear says nothing of their microphones."""
        return frozenset(self._wrong)

    def forget(self) -> None:
        """Our own clock was set: what was compared with it is compared anew."""
        for words in self._late_us.values():
            words.clear()

    def feed(self, node: str, said: wire.Health, now_us: int) -> list[Alarm]:
        """A node's word came, now."""
        words = self._late_us.get(node)
        if words is None:
            return []
        if said.clock < wire.HOLDOVER:
            words.clear()  # it says itself that it does not know the time
            return []
        late_us = now_us - said.t_us + self._offsets_us.get(node, 0)
        if words and now_us - words[-1][0] < TOGETHER_US:
            late_us = min(late_us, words.pop()[1])
        words.append((now_us, late_us))
        return self._judge(node, now_us)

    def _judge(self, node: str, now_us: int) -> list[Alarm]:
        words, usual_us = self._late_us[node], self._usual_us(node, now_us)
        if usual_us is None or len(words) < EARLY_WORDS:
            return []
        came_us = [each_us for _, each_us in words]
        late_us = [each_us - usual_us for each_us in came_us]
        is_ahead = max(late_us) <= -EARLY_US and max(came_us) <= -BEFORE_US
        if is_ahead or (len(words) == WORDS and min(late_us) >= LATE_US):
            told = [] if node in self._wrong else [_raised(node, min(late_us), now_us)]
            self._wrong.add(node)
            return told
        is_no_more_ahead = late_us[-1] > -EARLY_US / 2 or came_us[-1] > -BEFORE_US
        if node in self._wrong and is_no_more_ahead and late_us[-1] < LATE_US / 2:
            self._wrong.discard(node)
            words.clear()
            return [Alarm(node, KIND, False, OVER, now_us, 0.0, 0)]
        return []

    def _usual_us(self, node: str, now_us: int) -> int | None:
        """How late the words of a node in the middle of the others came, since the node's first that is kept; None
        while too few spoke."""
        since_us = self._late_us[node][0][0]
        others = [
            [late_us for came_us, late_us in words if came_us >= since_us]
            for other, words in self._late_us.items()
            if other != node and words and now_us - words[-1][0] < FRESH_US
        ]
        earliest = [min(each) for each in others if len(each) >= LEAST_WORDS]
        return round(median(earliest)) if len(earliest) >= LEAST_OTHERS else None


def _raised(node: str, late_us: int, now_us: int) -> Alarm:
    off_us = abs(late_us)
    from_whole_us = abs(off_us - round(off_us / 1e6) * 1_000_000)
    second = ", a whole second: is its PPS named by the wrong one?" if from_whole_us <= NEARLY_US else ""
    if late_us < 0:
        why = f"its clock is {off_us / 1e6:.1f} s ahead of the other nodes'{second}; nothing is placed by it"
    else:
        why = (
            f"its words come {off_us / 1e6:.1f} s after the other nodes': its clock is behind{second}, or its line slow"
        )
    return Alarm(node, KIND, True, why, now_us, 0.0, 0)
