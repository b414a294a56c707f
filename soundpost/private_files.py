"""Files that only their owner may read, written whole or not at all: a full disk leaves everything as it was."""

import contextlib
import fcntl
import os
import pathlib
from collections.abc import Collection, Iterator, Mapping

PART = ".part"


def write_private(folder: pathlib.Path, texts: Mapping[str, str], instead: Collection[str] = ()) -> None:
    """Files in a folder that is there, name -> text, mode 0600, all of them or none. They get their names in the order
    given, each at once. instead : those that may stand in place of what is there; such a file keeps its owner, and
    where a link leads. Raises OSError naming the file; FileExistsError for one that is there already, and says so where
    it is empty."""
    for name in texts:
        if name not in instead:
            _check_new(folder / name)
    parts: list[pathlib.Path] = []
    new: list[pathlib.Path] = []
    try:
        for name, text in texts.items():
            parts.append(folder / (name + PART))
            _write(parts[-1], text, folder / name)
        for name in texts:
            new += [] if (folder / name).exists() else [folder / name]
            parts[0].rename((folder / name).resolve())
            parts.pop(0)
    except OSError as error:
        for path in (*parts, *new):
            with contextlib.suppress(OSError):
                path.unlink()
        why = f"{error.strerror}; nothing was written"
        raise OSError(error.errno, why, str(folder / name)) from error
    _sync(folder)


@contextlib.contextmanager
def locked(folder: pathlib.Path) -> Iterator[None]:
    """Nobody else changes this folder's files in here meanwhile. Raises OSError where there is none."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _check_new(path: pathlib.Path) -> None:
    if path.exists():
        empty = path.is_file() and path.stat().st_size == 0
        why = "is empty, left by a run that failed; remove it" if empty else "is there already; move it away"
        raise FileExistsError(f"{path}: {why}, or give another --out")


def _write(part: pathlib.Path, text: str, like: pathlib.Path) -> None:
    """On the disk when it returns, with the owner of the file that it will replace. What an earlier run left under
    this name goes."""
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        if like.exists():
            owner = like.stat()
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
        os.fsync(descriptor)


def _sync(folder: pathlib.Path) -> None:
    """The names, too. A file system that cannot do this for a folder has the files all the same."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
