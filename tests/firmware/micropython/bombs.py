"""Hostile CBOR into the board's decoder: one reject type, and little heap. Runs under MicroPython.

argv: bytes of heap that a bomb may take. The heap is filled until no more than that is left: a bomb that needs more
ends in a MemoryError. Prints ok, how many bombs were refused, and how many bytes were left for each.
"""

import gc
import sys

from firmware import cbor, wire
from firmware.mac import Mac

LIMIT = int(sys.argv[1])
PIECE = 300
"""Bytes of heap, at most, that fill takes at a time: asking how much is left is slow."""
MOST = wire.MAX_FRAME - 100
MAC = Mac(bytes(32))


def frame(payload):
    """It as its gateway would have sealed it: past the MAC, where only the decoder is left."""
    header = bytearray(wire.ALGORITHM)
    cbor.write(header, b"n17")
    header.extend(wire.BOOT + b"\x01" + wire.SEQUENCE + b"\x01")
    sealed = bytearray(b"\xd1\x84")
    cbor.write(sealed, bytes(header))
    end = len(sealed)
    sealed.append(0xA0)
    cbor.write(sealed, payload)
    tag = MAC.tag(wire.MAC0, bytes(sealed[2:end]), wire.DOWN, bytes(sealed[end + 1 :]))
    return bytes(sealed) + b"\x58\x20" + tag


def heads():
    """Every first byte, as the body, as an ack's only value, in its array: bare, and claiming the most or nought."""
    for first in range(256):
        for claim in (b"", b"\xff" * 8, b"\x00" * 8):
            item = bytes([first]) + claim
            yield item
            yield b"\xa2\x00\x03\x01" + item
            yield b"\xa2\x00\x03\x01\x81" + item


def floods():
    """Many, deep, long: as much as a frame can hold."""
    for unit in (b"\x00", b"\x80", b"\x81", b"\x83\x00\x00\x00", b"\x40", b"\x1b" + b"\xff" * 8, b"\xa1\x00", b"\x9f"):
        many = unit * (MOST // len(unit) - 3)
        count = (MOST // len(unit) - 3).to_bytes(2, "big")
        yield many
        yield b"\xa2\x00\x03\x01\x99" + count + many
        yield b"\xa2\x00\x03\x01\x81\x99" + count + many
        yield b"\xb9" + count + many
    yield b"\xb7" + b"".join([bytes([key, 0x99, 0, 80]) + b"\x1b" + b"\xff" * 8 + bytes(79) for key in range(23)])


def cut(payload):
    """It, broken off at each byte, and with each byte another."""
    for at in range(len(payload)):
        yield payload[:at]
        yield payload[:at] + bytes([payload[at] ^ 0x80]) + payload[at + 1 :]


def bombs():
    for many in (heads(), floods()):
        yield from many
    yield from cut(wire.encode(wire.Ack(((5, 1, 300), (6, 70_000, 1 << 31)))))
    yield from cut(wire.encode(wire.Part(7, 512, bytes(range(64)))))
    yield from cut(wire.encode(wire.Update(7, bytes(16), bytes(32), 90_000, 3)))


def fill():
    """Take the heap, but for LIMIT bytes. Comes back: what holds it."""
    gc.collect()
    held = None
    for _ in range((gc.mem_free() - LIMIT) // PIECE):
        held = (held, bytes(200))
    while gc.mem_free() > LIMIT:
        held = (held, bytes(200))
    return held


n, most = 0, 0
for payload in bombs():
    bomb = frame(payload)
    held = fill()
    most = max(most, gc.mem_free())
    try:
        wire.open(bomb, MAC)
    except wire.BadFrame as error:
        assert error.reason in wire.REASONS, error.reason
        n += 1
    held = None
print("ok", n, most)
