"""The two slots of a board: which one runs, and which one stays.

One rename puts a slot on trial (firmware/board/boot.py, of which each slot carries a copy for this); the power may go
before it or after, and the old version or the new one is started. What fills a slot is firmware/board/installer.py.
"""

import os

from firmware.board import boot
from firmware.board.boot import MANIFEST, SLOTS, State


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

    @property
    def runs(self) -> int:
        """The sequence of the version that runs; 0 where it is not known."""
        return self.state.offered if self.on_trial else self.state.floor  # type: ignore[no-any-return]

    @property
    def gave_up(self) -> int:
        """The sequence of the version that was tried last and did not stay; 0 where the last one did."""
        return 0 if self.state.trial else self.state.offered

    def mark_good(self) -> None:
        """The version that runs stays. Raises OSError."""
        if self.on_trial:
            self._save(State(self.running, "", 0, max(self.state.floor, self.state.offered), 0))

    def give_up(self) -> None:
        """The version that runs goes, at the next start. Raises OSError."""
        if self.on_trial:
            self._save(State(self.state.good, "", 0, self.state.floor, self.state.offered))

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


def running(path: "list[str]") -> str:
    """The slot that modules come from, by sys.path; "" where they come from none."""
    return path[0][1:] if path and path[0] in ["/" + slot for slot in SLOTS] else ""


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
