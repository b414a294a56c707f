"""An ear for trials of everything but the ear: an onset where a block first goes beyond LOUD. Runs on MicroPython."""

from firmware.node import Ear, Heard
from firmware.wire import BLAST

LOUD = 1 << 24
REST_BLOCKS = 5


class StandInEar(Ear):
    """Takes the left words, 32 bits."""

    noise_cdb = -8000

    def __init__(self, rate_hz):
        self._n = self._rest = 0

    def feed(self, samples):
        heard = []
        self._rest -= 1
        if max(samples) > LOUD and self._rest < 0:
            self._rest = REST_BLOCKS
            for i, sample in enumerate(samples):
                if sample > LOUD >> 1 or sample < -(LOUD >> 1):
                    heard = [Heard((self._n + i) << 8, 30, -600, 3500, 900, BLAST, 0, (300, 2000), None, None)]
                    break
        self._n += len(samples)
        return heard

    def skip(self, n_samples):
        self._n += n_samples
        return []

    def flush(self):
        return []
