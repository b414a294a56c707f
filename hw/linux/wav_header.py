"""WAV files that hold more sound than their header tells of: heard whole, as if the header were right.

A recorder that is cut off leaves the sizes that it began with (0, or those of its last save); one that writes on past
4 GB leaves what is left of 2^32. libsndfile takes a size that is too small at its word, and hears only the head.

RIFF: "RIFF", 32-bit little-endian length, "WAVE", then chunks of a four-letter name, a 32-bit length and the bytes,
padded to even. RF64 has 0xFFFFFFFF for lengths, and 64-bit ones in a chunk `ds64`: of the whole, of the data, and the
count of samples (EBU Tech 3306, from general knowledge; held to files that libsndfile wrote).
"""

import io
import struct
from dataclasses import dataclass
from typing import BinaryIO

WRAP = 1 << 32
UNKNOWN = WRAP - 1
MAX_CHUNKS = 256
MAX_FORMAT_BYTES = 1 << 12
TAILS = (b"LIST", b"id3 ", b"ID3", b"TAG", b"bext", b"iXML", b"cue ", b"fact", b"PEAK", b"JUNK", b"PAD ", b"smj0")
"""What may follow the data, though it were cut off itself."""


@dataclass(frozen=True, slots=True)
class Longer:
    """fmt : the body of the format's chunk. start, n_bytes : where the data lies. declared : bytes that the header
    tells of."""

    fmt: bytes
    start: int
    n_bytes: int
    declared: int

    def seconds(self, n_bytes: int) -> float:
        """How long so many bytes of data sound."""
        bytes_a_second: int = struct.unpack_from("<I", self.fmt, 8)[0]
        return n_bytes / max(1, bytes_a_second)


def longer(file: BinaryIO) -> Longer | None:
    """What a WAV file holds, where that is more than its header tells of; None for every other file."""
    n_file = file.seek(0, io.SEEK_END)
    file.seek(0)
    head = file.read(12)
    if head[:4] not in (b"RIFF", b"RF64") or head[8:] != b"WAVE":
        return None
    fmt, in_ds64 = b"", UNKNOWN
    for _ in range(MAX_CHUNKS):
        name, length = _chunk(file.read(8))
        if name == b"data":
            declared = in_ds64 if length == UNKNOWN else length
            n_told = struct.unpack_from("<I", head, 4)[0] + 8
            if len(fmt) < 16 or (length > 0 and n_told == file.tell() + length + length % 2 and _is_text(file, n_told)):
                return None
            return _what_is_held(file, fmt, declared, n_file)
        body = file.read(min(length, MAX_FORMAT_BYTES)) if name in (b"fmt ", b"ds64") else b""
        if name == b"ds64" and len(body) >= 16:
            in_ds64 = struct.unpack_from("<Q", body, 8)[0]
        fmt = body if name == b"fmt " else fmt
        file.seek(length + length % 2 - len(body), io.SEEK_CUR)
    return None


def as_told(file: BinaryIO, held: Longer) -> BinaryIO:
    """The file with a header that tells of all that is held."""
    n_riff = held.n_bytes + len(held.fmt) + 20
    fmt = struct.pack("<4sI", b"fmt ", len(held.fmt)) + held.fmt
    if n_riff < UNKNOWN:
        head = struct.pack("<4sI4s", b"RIFF", n_riff, b"WAVE") + fmt + struct.pack("<4sI", b"data", held.n_bytes)
    else:
        sizes = struct.pack("<4sIQQQI", b"ds64", 28, n_riff + 36, held.n_bytes, 0, 0)
        head = struct.pack("<4sI4s", b"RF64", UNKNOWN, b"WAVE") + sizes + fmt + struct.pack("<4sI", b"data", UNKNOWN)
    return io.BufferedReader(_Spliced(head, file, held))


def _what_is_held(file: BinaryIO, fmt: bytes, declared: int, n_file: int) -> Longer | None:
    start, frame = file.tell(), max(1, struct.unpack_from("<H", fmt, 12)[0])
    there = n_file - start
    if there - declared - declared % 2 < frame:
        return None
    for n_bytes in range(declared, there + 1, WRAP):
        if _ends(file, start + n_bytes, n_file):
            return Longer(fmt, start, n_bytes, declared) if n_bytes > declared else None
    return Longer(fmt, start, there - there % frame, declared)


def _ends(file: BinaryIO, at: int, n_file: int) -> bool:
    """Whether data may end here: chunks follow, up to the end of the file."""
    at += at % 2
    file.seek(at)
    if file.read(4).startswith(TAILS):
        return True
    for n_chunks in range(MAX_CHUNKS):
        if at >= n_file:
            return n_chunks > 0
        file.seek(at)
        name, length = _chunk(file.read(8))
        if not (name and name.isascii() and name.decode().isprintable()):
            return False
        at += 8 + length + length % 2
        if at > n_file + 1:
            return False
    return False


def _is_text(file: BinaryIO, at: int) -> bool:
    """Whether words begin here (a tag of APEv2, XML), where both lengths of a header say that a file of sound ends. Its
    being the end by both is not enough: a recorder that is cut off leaves two that agree, those of its last save."""
    data_at = file.tell()
    file.seek(at)
    word = file.read(8)
    file.seek(data_at)
    return len(word) > 0 and all(0x20 <= letter < 0x7F or letter in b"\t\r\n" for letter in word)


def _chunk(head: bytes) -> tuple[bytes, int]:
    """Its name and length; where there is no more, one that is empty."""
    return struct.unpack("<4sI", head) if len(head) == 8 else (b"", 0)


class _Spliced(io.RawIOBase):
    """Bytes that come first, then a stretch of a file."""

    def __init__(self, head: bytes, file: BinaryIO, held: Longer) -> None:
        self._head, self._file, self._held, self._at = head, file, held, 0
        self._end = len(head) + held.n_bytes

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        from_where = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._end}[whence]
        self._at = max(0, from_where + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if self._at < len(self._head):
            part = self._head[self._at : self._at + len(buffer)]
        else:
            self._file.seek(self._held.start + self._at - len(self._head))
            part = self._file.read(min(len(buffer), max(0, self._end - self._at)))
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)

    def close(self) -> None:
        self._file.close()
        super().close()
