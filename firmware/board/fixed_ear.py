"""The ear of a board: the integer detector, for the microphone's words as I2S gives them. Runs on MicroPython only.

What a Linux node's ear (firmware/linux/dsp_ear.py) says too it says in the same units. It has nine numbers of an
arrival's shape, not sixteen, and a simpler idea of what a gunshot is (dsp/fixed/gunshot.py); it cannot tell a crack
from a blast.
"""

from array import array

from dsp.fixed import kernel
from dsp.fixed.detector import Detector, Onset
from dsp.fixed.gunshot import LIKELY, permille
from dsp.fixed.shape import N_SENT
from firmware import wire
from firmware.node import Ear, Heard

MOST_CDB = 30_000


class FixedEar(Ear):
    """rate_hz: of the words to come; ValueError names the rates there are. full_scale_cdb: dB SPL of the greatest word,
    times 100, where it is known.
    """

    def __init__(self, rate_hz: int, full_scale_cdb: "int | None" = None) -> None:
        self.level_unit = wire.DBFS if full_scale_cdb is None else wire.DBSPL
        self._full_scale_cdb = full_scale_cdb or 0
        self._detector = Detector(rate_hz, kernel)

    def feed(self, samples: "array[int]") -> "list[Heard]":  # type: ignore[override]
        """An array of words: signed, 32 bits, the sound in the upper ones."""
        return self._heard(self._detector.feed(samples))

    def skip(self, n_samples: int) -> "list[Heard]":
        """So many samples were lost."""
        return self._heard(self._detector.skip(n_samples))

    def flush(self) -> "list[Heard]":
        """The onsets still open at the end."""
        return self._heard(self._detector.flush())

    @property
    def noise_cdb(self) -> "int | None":  # type: ignore[override]
        """The floor of the last two seconds, in the detector's band."""
        noise_cdb = self._detector.noise_cdb()
        return None if noise_cdb is None else self._level(noise_cdb)

    def _heard(self, onsets: "list[Onset]") -> "list[Heard]":
        return [self._as_heard(onset) for onset in onsets]

    def _as_heard(self, onset: Onset) -> Heard:
        p_permille = permille(onset.shape)
        return Heard(
            tick_q8=onset.sample << 8,
            sigma_us=onset.sigma_us,
            level_cdb=self._level(onset.level_cdb),
            snr_cdb=min(onset.snr_cdb, MOST_CDB),
            p_gunshot_permille=p_permille,
            sound=wire.BLAST if p_permille >= LIKELY else wire.OTHER,
            channel=0,
            shape=onset.shape[:N_SENT],
            clip=onset.clip,
            clip_hz=None if onset.clip is None else self._detector.rate_hz,
        )

    def _level(self, level_cdb: int) -> int:
        return max(-MOST_CDB, min(MOST_CDB, level_cdb + self._full_scale_cdb))
