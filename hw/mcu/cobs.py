"""COBS by hand, for MicroPython has none: the same bytes as hw/serial_line.py, where the framing is described.

No block after a full one of 254 bytes that ends the frame, as the `cobs` package has it. Portable: built-ins only.
"""

from binascii import crc32

MAX_FRAME_BYTES = 2304
MAX_ENCODED_BYTES = MAX_FRAME_BYTES + 4 + (MAX_FRAME_BYTES + 4) // 254 + 1


def encode(out: bytearray, *parts: bytes) -> int:
    """COBS of some parts as one, a zero before and after it and none in it, into `out`. Comes back: how many bytes."""
    n = sum([len(part) for part in parts])
    out[0] = 0
    code_at, at, code, seen = 1, 2, 1, 0
    for part in parts:
        for byte in part:
            seen += 1
            if byte:
                out[at] = byte
                at += 1
                code += 1
            if byte == 0 or (code == 255 and seen < n):
                out[code_at] = code
                code_at, code = at, 1
                at += 1
    out[code_at] = code
    out[at] = 0
    return at + 1


def decode(coded: bytes) -> bytes:
    """The inverse. ValueError where these bytes are no COBS."""
    out, at, n = bytearray(), 0, len(coded)
    while at < n:
        code = coded[at]
        if code == 0 or at + code > n:
            raise ValueError("not COBS")
        out.extend(coded[at + 1 : at + code])
        at += code
        if code < 255 and at < n:
            out.append(0)
    if 0 in coded:
        raise ValueError("not COBS")
    return bytes(out)


class Enframer:
    """Frames as bytes for the line: 0, COBS of the frame and its CRC-32, 0. Always in the same place of memory, for a
    board's heap seldom has so much in one piece."""

    def __init__(self) -> None:
        self._out = bytearray(MAX_ENCODED_BYTES + 2)

    def enframe(self, frame: bytes) -> memoryview:
        """The bytes that carry a frame of at most MAX_FRAME_BYTES, until the next call."""
        return memoryview(self._out)[: encode(self._out, frame, crc32(frame).to_bytes(4, "little"))]


class Deframer:
    """Finds the frames in a stream of bytes. dropped: what was damaged or too long. Holds one frame at most."""

    def __init__(self) -> None:
        self.dropped = 0
        self._part = bytearray()

    def feed(self, received: bytes) -> list[bytes]:
        """Take the next bytes; comes back: the frames that they complete."""
        frames = []
        pieces = received.split(b"\0")
        for i, piece in enumerate(pieces):
            if len(self._part) <= MAX_ENCODED_BYTES:
                self._part.extend(piece[: MAX_ENCODED_BYTES + 1])
            if i + 1 < len(pieces) and self._part:
                frame = _open(bytes(self._part))
                self._part = bytearray()
                if frame is None:
                    self.dropped += 1
                else:
                    frames.append(frame)
        return frames


def _open(part: bytes) -> "bytes | None":
    if len(part) > MAX_ENCODED_BYTES:
        return None
    try:
        inside = decode(part)
    except ValueError:
        return None
    frame = inside[:-4]
    return frame if frame and crc32(frame).to_bytes(4, "little") == inside[-4:] else None
