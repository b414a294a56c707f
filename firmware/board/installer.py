"""Takes an image into the slot that does not run, and puts it on trial.

An image goes file by file into that slot, which counts for nothing until all of it is there and reads back as its
manifest says. The power may go at any write before: the old version starts, and the half-written slot is written anew
next time.
"""

import hashlib
import os

from firmware import update
from firmware.board.boot import MANIFEST
from firmware.board.slots import Slots
from firmware.update import BadUpdate, Manifest

PART = 1_024


class Installer:
    """Takes one image, part by part. class_id, architecture: of this board (firmware/update.py).

    After BadUpdate or OSError it takes no more; what lies half-written is never started.
    """

    def __init__(self, slots: Slots, key: bytes, class_id: bytes, architecture: int) -> None:
        if slots.on_trial:
            raise BadUpdate("busy", "the version that runs is on trial itself")
        self._slots, self._key = slots, key
        self._class_id, self._architecture = class_id, architecture
        self._head = bytearray()
        self._manifest: Manifest | None = None
        self._sealed = b""
        self._folder = ""
        self._slot = ""
        self._index = self._written = 0

    def feed(self, part: bytes) -> bool:
        """The next bytes, as many as come. True: all is there, and is tried at the next start. BadUpdate, OSError."""
        if self._manifest is None:
            part = self._begin(part)
        if self._manifest is None:
            return False
        while part and self._index < len(self._manifest.files):
            part = self._write(part)
        self._skip_empty()
        if part:
            raise BadUpdate("size", "more than the manifest names")
        if self._index < len(self._manifest.files):
            return False
        self._finish()
        return True

    def _begin(self, part: bytes) -> bytes:
        """Gather length and manifest; comes back: what is left over for the files."""
        self._head.extend(part)
        if len(self._head) < 4:
            return b""
        end = 4 + int.from_bytes(self._head[:4], "big")
        if end > 4 + update.MAX_MANIFEST:
            raise BadUpdate("size", "a manifest of more than 8192 bytes")
        if len(self._head) < end:
            return b""
        self._sealed, rest = bytes(self._head[4:end]), bytes(self._head[end:])
        self._head = bytearray()
        manifest = update.open(self._sealed, self._key)
        update.check(manifest, self._class_id, sequence_of(self._slots, self._key), self._slots.state.floor)
        self._slot = self._slots.empty_other()
        self._folder = self._slots.root + "/" + self._slot
        _make(self._folder)
        self._manifest = manifest
        return rest

    def _write(self, part: bytes) -> bytes:
        """Into the file that is due; comes back: what belongs to the next."""
        self._skip_empty()
        if self._manifest is None or self._index == len(self._manifest.files):
            return part
        file = self._manifest.files[self._index]
        piece = part[: file.size - self._written]
        path = self._folder + "/" + file.path
        if self._written == 0:
            _make_all(self._folder, file.path)
        with open(path, "ab") as out:
            out.write(piece)
        self._written += len(piece)
        if self._written == file.size:
            self._next()
        return part[len(piece) :]

    def _skip_empty(self) -> None:
        """Files of no bytes are made without any coming."""
        while self._manifest is not None and self._index < len(self._manifest.files):
            file = self._manifest.files[self._index]
            if file.size:
                return
            _make_all(self._folder, file.path)
            with open(self._folder + "/" + file.path, "wb"):
                pass
            self._next()

    def _next(self) -> None:
        self._index += 1
        self._written = 0

    def _finish(self) -> None:
        """Read everything back, then put it on trial."""
        assert self._manifest is not None
        for file in self._manifest.files:
            head = verify(self._folder, file)
            update.check_code(file.path, head, self._architecture)
        with open(self._folder + MANIFEST, "wb") as out:
            out.write(self._sealed)
        self._slots.try_next(self._slot, self._manifest.sequence)


def sequence_of(slots: Slots, key: bytes) -> int:
    """That of the version that runs; 0 where it has no manifest of this fleet."""
    try:
        with open(slots.root + "/" + slots.running + MANIFEST, "rb") as file:
            return update.open(file.read(), key).sequence  # type: ignore[no-any-return]
    except (OSError, BadUpdate):
        return 0


def verify(folder: str, file: update.File) -> bytes:
    """The first four bytes of a file that is what its manifest says. BadUpdate `file` names one that is not."""
    digest, size, head = hashlib.sha256(), 0, b""
    try:
        with open(folder + "/" + file.path, "rb") as source:
            while True:
                part = source.read(PART)
                if not part:
                    break
                head = head or part[:4]
                size += len(part)
                digest.update(part)
    except OSError:
        raise BadUpdate("file", file.path + " is missing")
    if size != file.size or digest.digest() != file.sha256:
        raise BadUpdate("file", file.path + " is not what the manifest says")
    return head


def _make(folder: str) -> None:
    try:
        os.mkdir(folder)
    except OSError as error:
        if error.errno != 17:  # EEXIST
            raise


def _make_all(folder: str, path: str) -> None:
    """The folders above a file."""
    steps = path.split("/")[:-1]
    for n in range(len(steps)):
        _make(folder + "/" + "/".join(steps[: n + 1]))
