"""Audio files as a source of blocks: WAV, FLAC and OGG through soundfile (libsndfile), 8 to 96 kHz, any channel count.

Samples come as float32, full scale +-1, whatever integer width the file has. What is wrong with a file is one line
that names it: OSError where it cannot be opened, ValueError where it is not what we can use.
"""

import asyncio
import io
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from hw.linux import ogg_flac
from hw.ports import Block

MIN_RATE_HZ, MAX_RATE_HZ = 8_000, 96_000
FORMATS = ("WAV", "WAVEX", "RF64", "W64", "FLAC", "OGG")
"""Formats that keep time: what libsndfile also reads but shifts by its encoder's delay (MP3) is not among them."""
READ_FRAMES = 1 << 16


def read_audio(path: str | Path) -> tuple[NDArray[np.float32], int]:
    """The whole file: samples (n, n_channels) float32, full scale +-1, and its rate in Hz.

    Raises OSError (missing, forbidden, a folder) or ValueError (not a WAV, FLAC or OGG file, damaged, no samples, a
    rate outside 8,000 to 96,000 Hz, samples that are not numbers), each naming the file. Memory is bounded by what the
    file holds, not by what its header claims.
    """
    with _open(Path(path)) as audio:
        parts = list(_parts(audio, path, READ_FRAMES))
        if not parts:
            raise ValueError(f"{path}: no samples in the file")
        return np.concatenate(parts), int(audio.samplerate)


def utc_us() -> int:
    """The host's clock, int microseconds UTC."""
    return time.time_ns() // 1000


class AudioFile:
    """A BlockSource (hw/ports.py) that plays a file in blocks of `block_s` seconds; the last one may be shorter.

    start_us : UTC of the first sample, where known. paced : a block comes no earlier than the UTC of its end, as from a
    microphone; a paced file without `start_us` starts when it is opened. Not paced it comes as fast as it is read.
    now_us, sleep : the clock and the way to wait, for tests.
    """

    def __init__(
        self,
        path: str | Path,
        start_us: int | None = None,
        paced: bool = False,
        block_s: float = 0.02,
        *,
        now_us: Callable[[], int] = utc_us,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        if not 0.001 <= block_s <= 10:
            raise ValueError(f"block_s {block_s:g}: must be 0.001 to 10 s")
        self.path = Path(path)
        self.start_us = start_us
        self.rate_hz = 0
        self.n_channels = 0
        self._paced = paced
        self._block_s = block_s
        self._now_us = now_us
        self._sleep = sleep
        self._audio: soundfile.SoundFile | None = None

    async def open(self) -> None:
        """Open the file. Raises as `read_audio` does."""
        self._audio = _open(self.path)
        self.rate_hz = int(self._audio.samplerate)
        self.n_channels = int(self._audio.channels)
        if self._paced and self.start_us is None:
            self.start_us = self._now_us()

    async def blocks(self) -> AsyncIterator[Block]:
        """The blocks in order; ends with the file. Raises ValueError where the file is damaged further on."""
        if self._audio is None:
            raise ValueError(f"{self.path}: open the file before its blocks are read")
        n_frames = max(1, round(self._block_s * self.rate_hz))
        tick = 0
        for samples in _parts(self._audio, self.path, n_frames):
            await self._sleep(self._wait_s(tick + len(samples)))
            yield Block(tick, samples)
            tick += len(samples)

    def _wait_s(self, end_tick: int) -> float:
        """How long until the UTC of this tick, rounded up to a microsecond; 0 where nothing is to be waited for."""
        if not self._paced or self.start_us is None:
            return 0.0
        end_us = self.start_us - (-end_tick * 1_000_000 // self.rate_hz)
        return max(0, end_us - self._now_us()) / 1e6

    async def close(self) -> None:
        """Close the file; further blocks need a new `open`."""
        if self._audio is not None:
            self._audio.close()
            self._audio = None


def _open(path: Path) -> soundfile.SoundFile:
    """An open file that is known to be of a legal format, rate and length."""
    with path.open("rb") as file:  # also because soundfile does not tell a missing file from a forbidden one
        wrapped = ogg_flac.is_ogg_flac(file.read(64))
    try:
        audio = soundfile.SoundFile(io.BytesIO(ogg_flac.unwrap(path.read_bytes())) if wrapped else path)
    except (soundfile.LibsndfileError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: not a WAV, FLAC or OGG file, or damaged ({_reason(error)})") from error
    wrong = _wrong(audio)
    if wrong:
        audio.close()
        raise ValueError(f"{path}: {wrong}")
    return audio


def _wrong(audio: soundfile.SoundFile) -> str:
    """What keeps us from using an open file, or nothing."""
    if audio.format not in FORMATS:
        return f"is {audio.format}, must be WAV, FLAC or OGG"
    if not MIN_RATE_HZ <= audio.samplerate <= MAX_RATE_HZ:
        return f"sample rate {audio.samplerate} Hz, must be {MIN_RATE_HZ} to {MAX_RATE_HZ} Hz"
    return "" if audio.frames else "no samples in the file"


def _parts(audio: soundfile.SoundFile, path: str | Path, n_frames: int) -> Iterator[NDArray[np.float32]]:
    """The rest of the file in parts of up to n_frames frames, each (n, n_channels) float32."""
    while len(samples := _read(audio, path, n_frames)):
        yield samples


def _read(audio: soundfile.SoundFile, path: str | Path, n_frames: int) -> NDArray[np.float32]:
    try:
        samples = np.asarray(audio.read(n_frames, dtype="float32", always_2d=True), np.float32)
    except soundfile.LibsndfileError as error:
        raise ValueError(f"{path}: damaged after {audio.tell()} samples ({_reason(error)})") from error
    if not np.isfinite(samples).all():
        raise ValueError(f"{path}: holds samples that are not finite numbers")
    return samples


def _reason(error: Exception) -> str:
    text = error.error_string if isinstance(error, soundfile.LibsndfileError) else str(error)
    return " ".join(str(text).split()).rstrip(".")
