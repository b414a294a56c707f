"""What must lie on a board's flash, and the steps from what lies there to that. Pure.

Whatever step the cable is pulled at, the board starts nothing that is half-written: while a slot's files are not all
right, neither its manifest nor slots.txt is there (firmware/board/boot.py); its manifest is written when they are,
slots.txt last of all. What is right already is not written again, so a second run goes on where the first was cut off.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from firmware.board import boot
from firmware.board.boot import MANIFEST, SLOTS, STATE, State
from firmware.workshop.release import Release

SLOT = "/" + SLOTS[0]
KEYS = ("/node.key", "/broker.key", "/network.key", "/update.key")
OURS = ("/boot.py", "/main.py", "/node.json", "/pole.json", STATE, *KEYS)


@dataclass(frozen=True, slots=True)
class Step:
    """content : what to write at this path; None: take it away."""

    path: str
    content: bytes | None


def wanted(release: Release, beside: Mapping[str, bytes], identity: Mapping[str, bytes]) -> dict[str, bytes]:
    """Path -> bytes of all that must be there, in the order in which it is written."""
    state = State(SLOTS[0], "", 0, release.manifest.sequence, 0)
    return {
        **{f"{SLOT}/{path}": content for path, content in release.contents.items()},
        SLOT + MANIFEST: release.sealed,
        **beside,
        **identity,
        STATE: boot.write(state).encode(),
    }


def is_ours(path: str) -> bool:
    """Whether it is for us to say what lies there: the slots, boot and identity, not what the node keeps."""
    return path.removesuffix(".new") in OURS or path.startswith(tuple(f"/{slot}/" for slot in SLOTS))


def steps(there: Mapping[str, str], due: Mapping[str, bytes]) -> list[Step]:
    """there : path -> SHA-256 in hexadecimal digits of every file on the flash. due : of `wanted`."""
    wrong = {path for path, content in due.items() if there.get(path) != digest(content)}
    extra = sorted(path for path in there if is_ours(path) and path not in due)
    slot_wrong = any(path.startswith(SLOT + "/") for path in (*wrong, *extra))
    first = [path for path in (STATE, SLOT + MANIFEST) if slot_wrong and path in there]
    wrong |= set(first)
    return [
        *(Step(path, None) for path in first),
        *(Step(path, None) for path in extra),
        *(Step(path, content) for path, content in due.items() if path in wrong),
    ]


def differences(there: Mapping[str, str], due: Mapping[str, bytes]) -> list[str]:
    """What is not as it must be, a few words each, in the order of `due`."""
    missing = [f"{path} is missing" for path in due if path not in there]
    other = [
        f"{path} is another" for path, content in due.items() if there.get(path, digest(content)) != digest(content)
    ]
    extra = [f"{path} should not be there" for path in sorted(there) if is_ours(path) and path not in due]
    return missing + other + extra


def digest(content: bytes) -> str:
    """SHA-256 in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()
