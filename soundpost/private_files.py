"""Files that only their owner may read, written whole or not at all: a full disk leaves everything as it was."""

import contextlib
import fcntl
import os
import pathlib
from collections.abc import Collection, Iterator, Mapping, Sequence

PART = ".part"
BEFORE = ".before"
"""Beside a file, while it is changed: what it will be, and what it was."""


def write_private(folder: pathlib.Path, texts: Mapping[str, str], instead: Collection[str] = ()) -> None:
    """Files in a folder that is there, name -> text, mode 0600, all of them or none. They get their names in the order
    given, each at once. instead : those that may stand in place of what is there; such a file keeps its owner, and
    where a link leads. Raises OSError naming the file; FileExistsError for one that is there already, and says so where
    it is empty."""
    for name in texts:
        if name not in instead:
            _check_new(folder / name)
    made: list[pathlib.Path] = []
    undo: list[tuple[pathlib.Path, pathlib.Path]] = []
    try:
        targets = {}
        for name, text in texts.items():
            target = targets[name] = (folder / name).resolve()
            if target.exists():
                _write(_beside(target, BEFORE, made), target.read_bytes(), target)
            _write(_beside(target, PART, made), text.encode(), target)
        for name in texts:
            _beside(targets[name], PART).rename(targets[name])
            undo.append((_beside(targets[name], BEFORE), targets[name]))
    except OSError as error:
        why = f"{error.strerror}; {_put_back(undo)}"
        raise OSError(error.errno, why, str(folder / name)) from error
    finally:
        for path in made:
            with contextlib.suppress(OSError):
                path.unlink()
    for parent in {target.parent for target in targets.values()}:
        _sync(parent)


def _beside(target: pathlib.Path, ending: str, made: list[pathlib.Path] | None = None) -> pathlib.Path:
    """On the target's own file system, so that it can take its name. made : notes it, to be cleared away."""
    path = target.with_name(target.name + ending)
    if made is not None:
        made.append(path)
    return path


def _put_back(undo: Sequence[tuple[pathlib.Path, pathlib.Path]]) -> str:
    """What stood there before, or nothing where nothing did. Comes back: how it went, in words."""
    lost = []
    for before, target in reversed(undo):
        try:
            if before.exists():
                before.rename(target)
            else:
                target.unlink()
        except OSError:
            lost.append(target)
    return f"and what was written cannot be taken back: {', '.join(map(str, lost))}" if lost else "nothing was written"


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


def _write(part: pathlib.Path, text: bytes, like: pathlib.Path) -> None:
    """On the disk when it returns, with the owner of the file that it will replace. What an earlier run left under
    this name goes."""
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
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
