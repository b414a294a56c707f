"""An onset: where an impulse begins in a stream, and what it is like."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.cross_correlation import moved
from dsp.hearing.features import Features

Floats = NDArray[np.float64]

CLIP_S = 0.020  # DESIGN section 7: too short to hold speech


@dataclass(frozen=True, slots=True)
class Onset:
    """Where an impulse begins, and what it is like.

    sample : of its channel, counted from the stream's first. sigma_us : one sigma of it in time. level_db : peak in the
    detector's band, dB of full scale, or dB SPL where the microphone's full scale is known. snr_db : over the noise
    floor. row : what the classifier was asked (dsp/hearing/classify.py); it stays on the pole. clip : at most 20 ms of
    samples round it, from clip_sample on. clipped : the converter or microphone was at its end. like : the
    sample of the earlier round by whose likeness it was told, whose features and row these are
    (dsp/hearing/template_match.py).
    """

    channel: int
    sample: float
    sigma_us: float
    level_db: float
    snr_db: float
    p_gunshot: float
    kind: str
    features: Features
    row: Floats
    clip: NDArray[np.float32]
    clip_sample: int
    clipped: bool
    like: float | None = None

    @property
    def again(self) -> bool:
        """Whether it was told by its likeness to an earlier round."""
        return self.like is not None

    def pcm(self, rate_hz: int, lead_us: int) -> bytes:
        """The clip as int16 little-endian, moved by a part of a sample: so that it begins lead_us, to the whole sample,
        before the onset, which may lie between two."""
        late = self.sample - self.clip_sample - round(rate_hz * lead_us / 1e6)
        return np.round(np.clip(moved(self.clip.astype(float), late), -1, 1) * 32767).astype("<i2").tobytes()


@dataclass(frozen=True, slots=True)
class Look:
    """What an onset is taken for when more of it was heard: after_ms behind it. channel, sample : the onset's."""

    channel: int
    sample: float
    after_ms: int
    p_gunshot: float
    kind: str
