"""An outbox that keeps later looks, too, apart from what must arrive: so that none of it ever waits for a look.

A gateway of before there were looks refuses them, which is: it acks none. Therefore a look goes once a connection, and
when a gateway calls; and it is let go where that gateway answers and has not acked it in SETTLED_US. It lies in memory
only: its arrival, which has the first look, is on the disk. Pure.
"""

from firmware.outbox import BATCH, CALLED_US, SETTLED_US, Outbox, Saved

MOST_LOOKS = 400
"""Of some 90 bytes, and two or three an arrival: what a volley of 100 with its echoes leaves while the line is down."""

Key = tuple[int, int]


class LookOutbox(Outbox):
    """As Outbox. looks_let_go : looks that no gateway acked, for want of room or because it does not know them."""

    def __init__(self, boot: int, saved: tuple[Saved, ...] = ()) -> None:
        super().__init__(boot, saved)
        self.looks_let_go = 0
        self._looks: dict[Key, bytes] = {}
        self._looks_sent_us: dict[Key, int] = {}

    def __len__(self) -> int:
        return super().__len__() + len(self._looks)

    def put_look(self, key: Key, frame: bytes, now_us: int) -> None:
        """Take a look in, as sent at now_us; where there are too many the oldest goes."""
        self._looks[key], self._looks_sent_us[key] = frame, now_us
        if len(self._looks) > MOST_LOOKS:
            self._let_go([next(iter(self._looks))])

    def acked(self, spans: tuple[tuple[int, int, int], ...], now_us: int) -> list[Key]:
        """Let go what an ack names, and looks that it should have named by now. Comes back: what it freed on disk."""
        for boot, first, last in spans:
            for key in [key for key in self._looks if key[0] == boot and first <= key[1] <= last]:
                del self._looks[key], self._looks_sent_us[key]
        if spans:
            self._let_go(self._looks_since(now_us - SETTLED_US))
        return super().acked(spans, now_us)

    def all_again(self, now_us: int) -> list[bytes]:
        """Every frame still open, looks last."""
        return [*super().all_again(now_us), *self._looks_again(now_us, now_us)]

    def settled_again(self, now_us: int, settled_us: int = SETTLED_US, batch: int = BATCH) -> list[bytes]:
        """As Outbox; looks only where a gateway calls."""
        again = super().settled_again(now_us, settled_us, batch)
        return [*again, *self._looks_again(now_us - settled_us, now_us)] if settled_us == CALLED_US else again

    def _looks_again(self, until_us: int, now_us: int) -> list[bytes]:
        again = self._looks_since(until_us)
        self._looks_sent_us.update(dict.fromkeys(again, now_us))
        return [self._looks[key] for key in again]

    def _looks_since(self, until_us: int) -> list[Key]:
        """Looks that were last sent at until_us or before."""
        return [key for key, sent_us in self._looks_sent_us.items() if sent_us <= until_us]

    def _let_go(self, keys: list[Key]) -> None:
        self.looks_let_go += len(keys)
        for key in keys:
            del self._looks[key], self._looks_sent_us[key]
