"""Where a board keeps what its gateway has not acknowledged: files on its flash that survive a power cut at any write.

The same calls as firmware/linux/spool.py, but frames stay on flash: `saved` has None for them, `frame_of` reads one.
Records are appended to segments of about SEGMENT bytes, one flash block on both chips, so that small records share a
block; a segment goes when nothing in it is wanted any more:

    magic (1 byte) | length | boot | sequence (each 4 bytes, big-endian) | is_health (1 byte) | frame | check (4 bytes)

The check is the start of a SHA-256 over all before it. LittleFS makes an append whole at close or not at all
(notes/micropython.md section 2.1); where a file ends in a piece all the same, what comes before it is kept. Every run
writes segments of its own. `forget` writes nothing until a whole segment goes: what is kept too long is only sent and
acked again (firmware/node.py). When there are MOST segments, what is still wanted of the oldest is written anew behind
the newest, and the oldest goes.

The boot number is durable before it is used.
"""

import hashlib
import os

from firmware.outbox import Saved

SEGMENT, MOST = 4_096, 256
"""Bytes, and segments: at most 1 MB of flash."""
UNKEPT = 2
"""Frames that the flash would not take, the newest of them in memory."""
MAGIC, HEAD, CHECK = 0x5A, 14, 4
LONGEST = 4_096
BOOT = "/boot.txt"


class FlashSpool:
    """folder: on the flash, made if it is not there. boot: the number of this run. saved: what earlier runs left,
    oldest first, without frames. Raises OSError where the flash cannot be written."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        _make(folder)
        self.boot = _next_boot(folder)
        self._wanted: dict[int, set[tuple[int, int]]] = {}  # segment -> what is in it that is not forgotten
        self._size = SEGMENT
        self._unkept: list[Saved] = []
        records: dict[tuple[int, int], Saved] = {}
        for number in sorted([int(name[1:]) for name in os.listdir(folder) if _is_segment(name)]):
            self._wanted[number] = set()
            for saved in read_records(self._path(number)):
                records[saved.boot, saved.sequence] = Saved(saved.boot, saved.sequence, saved.is_health, None)
                self._wanted[number].add((saved.boot, saved.sequence))
        self._number = max(self._wanted, default=0)
        self._drop_empty()
        self.saved = tuple([records[key] for key in sorted(records)])

    def keep(self, saved: Saved) -> None:
        """Durable on return. Raises OSError; then this record may not be kept, and the others are."""
        if len(saved.frame) > LONGEST:
            raise ValueError("a frame must have at most 4096 bytes")
        self._unkept = (self._unkept + [saved])[-UNKEPT:]
        self._append(saved)
        self._unkept.pop()
        if len(self._wanted) > MOST:
            self._renew(min(self._wanted))

    def forget(self, keys: "list[tuple[int, int]]") -> None:
        """These (boot, sequence) are acknowledged or given up. Raises OSError."""
        gone = set(keys)
        self._unkept = [saved for saved in self._unkept if (saved.boot, saved.sequence) not in gone]
        for number in self._wanted:
            self._wanted[number] = self._wanted[number] - gone
        self._drop_empty()

    def frame_of(self, boot: int, sequence: int) -> "bytes | None":
        """The frame of a record; None where it is not here, or can no longer be read."""
        for saved in self._unkept:
            if (saved.boot, saved.sequence) == (boot, sequence):
                return saved.frame  # type: ignore[no-any-return]
        for number in self._wanted:
            if (boot, sequence) in self._wanted[number]:
                for saved in read_records(self._path(number), (boot, sequence)):
                    return saved.frame  # type: ignore[no-any-return]
        return None

    def _append(self, saved: Saved) -> None:
        parts = record(saved)
        n_bytes = sum([len(part) for part in parts])
        if self._size + n_bytes > SEGMENT:
            self._number, self._size = self._number + 1, 0
        wanted = self._wanted.setdefault(self._number, set())
        size, self._size = self._size, SEGMENT  # a write that fails may leave a piece: the next begins another segment
        with open(self._path(self._number), "ab") as file:
            for part in parts:
                file.write(part)
        self._size = size + n_bytes
        wanted.add((saved.boot, saved.sequence))

    def _renew(self, number: int) -> None:
        """What is wanted of a segment goes to the end first, and then the segment goes."""
        wanted = self._wanted[number]
        for saved in read_records(self._path(number)):
            if (saved.boot, saved.sequence) in wanted:
                self._append(saved)
        self._wanted[number] = set()
        self._drop_empty()

    def _drop_empty(self) -> None:
        for number in sorted([number for number in self._wanted if not self._wanted[number]]):
            if number == self._number:
                self._size = SEGMENT  # the next record begins another
            if _is_there(self._path(number)):
                os.remove(self._path(number))
            del self._wanted[number]

    def _path(self, number: int) -> str:
        return self.folder + "/s" + str(number)


def record(saved: Saved) -> "tuple[bytes, bytes, bytes]":
    """The bytes of a record, as three parts: a board has no room to put them together."""
    head = bytes([MAGIC]) + b"".join([n.to_bytes(4, "big") for n in (len(saved.frame), saved.boot, saved.sequence)])
    head = head + bytes([1 if saved.is_health else 0])
    digest = hashlib.sha256(head)
    digest.update(saved.frame)
    return head, saved.frame, digest.digest()[:CHECK]


def read_records(path: str, only: "tuple[int, int] | None" = None):  # type: ignore[no-untyped-def]
    """Each whole record of a segment, up to the first that is none; or that of one (boot, sequence) only."""
    with open(path, "rb") as file:
        while True:
            head = file.read(HEAD)
            if len(head) < HEAD or head[0] != MAGIC:
                return
            length, boot, sequence = [int.from_bytes(head[i : i + 4], "big") for i in (1, 5, 9)]
            if length > LONGEST:
                return
            if only is not None and only != (boot, sequence):
                file.seek(length + CHECK, 1)
                continue
            frame, check = file.read(length), file.read(CHECK)
            digest = hashlib.sha256(head)
            digest.update(frame)
            if len(frame) < length or digest.digest()[:CHECK] != check:
                return
            yield Saved(boot, sequence, head[13] == 1, frame)


def _next_boot(folder: str) -> int:
    """One more than the last, or than any random one where there is none to go on from."""
    try:
        with open(folder + BOOT) as file:
            boot = int(file.read()) + 1
    except (OSError, ValueError):
        boot = int.from_bytes(os.urandom(4), "big") >> 2
    with open(folder + BOOT + ".new", "w") as file:
        file.write(str(boot))
    os.rename(folder + BOOT + ".new", folder + BOOT)
    return boot


def _is_segment(name: str) -> bool:
    return name[:1] == "s" and name[1:].isdigit()


def _is_there(path: str) -> bool:
    try:
        os.stat(path)
    except OSError:
        return False
    return True


def _make(folder: str) -> None:
    try:
        os.mkdir(folder)
    except OSError as error:
        if error.errno != 17:  # EEXIST
            raise
