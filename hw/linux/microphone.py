"""A microphone through PortAudio, by either of two libraries behind one interface; no gap goes unnoticed.

PortAudio calls back on a thread of its own for each block. When it reports an overflow, samples were lost before that
block; how many is told by the times that its converter clock puts on the blocks. When the shell does not keep up, whole
blocks are dropped here. Either way the next block's tick jumps by what is missing (hw/ports.py: a gap).

A back end (pyaudio_backend.py, sounddevice_backend.py) has `list_inputs() -> list[Input]` and
`open_stream(index, rate_hz, n_channels, n_frames, on_block) -> Stream`; it raises OSError where PortAudio refuses.
"""

import asyncio
import collections
import importlib
from collections.abc import AsyncIterator
from types import ModuleType

import numpy as np

from hw.linux.portaudio import Input, Stream, hushed
from hw.ports import Block

INSTALL = "pip install -e '.[audio]' in the project's folder"
BACKENDS = {
    "pyaudio": ("hw.linux.pyaudio_backend", f"{INSTALL} (needs gcc and portaudio19-dev)"),
    "sounddevice": ("hw.linux.sounddevice_backend", f"{INSTALL} and apt install libportaudio2"),
}
"""Name -> the only file that imports that library, and what to install where it is missing."""
MIN_RATE_HZ, MAX_RATE_HZ = 8_000, 96_000
MAX_CHANNELS = 64
BACKLOG_S = 5.0
"""What may wait for a shell that does not keep up; below the 10 s that a node may hold (DESIGN, privacy)."""
SILENT_S = 2.0
"""A device that gives no block for so long is gone: blocks come every few hundredths of a second."""


class Ticks:
    """Counts samples, lost ones included. Pure.

    `next(n_frames, adc_s, overflowed)` is the tick of a block of n_frames whose first sample the converter clock dates
    adc_s (seconds). An overflow loses at least one sample, whatever that clock says.
    """

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._tick = 0
        self._due_s: float | None = None

    def next(self, n_frames: int, adc_s: float, overflowed: bool) -> int:
        if overflowed and self._due_s is not None:
            self._tick += max(1, round((adc_s - self._due_s) * self._rate_hz))
        tick = self._tick
        self._tick += n_frames
        self._due_s = adc_s + n_frames / self._rate_hz
        return tick


class Microphone:
    """A BlockSource (hw/ports.py) on a sound card. `start_us` is None: the shell dates the blocks.

    backend : "pyaudio" or "sounddevice". device : an input's number, or a part of its name; None: the system's default.
    Raises ValueError for settings that make no sense; `open` OSError where the library is not installed (saying what to
    install), or where there is no such device (saying which there are); `blocks` OSError when the device is gone.
    """

    def __init__(
        self,
        backend: str = "sounddevice",
        device: str | None = None,
        rate_hz: int = 48_000,
        n_channels: int = 1,
        *,
        block_s: float = 0.02,
    ) -> None:
        if backend not in BACKENDS:
            raise ValueError(f"microphone backend {backend!r}: must be {' or '.join(BACKENDS)}")
        if not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
            raise ValueError(f"microphone rate {rate_hz} Hz: must be {MIN_RATE_HZ} to {MAX_RATE_HZ}")
        if not 1 <= n_channels <= MAX_CHANNELS:
            raise ValueError(f"microphone channels {n_channels}: must be 1 to {MAX_CHANNELS}")
        if not 0.001 <= block_s <= 1:
            raise ValueError(f"microphone block_s {block_s:g}: must be 0.001 to 1 s")
        self.rate_hz = rate_hz
        self.n_channels = n_channels
        self.start_us: int | None = None
        self.name = f"microphone {device or 'default'} ({backend})"
        self._backend, self._device = backend, device
        self._n_frames = max(1, round(block_s * rate_hz))
        self._ticks = Ticks(rate_hz)
        self._limit = max(2, round(BACKLOG_S / block_s))
        self._waiting: collections.deque[Block] = collections.deque()
        self._more = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stream: Stream | None = None

    async def open(self) -> None:
        """Start listening."""
        library = load_backend(self._backend)
        self._loop = asyncio.get_running_loop()
        try:
            with hushed():
                index = None if self._device is None else choose(library.list_inputs(), self._device)
                self._stream = library.open_stream(index, self.rate_hz, self.n_channels, self._n_frames, self._on_block)
        except OSError as error:
            raise OSError(f"{self.name}: {_with_inputs(str(error), self._backend)}") from error

    def _on_block(self, samples: bytes, adc_s: float, overflowed: bool) -> None:
        """Take a block of float32 samples; runs on PortAudio's thread."""
        block = np.frombuffer(samples, np.float32).reshape(-1, self.n_channels)
        tick = self._ticks.next(len(block), adc_s, overflowed)
        if len(self._waiting) < self._limit and self._loop is not None:
            self._waiting.append(Block(tick, block))
            self._loop.call_soon_threadsafe(self._more.set)

    async def blocks(self) -> AsyncIterator[Block]:
        """Blocks as they are heard; does not end by itself, but when the microphone is closed."""
        while self._stream is not None:
            self._more.clear()
            while self._waiting:
                yield self._waiting.popleft()
                await asyncio.sleep(0)
            try:
                await asyncio.wait_for(self._more.wait(), SILENT_S)
            except TimeoutError as error:
                raise OSError(f"{self.name}: nothing heard for {SILENT_S:g} s, the device is gone") from error

    async def close(self) -> None:
        """Stop listening. What was heard and not read is forgotten."""
        if self._stream is not None:
            stream, self._stream = self._stream, None
            await asyncio.to_thread(stream.close)
            self._more.set()
            self._waiting.clear()


def load_backend(name: str) -> ModuleType:
    """The back end's module. Raises OSError that says what to install where its library is missing."""
    path, install = BACKENDS[name]
    try:
        return importlib.import_module(path)
    except (ImportError, OSError) as error:  # sounddevice says OSError where PortAudio itself is missing
        raise OSError(f"microphone backend {name} is not installed: {install}") from error


def inputs_of(backend: str) -> list[Input]:
    """The devices that can be listened to. Raises OSError as `load_backend` does, or where PortAudio refuses."""
    library = load_backend(backend)
    with hushed():
        return list(library.list_inputs())


def _with_inputs(why: str, backend: str) -> str:
    """A fault, and what devices there are."""
    if "there are:" in why:
        return why
    try:
        inputs = inputs_of(backend)
    except OSError:
        return why
    return f"{why}; there are: {_listed(inputs)}"


def _listed(inputs: list[Input]) -> str:
    return ", ".join(f"{i.index} {i.name!r}" for i in inputs) or "no microphones"


def choose(inputs: list[Input], wanted: str) -> int:
    """The number of the input that is `wanted`: its number, its whole name, or a part of one name only.

    Raises OSError naming what there is.
    """
    exact = [i.index for i in inputs if wanted in (str(i.index), i.name)]
    partly = [i.index for i in inputs if wanted.lower() in i.name.lower()]
    for found in (exact, partly):
        if len(found) == 1:
            return found[0]
    raise OSError(f"{'more than one' if partly else 'no'} such input; there are: {_listed(inputs)}")
