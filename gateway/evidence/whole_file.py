"""Files that are there whole or not at all, for their owner only: written beside under another name, brought to the
disk, then given their own. What a kill leaves beside is no file of ours, and is cleared away at the next start."""

import contextlib
import os
import pathlib
from collections.abc import Callable, Iterator
from typing import IO

PART = ".part"


class Draft:
    """A file that is being written. Raises OSError naming it where the disk takes nothing."""

    def __init__(self, path: pathlib.Path) -> None:
        self._path, self._part = path, path.with_name(path.name + PART)
        with named(path):
            self._part.unlink(missing_ok=True)
            descriptor = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self.file: IO[bytes] = os.fdopen(descriptor, "wb")

    def keep(self) -> None:
        """It is whole: on the disk, under its name, on return."""
        with named(self._path):
            self.file.flush()
            os.fsync(self.file.fileno())
            self.file.close()
            self._part.rename(self._path)
            sync_folder(self._path.parent)

    def drop(self) -> None:
        """It is not to be: nothing stays of it."""
        with contextlib.suppress(OSError, ValueError):
            self.file.close()
        with contextlib.suppress(OSError):
            self._part.unlink(missing_ok=True)


def write_whole(path: pathlib.Path, fill: Callable[[IO[bytes]], None]) -> None:
    """A file by what fills it; nothing stays where that fails. Raises OSError naming the file, and what `fill` does."""
    draft = Draft(path)
    try:
        with named(path):
            fill(draft.file)
        draft.keep()
    except BaseException:
        draft.drop()
        raise


@contextlib.contextmanager
def named(path: pathlib.Path) -> Iterator[None]:
    """An OSError in here names this file, as the disk's own words."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error


def sync_folder(folder: pathlib.Path) -> None:
    """Its names, too, are on the disk. A file system that cannot do this for a folder has the files all the same."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
