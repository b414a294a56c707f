"""What a running board does about updates: takes the image in, shows that a new version may stay, starts the next one.

A board starts into a new version only when its gateway has all that it said, or SETTLE_MS later.
"""

from firmware.board.incoming import Incoming
from firmware.board.slots import Slots
from firmware.trial import Trial
from firmware.wire import Progress, Update

SETTLE_MS = 60_000


class Updating:
    """slots: of this board, that which runs among them. class_id: its own (firmware/device.py)."""

    def __init__(self, slots: Slots, class_id: bytes, now_ms: int) -> None:
        self._slots = slots
        self._incoming = Incoming(slots, class_id)
        self._trial = Trial(now_ms) if slots.on_trial else None
        self._whole_ms: "int | None" = None

    def take(self, record: tuple, now_ms: int) -> "Progress | None":  # type: ignore[type-arg]
        """A wire.Update or wire.Part came; comes back: what to answer."""
        answer = self._incoming.offered(record) if isinstance(record, Update) else self._incoming.take(record)  # type: ignore
        if self._incoming.is_whole and self._whole_ms is None:
            self._whole_ms = now_ms
        return answer

    def see(self, what: str) -> None:
        """One of trial.SEEN has been seen."""
        if self._trial is not None:
            self._trial.see(what)

    def must_restart(self, queued: int, now_ms: int) -> bool:
        """Time has come to now_ms. queued: records that the gateway has not. True: start anew now. Raises OSError."""
        verdict = None if self._trial is None else self._trial.verdict(now_ms)
        if verdict is not None:
            return self._end(verdict)
        return self._whole_ms is not None and (not queued or now_ms - self._whole_ms >= SETTLE_MS)

    def _end(self, stays: bool) -> bool:
        """The trial is over."""
        missing = " ".join(sorted(self._trial.missing)) if self._trial else ""
        self._trial = None
        if stays:
            self._slots.mark_good()
            print(f"INFO this version stays sequence={self._slots.runs}")
        else:
            print(f"WARN this version goes sequence={self._slots.runs} missing={missing}")
            self._slots.give_up()
        return not stays
