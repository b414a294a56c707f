"""Audio files as a source of blocks: WAV, FLAC and OGG through soundfile (libsndfile), 8 to 96 kHz, any channel count.

Samples come as float32, full scale +-1, whatever integer width the file has. What is wrong with a file is one line
that names it: OSError where it cannot be opened, ValueError where it is not what we can use.
"""

import asyncio
import io
import os
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from hw.linux import ogg_flac, wav_header
from hw.ports import Block

MIN_RATE_HZ, MAX_RATE_HZ = 8_000, 96_000
FORMATS = ("WAV", "WAVEX", "RF64", "W64", "FLAC", "OGG")
"""Formats that keep time: what libsndfile also reads but shifts by its encoder's delay (MP3) is not among them."""
READ_FRAMES = 1 << 16
LOSSY_US = {"VORBIS": 3_000, "OPUS": 3_000, "GSM610": 3_000, "IMA_ADPCM": 100, "MS_ADPCM": 100, "NMS_ADPCM_16": 100}
"""One sigma of what a codec that keeps not all does to the time of an onset. Vorbis and Opus spread it over the block
before (pre-echo: 1 to 3 ms early was measured); ADPCM needs a few samples to follow. GSM is taken to be like Opus."""
UNSCALED, OVER = 64.0, 4.0  # highest and usual peak that no mix of floats has: these are integers in another dress
WIDTHS = (1 << 15, 1 << 23, 1 << 31)


@dataclass(frozen=True, slots=True)
class Shape:
    """What is known of a file before it is read. n_frames : as many as its header tells of. lossy : the name of a codec
    that does not keep all, or ""; sigma_us : what that does to times, or 0. notes : what is odd about the file, a
    sentence each that names it."""

    rate_hz: int
    n_channels: int
    n_frames: int
    lossy: str
    sigma_us: int
    notes: tuple[str, ...]


def read_audio(path: str | Path) -> tuple[NDArray[np.float32], int]:
    """The whole file: samples (n, n_channels) float32, full scale +-1, and its rate in Hz.

    Raises OSError (missing, forbidden, a folder) or ValueError (not a WAV, FLAC or OGG file, damaged, no samples, a
    rate outside 8,000 to 96,000 Hz, samples that are not numbers), each naming the file. Memory is bounded by what the
    file holds, not by what its header claims.
    """
    with closing(_Open(Path(path))) as audio:
        parts = list(audio.parts(READ_FRAMES))
        if not parts:
            raise ValueError(f"{path}: no samples in the file")
        return np.concatenate(parts), audio.shape.rate_hz


def read_parts(path: Path) -> Iterator[NDArray[np.float32]]:
    """The same samples in parts, in order, none of which is long. Raises as `read_audio` does."""
    with closing(_Open(path)) as audio:
        yield from audio.parts(READ_FRAMES)


def audio_shape(path: Path) -> Shape:
    """What an audio file is. Raises as `read_audio` does, but for faults that lie further on in the file."""
    with closing(_Open(path)) as audio:
        return audio.shape


def utc_us() -> int:
    """The host's clock, int microseconds UTC."""
    return time.time_ns() // 1000


