"""What a new version must show before it stays. Portable and pure."""

SEEN = ("microphone", "pps", "ack")
TRIAL_MS = 900_000
"""A receiver without almanac may take minutes to a fix; chosen."""


class Trial:
    """Whether a new version may stay: only after it heard its microphone, a PPS, and its gateway's ack, in time.

    missing: what it has not yet.
    """

    def __init__(self, now_ms: int) -> None:
        self._end_ms = now_ms + TRIAL_MS
        self.missing = set(SEEN)

    def see(self, what: str) -> None:
        """One of SEEN has been seen. KeyError for any other."""
        if what not in SEEN:
            raise KeyError(what)
        self.missing.discard(what)

    def verdict(self, now_ms: int) -> "bool | None":
        """True: mark it good. False: its time is up, go back. None: not yet."""
        if not self.missing:
            return True
        return False if now_ms >= self._end_ms else None
