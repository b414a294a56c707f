"""HMAC-SHA256 by hand, for MicroPython has no hmac module, and a comparison that leaks no time. Portable."""

import hashlib


class Mac:
    """HMAC-SHA256 (RFC 2104, from general knowledge) under one key, its two pads made once. Shows none of the key."""

    def __init__(self, key: bytes) -> None:
        if len(key) > 64:
            key = hashlib.sha256(key).digest()
        key = key + bytes(64 - len(key))
        self._inner = bytes([byte ^ 0x36 for byte in key])
        self._outer = bytes([byte ^ 0x5C for byte in key])

    def tag(self, *parts: "bytes | bytearray | memoryview") -> bytes:
        """32 bytes over the parts as one."""
        inner = hashlib.sha256(self._inner)
        for part in parts:
            inner.update(part)
        outer = hashlib.sha256(self._outer)
        outer.update(inner.digest())
        return outer.digest()


def same(a: bytes, b: bytes) -> bool:
    """Whether two byte strings are equal, in a time that tells only whether their lengths are."""
    differ = len(a) ^ len(b)
    for x, y in zip(a, b):
        differ |= x ^ y
    return differ == 0
