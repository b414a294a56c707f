"""Files that are encrypted before they reach the disk: AES-256-GCM, a key for each incident, wrapped under the
gateway's.

A sealed file is MAGIC, seven random bytes, and blocks of BLOCK bytes (the last one shorter), each sealed by itself with
its number and whether it is the last one in the nonce, and the incident's and the file's name beside it: a block that
is changed, missing, swapped, of another file or another incident, or a file that is cut short, does not open. So a clip
of any length is written as it grows, and read without being held whole.

The wrapped key is a nonce and the incident's key sealed under the gateway's with the incident's name beside it. With it
gone nothing of the incident opens any more, whatever a disk keeps of its blocks.
"""

import hashlib
import os
from collections.abc import Iterator
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
MAGIC = b"SNDSEAL1"
BLOCK, TAG, PREFIX = 65_536, 16, 7
NONCE = 12
MOST_BLOCKS = 1 << 32


class Broken(ValueError):
    """It is not what was sealed, or was sealed under another key."""


def new_key() -> bytes:
    """A key for one incident."""
    return os.urandom(KEY_BYTES)


def wrap(key: bytes, incident: str, under: bytes) -> bytes:
    """An incident's key, as it may lie on a disk."""
    nonce = os.urandom(NONCE)
    return nonce + AESGCM(under).encrypt(nonce, key, b"key\0" + incident.encode())


def unwrap(wrapped: bytes, incident: str, under: bytes) -> bytes:
    """The inverse of `wrap`. Raises Broken."""
    try:
        return AESGCM(under).decrypt(wrapped[:NONCE], wrapped[NONCE:], b"key\0" + incident.encode())
    except (InvalidTag, ValueError):
        raise Broken("its key was wrapped under another key than the gateway's, or was changed") from None


class Sealer:
    """Seals what is written to it, in order. sha256, n_bytes : of what was written; sealed_sha256, n_sealed : of what
    went to the file, whole once `finish` was called. Raises what the file raises."""

    def __init__(self, file: IO[bytes], key: bytes, incident: str, name: str) -> None:
        self._file, self._cipher, self._beside = file, AESGCM(key), _beside(incident, name)
        self._prefix = os.urandom(PREFIX)
        self._held = bytearray()
        self._number = 0
        self._clear, self._sealed = hashlib.sha256(), hashlib.sha256()
        self.n_bytes = self.n_sealed = 0
        self._put(MAGIC + self._prefix)

    def write(self, some: bytes) -> int:
        """Further bytes."""
        self._held += some
        self._clear.update(some)
        self.n_bytes += len(some)
        while len(self._held) > BLOCK:  # one block is held back: it may be the last
            self._seal(bytes(self._held[:BLOCK]), is_last=False)
            del self._held[:BLOCK]
        return len(some)

    def finish(self) -> None:
        """There is no more."""
        self._seal(bytes(self._held), is_last=True)
        self._held.clear()

    @property
    def sha256(self) -> str:
        """Of what was written, hexadecimal."""
        return self._clear.hexdigest()

    @property
    def sealed_sha256(self) -> str:
        """Of what went to the file, hexadecimal."""
        return self._sealed.hexdigest()

    def _seal(self, block: bytes, *, is_last: bool) -> None:
        if self._number >= MOST_BLOCKS:
            raise OSError("a sealed file holds 256 TiB at most")
        self._put(self._cipher.encrypt(_nonce(self._prefix, self._number, is_last), block, self._beside))
        self._number += 1

    def _put(self, some: bytes) -> None:
        self._file.write(some)
        self._sealed.update(some)
        self.n_sealed += len(some)


def opened(file: IO[bytes], key: bytes, incident: str, name: str) -> Iterator[bytes]:
    """What was sealed, block by block. Raises Broken as soon as one does not open, and where the end is missing."""
    head = file.read(len(MAGIC) + PREFIX)
    if len(head) != len(MAGIC) + PREFIX or not head.startswith(MAGIC):
        raise Broken(f"{name}: is no sealed file")
    cipher, beside, number = AESGCM(key), _beside(incident, name), 0
    sealed, ahead = file.read(BLOCK + TAG), file.read(BLOCK + TAG)
    while True:
        try:
            yield cipher.decrypt(_nonce(head[len(MAGIC) :], number, not ahead), sealed, beside)
        except (InvalidTag, ValueError):
            raise Broken(f"{name}: block {number + 1} is not what was sealed, or the end is missing") from None
        if not ahead:
            return
        sealed, ahead, number = ahead, file.read(BLOCK + TAG), number + 1


def _beside(incident: str, name: str) -> bytes:
    return b"file\0" + incident.encode() + b"\0" + name.encode()


def _nonce(prefix: bytes, number: int, is_last: bool) -> bytes:
    return prefix + number.to_bytes(4, "big") + bytes((is_last,))
