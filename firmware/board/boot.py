"""Runs first on a board, as /boot.py: chooses which of the two slots the application is imported from.

    /boot.py /main.py     never updated over the air: whatever comes after, these start
    /a/... /b/...         two versions of everything else, under the names of their sources, each with its manifest
    /slots.txt            which is good, which is on trial

A version on trial has TRIES starts to be marked good (firmware/board/slots.py). Each start is counted on flash before
it is made; when none is left, the good one is started, and stays. The file is written under another name and then
renamed, which LittleFS does whole or not at all (notes/micropython.md section 2.1). Where it is missing or damaged,
slots that have a manifest, which is written last, are whole: of two the first is put on trial before the second. Where
neither has one, the application lies beside this file, as on a bench.

This file imports nothing of ours, since neither slot may be needed for it. `decide`, `read`, `write` are pure.
"""

import hashlib
import os
import sys
from collections import namedtuple

SLOTS = ("a", "b")
STATE, MANIFEST = "/slots.txt", "/manifest"
TRIES = 3

State = namedtuple("State", ("good", "trial", "tries", "floor", "offered"))
"""good: the slot to fall back on, "" where there is none. trial: the slot that is tried, or "". tries: starts that it
has left. floor: highest sequence that was ever marked good. offered: that of the trial, also when it was given up."""


def decide(state: State) -> "tuple[str, State]":
    """The slot to start now, and the state that must be on flash before it is started."""
    if not state.trial:
        return state.good, state
    if state.tries > 0:
        return state.trial, State(state.good, state.trial, state.tries - 1, state.floor, state.offered)
    return state.good, State(state.good, "", 0, state.floor, state.offered)


def found(whole: "list[str]") -> State:
    """The state to go on from where none is known, but which slots are whole."""
    if len(whole) < 2:
        return State(whole[0] if whole else "", "", 0, 0, 0)
    return State(whole[1], whole[0], TRIES, 0, 0)


def write(state: State) -> str:
    """The text of a state."""
    body = " ".join(["soundpost-slots-1", state.good or "-", state.trial or "-"] + [str(n) for n in state[2:]])
    return body + " " + _sum(body) + "\n"


def read(text: str) -> "State | None":
    """The inverse of `write`; None for anything else."""
    words = text.split()
    if len(words) != 7 or words[0] != "soundpost-slots-1" or words[6] != _sum(" ".join(words[:6])):
        return None
    good, trial = [("" if word == "-" else word) for word in words[1:3]]
    if not all([slot in ("",) + SLOTS for slot in (good, trial)]) or good == trial:
        return None
    try:
        return State(good, trial, *[int(word) for word in words[3:6]])
    except ValueError:
        return None


def _sum(body: str) -> str:
    return "".join([f"{byte:02x}" for byte in hashlib.sha256(body.encode()).digest()[:4]])


def load(root: str) -> "State | None":
    """The state on the flash that is mounted at root ("" for /); None where it is missing or damaged."""
    try:
        with open(root + STATE) as file:
            return read(file.read())
    except (OSError, UnicodeError):
        return None


def save(root: str, state: State) -> None:
    """Durable on return, and until then the old one stands. Raises OSError."""
    with open(root + STATE + ".new", "w") as file:
        file.write(write(state))
    os.rename(root + STATE + ".new", root + STATE)


def choose(root: str) -> str:
    """The slot to start, counted; "" where there are no slots."""
    state = load(root)
    known = state or found([slot for slot in SLOTS if _is_there(root + "/" + slot + MANIFEST)])
    slot, after = decide(known)
    if after == state or not slot:
        return slot
    try:
        save(root, after)
    except OSError:  # a start that cannot be counted could be one for ever
        return known.good  # type: ignore[no-any-return]
    return slot


def _is_there(path: str) -> bool:
    try:
        os.stat(path)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    chosen = choose("")
    if chosen:
        sys.path.insert(0, "/" + chosen)
