"""An I2S microphone in the left slot, the PPS in the right one: blocks of stereo frames of 32-bit words, as they come.

MicroPython's machine.I2S receives 32-bit stereo frames whatever it is asked (notes/micropython.md 7.1). What nobody
reads in time is lost without a word; so the time between reads is kept, and `backlog_ms` is how much the ring may hold.
"""

from array import array
from asyncio import StreamReader
from time import ticks_diff, ticks_ms

import micropython
import uctypes
from machine import I2S, Pin

BLOCK_MS = 10
RING_BYTES = 65_536
"""170 ms at 48 kHz: a collection of garbage may take 100 (notes/micropython.md 7.1)."""
FRAME_BYTES = 8


class I2sMicrophone:
    """rate_hz: nominal frames a second. Opens the port at once."""

    def __init__(self, rate_hz: int, sck: int, ws: int, sd: int) -> None:
        self.rate_hz = rate_hz
        self.n_frames = rate_hz * BLOCK_MS // 1000
        self.backlog_ms = 0
        self._words = array("i", bytes(self.n_frames * FRAME_BYTES))
        self._left = memoryview(self._words)[: self.n_frames]
        size = self.n_frames * FRAME_BYTES
        self._bytes = memoryview(uctypes.bytearray_at(uctypes.addressof(self._words), size))
        self._stream = StreamReader(
            I2S(
                0, sck=Pin(sck), ws=Pin(ws), sd=Pin(sd), mode=I2S.RX, bits=32, format=I2S.STEREO, rate=rate_hz,
                ibuf=RING_BYTES,
            )
        )  # fmt: skip
        self._read_ms = ticks_ms()

    async def read(self) -> "array[int]":
        """The next block: left and right words, the same array each time."""
        filled = 0
        while filled < len(self._bytes):
            n = await self._stream.readinto(self._bytes[filled:])
            if not n:
                raise OSError("the microphone's port is gone")
            filled += n
        now_ms = ticks_ms()
        self.backlog_ms = max(0, self.backlog_ms + ticks_diff(now_ms, self._read_ms) - BLOCK_MS)
        self._read_ms = now_ms
        return self._words

    def left(self) -> "memoryview":
        """The microphone's words of the last block, written over what `read` gave: call it once, and when that is done
        with. The same view each time."""
        _every_other(self._words, self.n_frames)  # type: ignore[arg-type]  # viper's pointers
        return self._left

    def may_have_lost(self) -> bool:
        """Whether the ring may have run over before the last read."""
        lost = self.backlog_ms * self.rate_hz * FRAME_BYTES > RING_BYTES * 800
        if lost:
            self.backlog_ms = 0
        return lost

    def frames_since_read(self) -> int:
        """Frames that have come in since the last block, as far as the processor's clock knows."""
        return (ticks_diff(ticks_ms(), self._read_ms) + self.backlog_ms) * self.rate_hz // 1000


@micropython.viper
def _every_other(words: ptr32, n: int):  # type: ignore[name-defined, no-untyped-def]  # noqa: F821
    for i in range(n):
        words[i] = words[2 * i]
