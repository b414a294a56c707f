"""Files that only their owner may read, written whole or not at all: a full disk leaves nothing behind."""

import contextlib
import os
import pathlib
from collections.abc import Mapping

PART = ".part"


def write_private(folder: pathlib.Path, texts: Mapping[str, str]) -> None:
    """New files in a folder that is there, name -> text, mode 0600, all of them or none. Raises OSError naming the
    file; FileExistsError for one that is there already, and says so where it is empty."""
    there = [folder / name for name in texts if (folder / name).exists()]
    if there:
        empty = there[0].is_file() and there[0].stat().st_size == 0
        why = "is empty, left by a run that failed; remove it" if empty else "is there already; move it away"
        raise FileExistsError(f"{there[0]}: {why}, or give another --out")
    made: list[pathlib.Path] = []
    try:
        for name, text in texts.items():
            made.append(folder / (name + PART))
            _write(made[-1], text)
        for i, part in enumerate(made):
            made[i] = part.rename(part.with_name(part.name.removesuffix(PART)))
    except OSError as error:
        for path in made:
            with contextlib.suppress(OSError):
                path.unlink()
        raise OSError(
            error.errno, f"{error.strerror}; nothing was written", str(made[-1]).removesuffix(PART)
        ) from error
    _sync(folder)


def _write(path: pathlib.Path, text: str) -> None:
    """On the disk when it returns. What an earlier run left under this name goes."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)


def _sync(folder: pathlib.Path) -> None:
    """The names, too. A file system that cannot do this for a folder has the files all the same."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
