"""What an importer gives: the recording of one happening, whoever made it and however it was stored."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from dsp.air import Air
from dsp.geodesy import Site
from gateway.incident import Arrival
from hw.linux.audio_file import MAX_RATE_HZ, MIN_RATE_HZ, read_audio


@dataclass(frozen=True, slots=True)
class Track:
    """One microphone's sound. Reads its file only when asked to.

    xyz_m : metres in the recording's frame. start_us : int microseconds UTC of the first sample; sigma_us : one sigma
    of it. full_scale_db : dB SPL of an amplitude of 1, None where unknown. A track has a path or samples in memory.
    """

    node: str
    xyz_m: tuple[float, float, float]
    start_us: int
    rate_hz: int
    path: Path | None = None
    channel: int = 0
    sigma_us: int = 0
    full_scale_db: float | None = None
    samples: NDArray[np.float32] | None = field(default=None, repr=False, compare=False)

    def read(self) -> NDArray[np.float32]:
        """(n,) samples, full scale +-1. ValueError or OSError names the file that is no audio or not there."""
        if self.samples is not None:
            return self.samples
        if self.path is None:
            raise ValueError(f"track {self.node}: neither a file nor samples")
        return read_channel(self.path, self.channel)


@dataclass(frozen=True, slots=True)
class Truth:
    """Rounds fired at one place, as its maker knows. t_us : when each was fired, () where nobody noted it."""

    xyz_m: tuple[float, float, float]
    n_rounds: int
    t_us: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Recording:
    """The tracks of one happening, in one frame of metres.

    source : its short name (a test folder's). pulses : arrivals that others' nodes reported, where there are any.
    groups : per round, indices of the pulses that others put together (for scoring; nothing else may look).
    truths : what was fired where; () where unknown. site : the frame's origin on earth, None where it has none.
    """

    source: str
    tracks: tuple[Track, ...]
    air: Air
    truths: tuple[Truth, ...] = ()
    pulses: tuple[Arrival, ...] = ()
    groups: tuple[tuple[int, ...], ...] = ()
    site: Site | None = None


def read_channel(path: Path, channel: int) -> NDArray[np.float32]:
    """(n,) float32 of one channel of an audio file. Raises as `read_audio` does."""
    samples, _ = read_audio(path)
    if channel >= samples.shape[1]:
        raise ValueError(f"{path}: no channel {channel}; it has 0 to {samples.shape[1] - 1}")
    return np.ascontiguousarray(samples[:, channel])


def audio_shape(path: Path) -> tuple[int, int]:
    """Sample rate in Hz and channel count of an audio file, from its header where that can be had alone.

    Raises as `read_audio` does.
    """
    with path.open("rb"):  # the operating system's own words for a file that is not there; libsndfile says less
        pass
    try:
        header = soundfile.info(str(path))
    except soundfile.LibsndfileError:
        header = None
    if header is None or not header.frames or not MIN_RATE_HZ <= header.samplerate <= MAX_RATE_HZ:
        samples, rate_hz = read_audio(path)  # says in its one line what is wrong
        return rate_hz, int(samples.shape[1])
    return int(header.samplerate), int(header.channels)
