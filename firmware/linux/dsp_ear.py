"""The ear of a Linux node: dsp's detector, its floats made the integers that a node says."""

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

from dsp.hearing.detect import Detector
from dsp.hearing.features import Features
from dsp.hearing.judge import Judge
from dsp.hearing.onset import Onset
from firmware import wire
from firmware.linux import names as words
from firmware.linux.looking_node import Later, LookingEar
from firmware.node import Heard

MOST_CDB = 30_000
NOISE_BLOCKS = 256


class DspEar(LookingEar):
    """rate_hz, n_channels: of the samples to come. full_scale_db: dB SPL of an amplitude of 1, where it is known.
    judge: who says what an impulse is."""

    def __init__(
        self, rate_hz: int, n_channels: int = 1, full_scale_db: float | None = None, judge: Judge | None = None
    ) -> None:
        self.level_unit = wire.DBFS if full_scale_db is None else wire.DBSPL
        self._full_scale_db = full_scale_db or 0.0
        self._rate_hz = rate_hz
        self._detector = Detector(rate_hz, n_channels, full_scale_db, judge)
        self._levels_db: deque[float] = deque(maxlen=NOISE_BLOCKS)

    def feed(self, samples: NDArray[np.float32]) -> list[Heard]:  # type: ignore[override]
        """Samples (n, n_channels), full scale +-1."""
        mean_square = float(np.mean(np.square(samples))) if len(samples) else math.nan
        if mean_square > 0:  # neither silence nor what is no number
            self._levels_db.append(10 * math.log10(mean_square) + self._full_scale_db)
        return self._heard(self._detector.feed(samples))

    def skip(self, n_samples: int) -> list[Heard]:
        """So many samples were lost."""
        return self._heard(self._detector.skip(n_samples) or [])

    def flush(self) -> list[Heard]:
        """The onsets still open at the end."""
        return self._heard(self._detector.flush())

    def later(self) -> list[Later]:
        """Later looks that are certain now."""
        return [
            Later(
                _tick_q8(look.sample),
                _channel(look.channel),
                look.after_ms,
                _permille(look.p_gunshot),
                _sound(look.kind),
            )
            for look in self._detector.looks()
        ]

    @property
    def noise_cdb(self) -> int | None:  # type: ignore[override]
        """The median level of the last blocks."""
        return _int(100 * float(np.median(self._levels_db)), MOST_CDB) if self._levels_db else None

    def _heard(self, onsets: list[Onset]) -> list[Heard]:
        return [self._in_integers(onset) for onset in onsets]

    def _in_integers(self, onset: Onset) -> Heard:
        pcm = onset.pcm(self._rate_hz, wire.CLIP_LEAD_US)[: 2 * self._clip_samples()]
        return Heard(
            tick_q8=_tick_q8(onset.sample),
            sigma_us=max(1, _int(onset.sigma_us, wire.U32)),
            level_cdb=_int(100 * onset.level_db, MOST_CDB),
            snr_cdb=_int(100 * onset.snr_db, MOST_CDB),
            p_gunshot_permille=_permille(onset.p_gunshot),
            sound=_sound(onset.kind),
            channel=_channel(onset.channel),
            shape=shape(onset.features),
            clip=pcm or None,
            clip_hz=self._rate_hz if pcm else None,
        )

    def _clip_samples(self) -> int:
        return min(self._rate_hz // 50, wire.MAX_CLIP // 2)


def shape(features: Features) -> tuple[int, ...]:
    """The features in the order of words.SHAPE: those in dB and without a unit times 100. The fourth band follows."""
    hundredfold = (
        *features.decay_db,
        features.before_db,
        features.kurtosis,
        features.flatness_db,
        features.pitch,
        features.n_wave,
        *features.bands_db[:3],
    )
    whole = (
        features.rise_us,
        features.half_us,
        features.duration_us,
        features.crossings_per_s,
        features.centroid_hz,
    )
    return tuple(_int(value, (1 << 31) - 1) for value in (*whole, *(100 * value for value in hundredfold)))


def _tick_q8(sample: float) -> int:
    return round(sample * 256)


def _channel(channel: int) -> int:
    return min(channel, 63)


def _permille(share: float) -> int:
    return max(0, _int(1000 * share, 1000))


def _sound(kind: str) -> int:
    return words.SOUNDS.index(kind)


def _int(value: float, most: int) -> int:
    """Rounded, within -most to most; what is no number is 0."""
    return 0 if math.isnan(value) else round(min(max(value, -most), most))
