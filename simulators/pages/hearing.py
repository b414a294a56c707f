"""What one audio file gave, as its pictures need it: by the plot of a file and the page of a folder."""

from dataclasses import dataclass

from dsp.hearing.traces import Curves

GUNSHOT_P = 0.5


@dataclass(frozen=True, slots=True)
class Mark:
    """An onset: seconds from the file's first sample, and what the detector made of it."""

    t_s: float
    p_gunshot: float
    snr_db: float
    channel: int = 0


@dataclass(frozen=True, slots=True)
class Hearing:
    """One file. curves : what the detector weighed. marks : in order of time."""

    name: str
    rate_hz: int
    n_channels: int
    length_s: float
    curves: Curves
    marks: tuple[Mark, ...]

    @property
    def gunshots(self) -> int:
        """Onsets that are more likely a gunshot than not."""
        return sum(mark.p_gunshot >= GUNSHOT_P for mark in self.marks)
