"""An incident's files, decrypted, into a new folder: each whole and with the hash that the journal has of it, or not at
all. What cannot be given keeps back nothing else: it is named, and about.json says what is missing and why.
"""

import contextlib
import hashlib
import json
import os
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gateway.evidence.shelf import About, Entry, Shelf
from soundpost.private_files import write_private
from soundpost.terminal import one_line


def new_folder(out: pathlib.Path, write_down: Callable[[], None]) -> None:
    """Make the folder, and have the access written down once there is one. Raises OSError naming the folder; where the
    access is not written down there is none."""
    out.mkdir(mode=0o700)
    try:
        write_down()
    except BaseException:
        with contextlib.suppress(OSError):
            out.rmdir()
        raise


def export(
    shelf: Shelf, about: About, hashes: Mapping[str, str], by: str, out: pathlib.Path
) -> tuple[int, Sequence[str]]:
    """Fill the folder. hashes : by file, of the journal. Comes back: how many files are there, and why each of the
    others is not. Raises OSError naming about.json where that cannot be written."""
    told: list[dict[str, Any]] = []
    missing: list[dict[str, Any]] = []
    for entry in sorted(about.files.values(), key=lambda entry: (entry.from_us, entry.name)):
        record = {"file": entry.name, "camera": entry.camera, "from_us": entry.from_us, "until_us": entry.until_us}
        try:
            if hashes.get(entry.name, entry.sha256) != entry.sha256:
                raise ValueError(f"{entry.name}: the journal has another hash of it: it is not what was kept")
            _copy(shelf, about.incident, entry, out / entry.name)
        except (OSError, ValueError) as error:
            missing.append({**record, "why": _why(entry, error, out)})
        else:
            told.append({**record, "sha256": entry.sha256, "journal": known(entry, hashes)})
    text = {"incident": about.incident, "verdict": about.verdict, "by": by, "files": told, "missing": missing}
    write_private(out, {"about.json": json.dumps(text, indent=1) + "\n"})
    return len(told), [each["why"] for each in missing]


def known(entry: Entry, hashes: Mapping[str, str]) -> str:
    """What the journal says of a file."""
    if entry.name not in hashes:
        return "not in the journal yet"
    return "as in the journal" if hashes[entry.name] == entry.sha256 else "NOT AS IN THE JOURNAL"


def _why(entry: Entry, error: Exception, out: pathlib.Path) -> str:
    """What is wrong, naming the file: a full disk does not say of what."""
    if isinstance(error, OSError) and error.filename is None:
        return f"{out / entry.name}: {error.strerror or error}"
    words = one_line(error)
    return words if entry.name in words else f"{entry.name}: {words}"


def _copy(shelf: Shelf, incident: str, entry: Entry, path: pathlib.Path) -> None:
    hashed = hashlib.sha256()
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            for block in shelf.read(incident, entry.name):
                hashed.update(block)
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
        if hashed.hexdigest() != entry.sha256:
            raise ValueError(f"{entry.name}: is not what was kept: its hash is another")
    except (OSError, ValueError):
        path.unlink(missing_ok=True)
        raise
