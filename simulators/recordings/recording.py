"""What an importer gives: the recording of one happening, whoever made it and however it was stored."""

import math
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dsp.air import Air
from dsp.geodesy import Site
from gateway.incident import Arrival
from hw.linux.audio_file import Shape, read_parts

BLOCK_SAMPLES = 1 << 15
FOREIGN = "._"  # what macOS keeps beside files on a medium of another kind


@dataclass(frozen=True, slots=True)
class Track:
    """One microphone's sound. Reads its file only when asked to.

    xyz_m : metres in the recording's frame. start_us : int microseconds UTC of the first sample; sigma_us : one sigma
    of it. full_scale_db : dB SPL of an amplitude of 1, None where unknown. A track has a path or samples in memory.
    n_frames, notes : as the file's header has it, and what is odd about the file.
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
    n_frames: int = 0
    notes: tuple[str, ...] = ()

    def read(self) -> NDArray[np.float32]:
        """(n,) samples, full scale +-1. ValueError or OSError names the file that is no audio or not there."""
        return self.samples if self.samples is not None else np.concatenate(list(self.blocks()))

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """The same samples in order, in blocks of at most BLOCK_SAMPLES: no more than one is held. Raises as `read`."""
        if self.samples is not None:
            parts: Iterable[NDArray[np.float32]] = (self.samples,)
        elif self.path is not None:
            parts = (part[:, self.channel] for part in read_parts(self.path))
        else:
            raise ValueError(f"track {self.node}: neither a file nor samples")
        for part in parts:
            for first in range(0, len(part), BLOCK_SAMPLES):
                yield np.ascontiguousarray(part[first : first + BLOCK_SAMPLES])

    @property
    def n_samples(self) -> int:
        """How many there are, as far as the file's header tells."""
        return self.n_frames if self.samples is None else len(self.samples)


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
    truths : what was fired where; () where unknown. survey_m : one sigma of these places, either
    way. site : the frame's origin on earth, None where it has none.
    """

    source: str
    tracks: tuple[Track, ...]
    air: Air
    truths: tuple[Truth, ...] = ()
    pulses: tuple[Arrival, ...] = ()
    groups: tuple[tuple[int, ...], ...] = ()
    site: Site | None = None
    survey_m: float = 0.0


def name_of(path: Path) -> str:
    """The name of a file or folder, also where its path does not say it (`.`); what is not UTF-8 in it as a box."""
    plain = path.name if path.name not in ("", "..") else path.resolve().name
    return os.fsencode(plain).decode("utf-8", "replace")


def track_of(
    path: Path,
    shape: Shape,
    node: str,
    xyz_m: tuple[float, float, float],
    start_us: int,
    channel: int = 0,
    sigma_us: int = 0,
    full_scale_db: float | None = None,
) -> Track:
    """A track over one channel of a sound file that is of this shape: no surer than its clock, nor than its codec."""
    lossy = f"{path}: {shape.lossy} loses sound: its onsets are no surer than {shape.sigma_us / 1000:g} ms"
    return Track(
        node=node,
        xyz_m=xyz_m,
        start_us=start_us,
        rate_hz=shape.rate_hz,
        path=path,
        channel=channel,
        sigma_us=round(math.hypot(sigma_us, shape.sigma_us)),
        full_scale_db=full_scale_db,
        n_frames=shape.n_frames,
        notes=(*shape.notes, lossy) if shape.lossy else shape.notes,
    )