class AudioFile:
    """A BlockSource (hw/ports.py) that plays a file in blocks of `block_s` seconds; the last one may be shorter.

    start_us : UTC of the first sample, where known. paced : a block comes no earlier than the UTC of its end, as from a
    microphone; a paced file without `start_us` starts when it is opened. Not paced it comes as fast as it is read.
    now_us, sleep : the clock and the way to wait, for tests. `shape` : known once it is open.
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
        self.shape = Shape(0, 0, 0, "", 0, ())
        self._paced = paced
        self._block_s = block_s
        self._now_us = now_us
        self._sleep = sleep
        self._audio: _Open | None = None

    async def open(self) -> None:
        """Open the file. Raises as `read_audio` does."""
        self._audio = _Open(self.path)
        self.shape = self._audio.shape
        self.rate_hz, self.n_channels = self.shape.rate_hz, self.shape.n_channels
        if self._paced and self.start_us is None:
            self.start_us = self._now_us()

    async def blocks(self) -> AsyncIterator[Block]:
        """The blocks in order; ends with the file. Raises ValueError where the file is damaged further on."""
        if self._audio is None:
            raise ValueError(f"{self.path}: open the file before its blocks are read")
        n_frames = max(1, round(self._block_s * self.rate_hz))
        tick = 0
        for samples in self._audio.parts(n_frames):
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


class _Open:
    """An open file that is known to be of a legal format, rate and length."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("rb")  # also because soundfile does not tell a missing file from a forbidden one
        try:
            self._audio, notes = self._opened()
            self._scale = self._scaled_to()
        except BaseException:
            self._file.close()
            raise
        if self._scale != 1:
            notes += (f"{path}: its floats reach far over 1: taken as scaled to {self._scale}",)
        rate_hz, n_channels, n_frames = (
            int(value) for value in (self._audio.samplerate, self._audio.channels, self._audio.frames)
        )
        sigma_us = LOSSY_US.get(self._audio.subtype, 0)
        self.shape = Shape(
            rate_hz, n_channels, n_frames, self._audio.subtype.lower() if sigma_us else "", sigma_us, notes
        )

    def parts(self, n_frames: int) -> Iterator[NDArray[np.float32]]:
        """The rest of the file in parts of up to n_frames frames, each (n, n_channels) float32, full scale +-1."""
        for samples in self._raw(n_frames):
            yield samples if self._scale == 1 else samples / np.float32(self._scale)

    def close(self) -> None:
        self._audio.close()
        self._file.close()

    def _opened(self) -> tuple[soundfile.SoundFile, tuple[str, ...]]:
        wrapped = ogg_flac.is_ogg_flac(self._file.read(64))
        held = wav_header.longer(self._file)
        self._file.seek(0)
        source: Any = os.fsencode(self._path)  # soundfile cannot encode a name that is not UTF-8
        if wrapped:
            source = io.BytesIO(ogg_flac.unwrap(self._path.read_bytes()))
        elif held:
            source = wav_header.as_told(self._file, held)
        try:
            audio = soundfile.SoundFile(source)
        except (soundfile.LibsndfileError, TypeError, ValueError) as error:
            raise ValueError(f"{self._path}: not a WAV, FLAC or OGG file, or damaged ({_reason(error)})") from error
        wrong = _wrong(audio)
        if wrong:
            audio.close()
            raise ValueError(f"{self._path}: {wrong}")
        return audio, (f"{self._path}: {_words(held)}",) if held else ()

    def _scaled_to(self) -> int:
        """The full scale of the samples: 1, or for floats that are integers in truth the range of these."""
        if self._audio.subtype not in ("FLOAT", "DOUBLE"):
            return 1
        peaks = [float(np.abs(samples).max()) for samples in self._raw(READ_FRAMES)]
        self._audio.seek(0)
        peak, mostly = max(peaks, default=0.0), statistics.median([each for each in peaks if each] or [0.0])
        return next((width for width in WIDTHS if peak <= width), 1) if peak > UNSCALED and mostly > OVER else 1

    def _raw(self, n_frames: int) -> Iterator[NDArray[np.float32]]:
        while len(samples := self._read(n_frames)):
            yield samples

    def _read(self, n_frames: int) -> NDArray[np.float32]:
        try:
            samples = np.asarray(self._audio.read(n_frames, dtype="float32", always_2d=True), np.float32)
        except soundfile.LibsndfileError as error:
            at = self._audio.tell()
            raise ValueError(f"{self._path}: damaged after {at} samples ({_reason(error)})") from error
        if not np.isfinite(samples).all():
            raise ValueError(f"{self._path}: holds samples that are not finite numbers")
        return samples


def _words(held: wav_header.Longer) -> str:
    told_s, there_s = held.seconds(held.declared), held.seconds(held.n_bytes)
    return f"its header tells of {told_s:.1f} s of sound, the file holds {there_s:.1f} s: heard to its end"


def _wrong(audio: soundfile.SoundFile) -> str:
    """What keeps us from using an open file, or nothing."""
    if audio.format not in FORMATS:
        return f"is {audio.format}, must be WAV, FLAC or OGG"
    if not MIN_RATE_HZ <= audio.samplerate <= MAX_RATE_HZ:
        return f"sample rate {audio.samplerate} Hz, must be {MIN_RATE_HZ} to {MAX_RATE_HZ} Hz"
    return "" if audio.frames else "no samples in the file"


def _reason(error: Exception) -> str:
    text = error.error_string if isinstance(error, soundfile.LibsndfileError) else str(error)
    return " ".join(str(text).split()).rstrip(".")
