"""Raw PCM, signed 16 bit little-endian, interleaved, from a named pipe, a file or standard input.

For whatever else can write samples: `arecord -t raw -f S16_LE -r 48000 -c 4 > /run/mic`. The writer is never hurried:
what is not read yet stays in the pipe.
"""

import asyncio
import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from hw.ports import Block

MIN_RATE_HZ, MAX_RATE_HZ = 8_000, 96_000
MAX_CHANNELS = 64
STANDARD_INPUT = "-"
SAMPLE_BYTES = 2


class PcmPipe:
    """A BlockSource (hw/ports.py) over `path`, or standard input where it is "-".

    It ends when the writer has closed its end; bytes that make no whole frame at the end are dropped. A named pipe that
    nobody writes to yet is waited for. start_us : UTC of the first sample, where known.
    """

    def __init__(
        self, path: str, rate_hz: int, n_channels: int = 1, *, block_s: float = 0.02, start_us: int | None = None
    ) -> None:
        if not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
            raise ValueError(f"{path}: sample rate {rate_hz} Hz, must be {MIN_RATE_HZ} to {MAX_RATE_HZ} Hz")
        if not 1 <= n_channels <= MAX_CHANNELS:
            raise ValueError(f"{path}: {n_channels} channels, must be 1 to {MAX_CHANNELS}")
        if not 0.001 <= block_s <= 10:
            raise ValueError(f"{path}: block_s {block_s:g}, must be 0.001 to 10 s")
        self.path = path
        self.rate_hz = rate_hz
        self.n_channels = n_channels
        self.start_us = start_us
        self._block_bytes = max(1, round(block_s * rate_hz)) * self._frame_bytes
        self._file: BinaryIO | None = None
        self._reader: asyncio.StreamReader | None = None
        self._transport: asyncio.ReadTransport | None = None

    @property
    def _frame_bytes(self) -> int:
        return SAMPLE_BYTES * self.n_channels

    async def open(self) -> None:
        """Open the pipe. Raises OSError naming it where it is missing, forbidden or a folder."""
        self._file = _open(self.path)
        if stat.S_ISREG(os.fstat(self._file.fileno()).st_mode):
            return  # asyncio does not wait for files, and need not
        reader = asyncio.StreamReader(limit=4 * self._block_bytes)
        self._transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), self._file
        )
        self._reader = reader

    async def blocks(self) -> AsyncIterator[Block]:
        """Blocks of block_s, the last one shorter; without gaps, since a pipe loses nothing."""
        tick = 0
        while received := await self._receive():
            whole = len(received) - len(received) % self._frame_bytes
            samples = np.frombuffer(received[:whole], "<i2").reshape(-1, self.n_channels).astype(np.float32)
            if whole:
                yield Block(tick, samples / np.float32(32768))
                tick += len(samples)
            if len(received) < self._block_bytes:
                return

    async def _receive(self) -> bytes:
        """The next block's bytes; fewer only at the end."""
        if self._reader is None:
            if self._file is None:
                raise ValueError(f"{self.path}: open the pipe before its blocks are read")
            await asyncio.sleep(0)
            return self._file.read(self._block_bytes)
        try:
            return await self._reader.readexactly(self._block_bytes)
        except asyncio.IncompleteReadError as ended:
            return ended.partial

    async def close(self) -> None:
        """Close the pipe; a writer gets SIGPIPE."""
        if self._transport is not None:
            self._transport.close()
        elif self._file is not None:
            self._file.close()
        self._file = self._reader = self._transport = None


def _open(path: str) -> BinaryIO:
    """The pipe, opened without waiting for a writer."""
    if path == STANDARD_INPUT:
        return os.fdopen(os.dup(0), "rb")
    if Path(path).is_dir():
        raise IsADirectoryError(f"{path}: is a folder, must be a pipe or a file of samples")
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb")
