"""How much of a stream is digital silence: runs of exact zeros so long that no microphone made them."""

import numpy as np
from numpy.typing import NDArray

from dsp.hearing.cells import CELL_HZ, GAP_CELLS


class Zeros:
    """Counts, channel by channel, the samples of runs of GAP_CELLS or more of exact zeros, however it is cut up."""

    def __init__(self, rate_hz: int, n_channels: int) -> None:
        self._least = GAP_CELLS * round(rate_hz / CELL_HZ)
        self._open = np.zeros(n_channels, np.int64)  # zeros so far at the end of each channel
        self._closed = 0

    @property
    def n_samples(self) -> int:
        """Samples in such runs so far, of all channels."""
        return self._closed + int(self._open[self._open >= self._least].sum())

    def feed(self, samples: NDArray[np.float32]) -> None:
        """The next samples (n, n_channels)."""
        for channel, sounds in enumerate((samples != 0).T):
            at = np.flatnonzero(sounds)
            if not len(at):
                self._open[channel] += len(sounds)
                continue
            runs = np.diff(at, prepend=-1) - 1
            runs[0] += self._open[channel]
            self._closed += int(runs[runs >= self._least].sum())
            self._open[channel] = len(sounds) - 1 - at[-1]
