"""YAMNet as it is: the largest score of its five gun classes, in windows of 0.975 s, one every 0.48 s.

So it does over a long sound (tensorflow/models, research/audioset/yamnet, params.py and features.py), and the sound is
as loud as it was recorded. The wide ear of ours reads the same weights, but asks once an onset, at a set loudness, and
has a head of its own.
"""

import numpy as np

from dsp.hearing.log_mel import N_SAMPLES, RATE_HZ
from dsp.hearing.wide_ear import GUNS, YAMNET, WideEar
from simulators.compared.peer import Floats, Peer

NAME = "YAMNet"
HOP = round(0.48 * RATE_HZ)


def yamnet(ear: WideEar) -> Peer:
    """The peer."""

    def ask(windows: Floats) -> Floats:
        return np.array([ear.hear(window)[0][GUNS].max() for window in windows], np.float32)

    return Peer(NAME, YAMNET.sha256, RATE_HZ, N_SAMPLES, HOP, ask)
