"""The image that comes over the wire: it lies on flash as it comes, in one file, whose size says what is wanted next.

    /update.offer      what it is: sequence and size (4 bytes each, big-endian), SHA-256 of the whole
    /update.image      as much of it as is here
    /update.tried      as many bytes as installations of it were begun: one that ends the board is not begun for ever
    /update.refused    a release that was no good here, in the same bytes as its offer, and the reason, one byte

A part is appended and the file closed, which LittleFS makes durable whole or not at all (notes/micropython.md section
2.1); so a power cut costs one part, and after it the image goes on where it was. Nothing in it is looked at or believed
here: that is for firmware/board/installation.py at the next start, when the heap is empty.
"""

import os

from firmware.board.slots import Slots
from firmware.wire import GAVE_UP, GOOD, STAGES, TRIAL, WANTS, WHOLE, Part, Progress, Update

OFFER, IMAGE, TRIED, REFUSED = "/update.offer", "/update.image", "/update.tried", "/update.refused"
TRIES = 3
MAX_IMAGE = 393_216 + 8_196
"""Bytes: the files of firmware/update.py, their manifest and its length."""
OFFER_BYTES = 40


class Incoming:
    """slots: of this board. class_id: its own (firmware/device.py)."""

    def __init__(self, slots: Slots, class_id: bytes) -> None:
        self._slots, self._class_id = slots, class_id
        self._root = slots.root
        self._sequence = self._end = self._at = 0

    @property
    def is_whole(self) -> bool:
        """Whether all of an image is here, for the next start."""
        return 0 < self._end == self._at

    def offered(self, offer: Update) -> Progress:
        """A release is there: where this board stands with it."""
        stage = self._stage(offer)
        if stage is None:
            try:
                stage = self._begin(offer)
            except OSError:
                stage = STAGES.index("flash")
        return Progress(offer.sequence, self._at if stage in (WANTS, WHOLE) else 0, stage, self._slots.runs)

    def take(self, part: Part) -> "Progress | None":
        """The next part, and what is wanted then. None where it is not the one that is wanted."""
        end = part.offset + len(part.part)
        if part.sequence != self._sequence or part.offset != self._at or end > self._end:
            return None
        try:
            with open(self._root + IMAGE, "ab") as image:
                image.write(part.part)
        except OSError:
            self._sequence = self._end = 0
            return Progress(part.sequence, 0, STAGES.index("flash"), self._slots.runs)
        self._at = end
        return Progress(part.sequence, end, WHOLE if self.is_whole else WANTS, self._slots.runs)

    def _stage(self, offer: Update) -> "int | None":
        """Where it stands with a release that it is not to load; None for one that it is."""
        slots = self._slots
        checks = (
            (offer.class_id != self._class_id, "class"),
            (offer.sequence == slots.runs, STAGES[TRIAL if slots.on_trial else GOOD]),
            (offer.sequence <= max(slots.runs, slots.state.floor), "downgrade"),
            (offer.sequence == slots.gave_up, STAGES[GAVE_UP]),
            (offer.min_version > slots.runs, "version"),
            (slots.on_trial, "busy"),
            (offer.size_bytes > MAX_IMAGE, "size"),
        )
        for is_so, stage in checks:
            if is_so:
                return STAGES.index(stage)
        refused = _read(self._root + REFUSED)
        return refused[OFFER_BYTES] if refused[:OFFER_BYTES] == _row(offer) and len(refused) > OFFER_BYTES else None

    def _begin(self, offer: Update) -> int:
        """Go on with what is here of it, or begin anew."""
        if _read(self._root + OFFER) != _row(offer):
            clear(self._root)
            with open(self._root + OFFER, "wb") as file:
                file.write(_row(offer))
        if size_of(self._root, IMAGE) > offer.size_bytes:
            _remove(self._root + IMAGE)
        self._sequence, self._end, self._at = offer.sequence, offer.size_bytes, size_of(self._root, IMAGE)
        return WHOLE if self.is_whole else WANTS


def waits(slots: Slots) -> bool:
    """Whether a whole image waits to be installed. What was tried already, or is on trial, goes. Raises OSError."""
    offer = _read(slots.root + OFFER)
    if len(offer) != OFFER_BYTES or not slots.running:
        return False
    sequence, size = int.from_bytes(offer[:4], "big"), int.from_bytes(offer[4:8], "big")
    if slots.on_trial or sequence in (slots.runs, slots.gave_up):
        clear(slots.root)
        return False
    if size_of(slots.root, IMAGE) != size:
        return False
    if size_of(slots.root, TRIED) >= TRIES:
        refuse(slots.root, "flash")
        return False
    with open(slots.root + TRIED, "ab") as file:
        file.write(b"x")
    return True


def refuse(root: str, reason: str) -> None:
    """What waits is no good, for this reason of wire.STAGES, and goes. Raises OSError."""
    with open(root + REFUSED, "wb") as file:
        file.write(_read(root + OFFER) + bytes([STAGES.index(reason)]))
    clear(root)


def clear(root: str) -> None:
    """No image waits, whole or not. Raises OSError."""
    for name in (OFFER, IMAGE, TRIED):
        _remove(root + name)


def size_of(root: str, name: str) -> int:
    """Bytes of this file; 0 where it is not there."""
    try:
        return os.stat(root + name)[6]
    except OSError:
        return 0


def _row(offer: Update) -> bytes:
    return offer.sequence.to_bytes(4, "big") + offer.size_bytes.to_bytes(4, "big") + offer.sha256  # type: ignore


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def _remove(path: str) -> None:
    try:
        os.remove(path)
    except OSError as error:
        if error.errno != 2:  # ENOENT
            raise
