"""A file that is there whole under its name, or not at all, and never in the place of another."""

import contextlib
import errno
import fcntl
import os
import pathlib
import stat
from collections.abc import Iterator

from gateway.journal.file import sync_folder

NOT_OURS = "{}: is a link, or not a file of your own, and is not written to; look at what it is, and take it away"
BESIDE = ("-journal", "-wal", "-shm")


@contextlib.contextmanager
def new_file(path: pathlib.Path) -> Iterator[pathlib.Path]:
    """Write to the path that this gives (`path`.part, empty, its owner's alone); in the end it is on the disk under its
    name. Where that fails nothing is left; after a kill the .part is, and the next one takes it over, if it is this
    user's own and no link. Raises FileExistsError, or OSError naming what cannot be written."""
    if path.exists():
        raise FileExistsError(17, "is there already, and nothing is ever overwritten", str(path))
    part = path.with_name(f"{path.name}.part")
    with open(part, "ab", opener=_opened) as claim:
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


def _opened(part: str, flags: int) -> int:
    """Never through a link, nor waiting for who reads a pipe. Raises OSError naming what is not a file of this user
    alone under this name alone: it would be emptied, and it may be somebody's, or a backup's under another name."""
    with contextlib.suppress(FileExistsError):
        return os.open(part, flags | os.O_EXCL | os.O_NOFOLLOW, 0o600)  # ours, whoever a stick or a share says it is
    try:
        descriptor = os.open(part, flags | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):
            raise OSError(NOT_OURS.format(part)) from None
        raise
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_nlink != 1:
        os.close(descriptor)
        raise OSError(NOT_OURS.format(part))
    os.fchmod(descriptor, 0o600)
    return descriptor


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
