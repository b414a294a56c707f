"""What the trees are asked of an impulse, and what kind of impulse it is. Who says how likely it is a gunshot is
dsp/hearing/judge.py; what that was trained on, gets wrong, and must not be used for: docs/explanation/model-card.md.
"""

import numpy as np
from numpy.typing import NDArray

from dsp.hearing.features import Features
from dsp.hearing.spectrogram import EDGES_HZ, EDGES_S

Floats = NDArray[np.float64]

INPUTS = (
    "rise_us", "half_us", "duration_us", "crossings_per_s", "centroid_hz", "decay_5_db", "decay_20_db", "decay_60_db",
    "before_db", "kurtosis", "flatness_db", "pitch", "under_300_db", "to_700_db", "to_1500_db", "over_1500_db",
    "late_db", "ringing_db",
    *(f"{start_s * 1000:.0f}ms_{low_hz}hz_db" for start_s in EDGES_S[:-1] for low_hz in EDGES_HZ[:-1]),
)  # fmt: skip
"""What the trees ask about, in order: the features, two ratios that follow from them (late_db: 60 to 100 ms over 5 to
20; ringing_db: 60 to 100 ms over what was before the onset), and the spectrogram's cells by where they begin."""
LIKELY = 0.5
CRACK = 0.82
"""Of n_wave, the least that is called a crack. Chosen on what the detector makes of rendered sounds at 24, 48 and
96 kHz and of everyday recordings. Blasts of 0.15 to 1 ms, with and without a reflection off the ground: at most 0.78.
The 3,572 onsets of the clips that are not live fire, none of them a known crack: at most 0.81. N-waves whose peak
stands 30 dB over the noise: 0.82 or more in 68 to 75 % of those 0.15 ms long, 82 % at 0.2 ms, 95 % or more at 0.3 to
0.6 ms; at 20 dB 65 to 87 % of the latter. Rifle bullets give 0.15 to 0.5 ms within 5 to 100 m (T = 1.82 d M x^(1/4) /
(c (M^2 - 1)^(3/8) l^(1/4)), Whitham's, as the code of metu-sparg/pygunshot has it). Not tried on real cracks."""


def inputs(features: Features, cells: Floats) -> Floats:
    """(len(INPUTS),) numbers that the trees ask about. cells : the spectrogram's, dsp.hearing.spectrogram.SHAPE."""
    late_db = -features.decay_db[1] - features.decay_db[2]
    return np.array(
        [
            features.rise_us, features.half_us, features.duration_us, features.crossings_per_s, features.centroid_hz,
            *features.decay_db, features.before_db, features.kurtosis, features.flatness_db, features.pitch,
            *features.bands_db, late_db, features.before_db + late_db, *cells.ravel(),
        ],
        float,
    )  # fmt: skip


def kind_of(features: Features, p: float) -> str:
    """`crack` for what an N-wave explains, whatever p, which is about blasts; `blast` for what else is likely a
    gunshot; `other` for the rest."""
    if features.n_wave >= CRACK:
        return "crack"
    return "blast" if p >= LIKELY else "other"
