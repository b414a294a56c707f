"""The ear of a board that tries itself (firmware/board/check.py): it keeps how far the words swung.

Runs on MicroPython only.
"""

from firmware.board.fixed_ear import FixedEar


class MeasuredEar(FixedEar):
    """low, high: extremes of what it was fed since somebody last set them to None, 24 bits."""

    low: "int | None" = None
    high: "int | None" = None

    def feed(self, samples):  # type: ignore[no-untyped-def]
        """As its parent."""
        low, high = min(samples) >> 8, max(samples) >> 8
        self.low = low if self.low is None or low < self.low else self.low
        self.high = high if self.high is None or high > self.high else self.high
        return super().feed(samples)
