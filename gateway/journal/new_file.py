"""A file that is there whole under its name, or not at all, and never in the place of another."""

import contextlib
import fcntl
import os
import pathlib
from collections.abc import Iterator

from gateway.journal.file import sync_folder

BESIDE = ("-journal", "-wal", "-shm")


@contextlib.contextmanager
def new_file(path: pathlib.Path) -> Iterator[pathlib.Path]:
    """Write to the path that this gives (`path`.part, empty, its owner's alone); in the end it is on the disk under its
    name. Where that fails nothing is left; after a kill the .part is, and the next one takes it over. Raises
    FileExistsError, or OSError naming what cannot be written."""
    if path.exists():
        raise FileExistsError(17, "is there already, and nothing is ever overwritten", str(path))
    part = path.with_name(f"{path.name}.part")
    with open(part, "ab", opener=lambda name, flags: os.open(name, flags, 0o600)) as claim:
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OSError(f"{path}: is being written by another just now") from None
        try:
            claim.truncate(0)
            _remove_beside(part)
            yield part
            os.fsync(claim.fileno())
            _publish(part, path)
        finally:
            _remove_beside(part)
            part.unlink(missing_ok=True)
    sync_folder(path)


def _publish(part: pathlib.Path, path: pathlib.Path) -> None:
    try:
        os.link(part, path)
    except FileExistsError:
        raise FileExistsError(17, "came to be there meanwhile, and nothing is ever overwritten", str(path)) from None
    except OSError:  # a medium without hard links
        if path.exists():
            raise FileExistsError(17, "is there already, and nothing is ever overwritten", str(path)) from None
        part.rename(path)


def _remove_beside(part: pathlib.Path) -> None:
    """What a database that was killed left: it would be taken for a part of the new one."""
    for ending in BESIDE:
        part.with_name(part.name + ending).unlink(missing_ok=True)
