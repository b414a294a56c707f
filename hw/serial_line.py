"""Frames over a serial port: COBS with a CRC-32 inside, each frame closed by one 0x00.

On the wire: 0x00, COBS(frame + CRC-32 of frame, least significant byte first), 0x00. COBS (Cheshire and Baker 1999,
known to us through the `cobs` package) leaves no 0x00 inside, so a receiver that joins late or met noise is in step
again at the next 0x00. The leading 0x00 ends whatever noise came before, so that noise on an idle line costs no frame.
The CRC-32 is zlib's. A frame that a fault changed is dropped and counted; the chance that noise passes is 2**-32.
"""

import zlib
from collections.abc import AsyncIterator
from typing import Self

from cobs import cobs

from hw.serial_port import WRITE_LIMIT_S, SerialPort, open_serial_port

MAX_FRAME_BYTES = 8192
"""Room for a 20 ms clip of 16-bit samples at 96 kHz (3,840 bytes) and all that describes it, twice over."""
CRC_BYTES = 4
MAX_ENCODED_BYTES: int = cobs.max_encoded_length(MAX_FRAME_BYTES + CRC_BYTES)


def enframe(frame: bytes) -> bytes:
    """The bytes that carry `frame` (1 to MAX_FRAME_BYTES bytes) on the wire. Raises ValueError for any other size."""
    if not 1 <= len(frame) <= MAX_FRAME_BYTES:
        raise ValueError(f"frame of {len(frame)} bytes: a serial line carries 1 to {MAX_FRAME_BYTES}")
    return b"\0" + bytes(cobs.encode(frame + zlib.crc32(frame).to_bytes(CRC_BYTES, "little"))) + b"\0"


class Deframer:
    """Finds the whole frames in a stream of bytes, however it is cut. `dropped` counts what was damaged or too long.

    It never holds more than one frame's worth of bytes.
    """

    def __init__(self) -> None:
        self.dropped = 0
        self._part = bytearray()
        self._too_long = False

    def feed(self, received: bytes) -> list[bytes]:
        """Take the next bytes, give back the frames that they complete."""
        *ends, rest = received.split(b"\0")
        frames = []
        for piece in ends:
            self._grow(piece)
            frame = self._close()
            if frame is not None:
                frames.append(frame)
        self._grow(rest)
        return frames

    def _grow(self, piece: bytes) -> None:
        if len(self._part) + len(piece) > MAX_ENCODED_BYTES:
            self._part.clear()
            self._too_long = True
        if not self._too_long:
            self._part += piece

    def _close(self) -> bytes | None:
        part, too_long = bytes(self._part), self._too_long
        self._part.clear()
        self._too_long = False
        if not part and not too_long:
            return None
        frame = None if too_long else _open(part)
        if frame is None:
            self.dropped += 1
        return frame


def _open(part: bytes) -> bytes | None:
    """The frame inside one COBS part, or None where it is damaged."""
    try:
        inside = bytes(cobs.decode(part))
    except cobs.DecodeError:
        return None
    frame, crc = inside[:-CRC_BYTES], inside[-CRC_BYTES:]
    whole = 1 <= len(frame) <= MAX_FRAME_BYTES and zlib.crc32(frame).to_bytes(CRC_BYTES, "little") == crc
    return frame if whole else None


class SerialLine:
    """A FrameLine (hw/ports.py) over an open serial port. Build it with `open_serial_line`.

    One task may read `frames` while others write. `frames` ends when we close the line and raises OSError naming the
    port when the port goes away; `write_frame` raises OSError when the port is gone or takes nothing for write_limit_s.
    """

    def __init__(self, port: SerialPort) -> None:
        self._port = port
        self._deframer = Deframer()

    @property
    def dropped(self) -> int:
        """Frames that came damaged or too long since the line was opened."""
        return self._deframer.dropped

    async def frames(self) -> AsyncIterator[bytes]:
        """Whole frames as they come."""
        while received := await self._port.read():
            for frame in self._deframer.feed(received):
                yield frame

    async def write_frame(self, frame: bytes) -> None:
        """Hand one frame to the port. Raises ValueError for an illegal size, OSError when the line is broken."""
        await self._port.write(enframe(frame))

    async def close(self) -> None:
        """Close the port."""
        await self._port.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self.close()


async def open_serial_line(port: str, baud: int, write_limit_s: float = WRITE_LIMIT_S) -> SerialLine:
    """Open a serial port (or a pty) for frames, for us alone. Arguments and errors are those of `open_serial_port`."""
    return SerialLine(await open_serial_port(port, baud, write_limit_s))
