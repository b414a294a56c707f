"""Whether a node that has something to say gets answers. Pure."""

PATIENCE_US = 30_000_000


class AckWatch:
    """`look` now and then; it says once that there are no answers, and once that they are back."""

    def __init__(self) -> None:
        self._words: int | None = None
        self._since_us = 0
        self._told = False

    def look(self, words: int, waiting: int, now_us: int) -> bool | None:
        """words : how often the gateway has spoken. waiting : records that are not acknowledged. Comes back: False when
        there was no word for PATIENCE_US though something waits, True when the gateway speaks again, else None."""
        if words != self._words or not waiting:
            spoke = self._told and words != self._words
            self._words, self._since_us = words, now_us
            self._told = self._told and not spoke
            return True if spoke else None
        if self._told or now_us - self._since_us < PATIENCE_US:
            return None
        self._told = True
        return False
