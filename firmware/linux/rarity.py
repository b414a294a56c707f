"""How rarely something so gun-like is heard where the pole stands, learnt there without labels. Pure, integers only.

What is listened to is cut into spans of SPAN_US; of each span only the score of its most gun-like sound is kept, as a
count in one of SCORES classes of its hour of the day: so a magazine, its echoes and a hammer at work count once a span.
Counts and the time listened to are let fade by one part in e in four weeks of listening. The rate at which something of
a score or more is heard is the mean of a Gamma posterior:

    all hours   r   = (n + 1) / t                      it might have been once more: nothing heard in t is once in t
    one hour    r_h = (n_h + PRIOR r) / (t_h + PRIOR)  begins as all hours are, and goes its own way as it learns

(Gamma-Poisson conjugacy, from general knowledge.) A more gun-like score is never more frequent. The state is
STATE_BYTES bytes with a check; the span that is under way is not of it. Time comes from the samples, so that a clock
that is set moves the hour of the day and nothing else.
"""

import struct
from array import array
from binascii import crc32

MAGIC = b"rare1\0\0\0"
EDGES = (2, 5, 10, 15, 22, 32, 47, 68, 100, 150, 220, 320, 450, 600, 750, 850, 920, 960, 985, 995)
"""Permille at which the next class of scores begins: even steps of log odds, about."""
SCORES, HOURS = len(EDGES) + 1, 4
SPAN_US = 10_000_000
DAY_US, HOUR_US = 86_400_000_000, 3_600_000_000
ONE = 1 << 12
"""A span, or a count of one, as it is kept."""
FADE = 98
"""Of 65536, each hour of listening: e-fold in 28 days (65536 / 28 / 24 = 97.5)."""
PRIOR = 4320 * ONE
"""Spans: 12 hours of listening, chosen."""
MOST_KEPT = (HOUR_US // SPAN_US + 1) * ONE * 65536 // FADE
"""Of spans and of counts: where what fades is as much as what can come."""
KNOWN = 355 * ONE
"""Spans: what is known after less than an hour, of which some has faded, is not worth saying."""
MOST_SOUNDS = 256
STATE_BYTES = len(MAGIC) + 4 * HOURS * (SCORES + 1) + 4
MOST_CODE = 31


class Rarity:
    """state: what `state` gave in an earlier run; ValueError where it is damaged, or of another version."""

    def __init__(self, state: "bytes | None" = None) -> None:
        self._counts = array("I", [0] * (HOURS * SCORES))
        self._spans = array("I", [0] * HOURS)
        self._sounds: dict[object, int] = {}
        self._most = -1
        self._span_us = self._fade_us = 0
        if state is not None:
            self._restore(state)

    def _restore(self, state: bytes) -> None:
        if len(state) != STATE_BYTES or not state.startswith(MAGIC):
            raise ValueError(f"not {STATE_BYTES} bytes of this version")
        if crc32(state[:-4]) != struct.unpack("<I", state[-4:])[0]:
            raise ValueError("damaged: its check is wrong")
        numbers = struct.unpack_from(f"<{HOURS * (SCORES + 1)}I", state, len(MAGIC))
        if max(numbers) > MOST_KEPT:  # it would soon be more than the array holds
            raise ValueError(f"forged or damaged: holds {max(numbers)}, and the most is {MOST_KEPT}")
        self._spans, self._counts = array("I", numbers[:HOURS]), array("I", numbers[HOURS:])

    def state(self) -> bytes:
        """All that is learnt."""
        numbers = (*self._spans, *self._counts)
        told = MAGIC + struct.pack(f"<{len(numbers)}I", *numbers)
        return told + struct.pack("<I", crc32(told))

    def hear(self, which: object, permille: int) -> None:
        """A sound of this score; a later look at the same one (which) takes the place of the earlier."""
        self._sounds[which] = permille
        if len(self._sounds) > MOST_SOUNDS:
            self._most = max(self._most, self._sounds.pop(next(iter(self._sounds))))

    def listen(self, n_us: int, utc_us: int) -> None:
        """So much more was listened to, until utc_us."""
        self._span_us += n_us
        if self._span_us >= SPAN_US:
            self.close(utc_us)

    def close(self, utc_us: int = 0) -> None:
        """A span ends here, also where it is short: a recording has ended."""
        hour = _hour(utc_us)
        self._spans[hour] += self._span_us * ONE // SPAN_US
        most = max(self._sounds.values(), default=-1)
        most = max(most, self._most)
        if most >= 0:
            self._counts[hour * SCORES + _score(most)] += ONE
        self._fade_us += self._span_us
        self._sounds, self._most, self._span_us = {}, -1, 0
        while self._fade_us >= HOUR_US:
            self._fade_us -= HOUR_US
            for numbers in (self._spans, self._counts):
                for i in range(len(numbers)):
                    numbers[i] -= numbers[i] * FADE >> 16

    def ms_between(self, permille: int, utc_us: "int | None" = None) -> int:
        """The mean time between sounds of this score or more, at this hour or at any. 0: nothing was listened to."""
        n, t = sum([self._heard(hour, permille) for hour in range(HOURS)]), sum(self._spans)
        if not t:
            return 0
        if utc_us is None:
            return SPAN_US // 1000 * t // (n + ONE)
        hour = _hour(utc_us)
        often = self._heard(hour, permille) * t + PRIOR * (n + ONE)
        return SPAN_US // 1000 * t * (self._spans[hour] + PRIOR) // often

    def code(self, permille: int, utc_us: int) -> int:
        """The same as the wire has it: log2 of the seconds, rounded down, 1 to MOST_CODE; 0: not known yet."""
        if sum(self._spans) < KNOWN:
            return 0
        seconds = self.ms_between(permille, utc_us) // 1000
        return max(1, min(MOST_CODE, seconds.bit_length() - 1))

    def _heard(self, hour: int, permille: int) -> int:
        """Spans of this hour with such a sound, times ONE."""
        return sum(self._counts[hour * SCORES + _score(permille) : (hour + 1) * SCORES])


def _hour(utc_us: int) -> int:
    return utc_us % DAY_US * HOURS // DAY_US


def _score(permille: int) -> int:
    return sum([permille >= edge for edge in EDGES])
