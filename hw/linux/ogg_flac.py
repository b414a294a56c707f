"""FLAC out of its Ogg wrapping: libsndfile 1.2.2, inside soundfile 0.14, cannot open Ogg FLAC (python-soundfile #424).

An Ogg page is "OggS", version, flags, 8 bytes of granule position, serial, sequence, CRC, a count of segments and a
table of their lengths; a packet ends with the first segment shorter than 255 bytes. In Ogg FLAC the first packet is
0x7F "FLAC", version, count of header packets, then a native FLAC stream's opening ("fLaC", STREAMINFO); each packet
after it is one metadata block or one frame of the native stream. So the packets, joined, are a FLAC file. (Ogg
checksums are not looked at: each FLAC frame carries its own.) Layout from general knowledge (RFC 3533, RFC 9639), held
to files that ffmpeg wrote.
"""

import struct
from collections.abc import Iterator

PAGE = struct.Struct("<4sBBqIIIB")
MAPPING = b"\x7fFLAC"
MAPPING_BYTES = 9
"""0x7F "FLAC", two bytes of version, two bytes of header count; "fLaC" follows."""
SIGNATURE_AT = PAGE.size + 1
"""Where MAPPING stands in a file: behind the first page's header and its table of one segment."""
TOTAL_AT = 4 + 4 + 13
"""STREAMINFO's total of samples: after "fLaC", the block's header and 13 bytes, in the low 36 bits of five bytes."""
TOTAL_MASK = (1 << 36) - 1


def is_ogg_flac(head: bytes) -> bool:
    """Whether a file that starts with these 64 bytes is FLAC in Ogg."""
    return head.startswith(b"OggS") and head[SIGNATURE_AT:].startswith(MAPPING)


def unwrap(wrapped: bytes) -> bytes:
    """The native FLAC file inside an Ogg FLAC file. Raises ValueError where the pages or the first packet are damaged.

    A writer that could not seek leaves the total of samples 0: the last page's granule position, which is that total,
    is filled in, for libsndfile takes 0 at its word.
    """
    packets, total = _packets(wrapped)
    if not packets or not packets[0].startswith(MAPPING) or len(packets[0]) < MAPPING_BYTES + TOTAL_AT + 5:
        raise ValueError("the first Ogg packet is not FLAC's")
    native = bytearray(packets[0][MAPPING_BYTES:])
    field = int.from_bytes(native[TOTAL_AT : TOTAL_AT + 5], "big")
    if not field & TOTAL_MASK:
        native[TOTAL_AT : TOTAL_AT + 5] = (field | max(total, 0) & TOTAL_MASK).to_bytes(5, "big")
    return bytes(native) + b"".join(packets[1:])


def _packets(wrapped: bytes) -> tuple[list[bytes], int]:
    """The packets of the first logical stream, and its last granule position."""
    packets, part, total, serial = [], bytearray(), 0, None
    for granule, page_serial, segments in _pages(wrapped):
        serial = page_serial if serial is None else serial
        if page_serial != serial:
            continue
        total = max(total, granule)
        for segment in segments:
            part += segment
            if len(segment) < 255:
                packets.append(bytes(part))
                part.clear()
    return packets, total


def _pages(wrapped: bytes) -> Iterator[tuple[int, int, list[bytes]]]:
    """Granule position, serial and segments of each whole page; a file cut short ends with its last whole page."""
    at = 0
    while at + PAGE.size <= len(wrapped):
        mark, _, _, granule, serial, _, _, n_segments = PAGE.unpack_from(wrapped, at)
        if mark != b"OggS":
            raise ValueError(f"no Ogg page at byte {at}")
        table = wrapped[at + PAGE.size : at + PAGE.size + n_segments]
        at += PAGE.size + n_segments
        end = at + sum(table)
        if len(table) < n_segments or end > len(wrapped):
            return
        segments = []
        for length in table:
            segments.append(wrapped[at : at + length])
            at += length
        yield granule, serial, segments
