"""The two slots of a board: takes an image into the one that does not run, and says which one stays.

An image goes file by file into the slot that does not run, which counts for nothing until all of it is there and
reads back as its manifest says. Then one rename puts it on trial (firmware/boot.py, of which each slot carries a copy
for this). The power may go at any write before: the old version starts, and the half-written slot is written anew next
time. It may go at any after: the new one is tried.
"""

import hashlib
import os

from firmware import boot, update
from firmware.boot import MANIFEST, SLOTS, State
from firmware.update import BadUpdate, Manifest

PART = 1_024


class Slots:
    """root: where the flash is mounted ("" for /). running: the slot that runs, "" where none does."""

    def __init__(self, root: str, running: str) -> None:
        self.root = root
        self.running = running
        self.state = boot.load(root) or State(running, "", 0, 0, 0)

    @property
    def on_trial(self) -> bool:
        """Whether the version that runs has still to show that it may stay."""
        return bool(self.state.trial) and self.state.trial == self.running

    def sequence(self, key: bytes) -> int:
        """That of the version that runs; 0 where it has no manifest of this fleet."""
        try:
            with open(self.root + "/" + self.running + MANIFEST, "rb") as file:
                return update.open(file.read(), key).sequence  # type: ignore[no-any-return]
        except (OSError, BadUpdate):
            return 0

    def mark_good(self) -> None:
        """The version that runs stays. Raises OSError."""
        if self.on_trial:
            self._save(State(self.running, "", 0, max(self.state.floor, self.state.offered), 0))

    def give_up(self) -> None:
        """The version that runs goes, at the next start. Raises OSError."""
        if self.on_trial:
            self._save(State(self.state.good, "", 0, self.state.floor, 0))

    def empty_other(self) -> str:
        """The slot that does not run, with nothing in it that could be started. Raises OSError."""
        other = SLOTS[1] if self.running == SLOTS[0] else SLOTS[0]
        if self.state.trial:
            self._save(State(self.state.good, "", 0, self.state.floor, 0))
        _remove(self.root + "/" + other)
        return other

    def try_next(self, slot: str, sequence: int) -> None:
        """Start this slot next time, on trial. Raises OSError."""
        self._save(State(self.running, slot, boot.TRIES, self.state.floor, sequence))

    def _save(self, state: State) -> None:
        boot.save(self.root, state)
        self.state = state


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
        update.check(manifest, self._class_id, self._slots.sequence(self._key), self._slots.state.floor)
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


def _remove(path: str) -> None:
    """The folder and all below it, its manifest first; nothing where it is not there."""
    try:
        names = os.listdir(path)
    except OSError:
        return
    for name in sorted(names, key=lambda name: name != MANIFEST[1:]):
        below = path + "/" + name
        if os.stat(below)[0] & 0x4000:
            _remove(below)
        else:
            os.remove(below)
    os.rmdir(path)


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
