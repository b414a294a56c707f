"""What a node has said and its gateway has not yet acknowledged. Everything stays here until the gateway's own ack.

Sending again. On a new connection: everything. While connected never by a plain timer, which over TCP is congestion
collapse (notes/reliability.md section 0, point 6), but clocked by acks: an ack shows that the gateway hears, and
whatever was sent well before and is still open goes again, a batch at a time. When nothing comes back at all, the
oldest record alone is sent as a probe, each time after twice the wait: a serial line loses frames, and does not tell
when a gateway has come back.

A host holds the frames in memory. A board has no room for that: there `frame_of` reads a frame from its flash when it
is to go again, and no more than `at_once` go together; a new connection brings that many, and acks the rest.

Bounded. When full, the oldest health goes first, then the oldest arrival; both are counted, and health frames carry
the counts. The shell keeps what lies here on its disk, under the same (boot, sequence); a boot number is used once, so
that a record is never mistaken for another of an earlier run. Portable and pure.
"""

from collections import namedtuple

LIMIT = 2000
"""Records. With clips of 20 ms at 48 kHz some 4 MB."""
SETTLED_US = 10_000_000
"""A record that was sent this long ago has been answered or is lost."""
BATCH = 32
CALLED_US = 2_000_000
"""A gateway that has just come asks for everything; what was sent so lately may still be on its way to it."""
PROBE_FIRST_US, PROBE_LAST_US = 2_000_000, 64_000_000

Saved = namedtuple("Saved", ("boot", "sequence", "is_health", "frame"))
"""A record as the shell keeps it."""


class Outbox:
    """boot: this run's number, higher than that of any run before. saved: what earlier runs left, oldest first.

    frame_of(boot, sequence): the frame that the shell keeps, None where it is lost, which counts as dropped; without
    it frames stay in memory. at_once: the most frames that go again together; None: all.
    """

    def __init__(  # type: ignore[no-untyped-def]
        self, boot: int, saved: tuple[Saved, ...] = (), limit: int = LIMIT, frame_of=None, at_once: "int | None" = None
    ) -> None:
        if limit < 2:
            raise ValueError("limit must be at least 2 records")
        self.boot = boot
        self.limit = limit
        self._frame_of = frame_of
        self._at_once = at_once
        self.dropped_arrivals = 0
        self.dropped_healths = 0
        self._sequence = 0
        self._open = {(entry.boot, entry.sequence): entry for entry in saved}
        self._order = [(entry.boot, entry.sequence) for entry in saved]
        self._sent_us: dict[tuple[int, int], int] = {}
        self._wait_us = PROBE_FIRST_US
        self._heard_us = 0

    def __len__(self) -> int:
        return len(self._order)

    def next_sequence(self) -> int:
        """The sequence for the next record of this boot; each is given once."""
        self._sequence += 1
        return self._sequence

    def put(self, saved: Saved, now_us: int) -> list[tuple[int, int]]:
        """Take a record in, as sent at now_us. Comes back: the (boot, sequence) that had to go for it."""
        gone = [self._drop_oldest()] if len(self._order) >= self.limit else []
        key = (saved.boot, saved.sequence)
        self._open[key] = saved if self._frame_of is None else Saved(saved.boot, saved.sequence, saved.is_health, None)
        self._order.append(key)
        self._sent_us[key] = now_us
        return gone

    def acked(self, spans: tuple[tuple[int, int, int], ...], now_us: int) -> list[tuple[int, int]]:
        """Let go what an ack names. Comes back: the (boot, sequence) that it freed."""
        self._wait_us = PROBE_FIRST_US
        self._heard_us = now_us
        freed = [key for key in self._order if _names(spans, key)]
        self._remove(freed)
        return freed

    def all_again(self, now_us: int) -> list[bytes]:
        """Every frame still open, oldest first, as far as `at_once` goes: for a new connection."""
        self._heard_us = now_us
        self._wait_us = PROBE_FIRST_US
        return self._again(self._order, now_us)

    def settled_again(self, now_us: int, settled_us: int = SETTLED_US, batch: int = BATCH) -> list[bytes]:
        """The next batch of frames that were sent long ago and are open still: for when an ack has come."""
        old = [key for key in self._order if now_us - self._sent_us.get(key, now_us - settled_us) >= settled_us]
        return self._again(old[:batch], now_us)

    def unsent(self, key: tuple[int, int]) -> None:
        """The record of this (boot, sequence) was not sent after all."""
        self._sent_us.pop(key, None)

    def probe(self, now_us: int) -> list[bytes]:
        """The oldest frame, if nothing has come back for too long; else nothing."""
        if not self._order:
            return []
        oldest = self._order[0]
        last_us = max(self._sent_us.get(oldest, 0), self._heard_us)
        if now_us - last_us < self._wait_us:
            return []
        self._wait_us = min(2 * self._wait_us, PROBE_LAST_US)
        return self._again([oldest], now_us)

    def _again(self, keys: list[tuple[int, int]], now_us: int) -> list[bytes]:
        keys = keys[: self._at_once]
        for key in keys:
            self._sent_us[key] = now_us
        if self._frame_of is None:
            return [self._open[key].frame for key in keys]
        try:
            frames = [self._frame_of(boot, sequence) for boot, sequence in keys]
        except MemoryError:  # another time
            for key in keys:
                self.unsent(key)
            return []
        for key in [key for key, frame in zip(keys, frames) if frame is None]:
            self._drop(key)
        return [frame for frame in frames if frame is not None]

    def _drop_oldest(self) -> tuple[int, int]:
        healths = [key for key in self._order if self._open[key].is_health]
        key = healths[0] if healths else self._order[0]
        self._drop(key)
        return key

    def _drop(self, key: tuple[int, int]) -> None:
        if self._open[key].is_health:
            self.dropped_healths += 1
        else:
            self.dropped_arrivals += 1
        self._remove([key])

    def _remove(self, keys: list[tuple[int, int]]) -> None:
        for key in keys:
            del self._open[key]
            self._sent_us.pop(key, None)
        gone = set(keys)
        self._order = [key for key in self._order if key not in gone]


def _names(spans: tuple[tuple[int, int, int], ...], key: tuple[int, int]) -> bool:
    return any(boot == key[0] and first <= key[1] <= last for boot, first, last in spans)
