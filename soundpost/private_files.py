"""Files that only their owner may read, written whole or not at all: a full disk leaves everything as it was."""

import contextlib
import fcntl
import os
import pathlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from soundpost.cut_runs import BEFORE, PART, TIDY, UNDO, Cut, beside, listed, recover, sync


def write_private(
    folder: pathlib.Path, texts: Mapping[str, str], instead: Collection[str] = (), gone: Collection[str] = ()
) -> None:
    """Files in a folder that is there, name -> text, mode 0600, all of them or none. They get their names in the order
    given, each at once. instead : those that may stand in place of what is there; such a file keeps its owner, and
    where a link leads. gone : those that go then, where they are there. A run that is cut is undone by the next one:
    whoever may not be alone holds `locked`. Raises OSError naming the file; FileExistsError for one that is there
    already, and says so where it is empty."""
    recover(folder)
    for name in texts:
        if name not in instead:
            _check_new(folder / name)
    cut = _planned(folder, texts, gone)
    step = _Step(folder, folder)
    try:
        _change(step, texts, cut)
    except OSError as error:
        raise OSError(error.errno, f"{error.strerror}; {_taken_back(folder)}", str(step.at)) from error
    finally:
        with contextlib.suppress(OSError):
            recover(folder)


@dataclass(slots=True)
class _Step:
    """Of a change: at which file it is."""

    folder: pathlib.Path
    at: pathlib.Path


def _planned(folder: pathlib.Path, texts: Mapping[str, str], gone: Collection[str]) -> Cut:
    """What will be done: a file that goes is not written first, and of a folder nothing goes."""
    goes = [name for name in dict.fromkeys(gone) if (folder / name).is_file() or (folder / name).is_symlink()]
    written = [name for name in texts if name not in gone]
    within = {each for name in written for each in (folder / name).parents if each.is_relative_to(folder)}
    return Cut(
        other=[name for name in written if (folder / name).exists()],
        new=[name for name in written if not (folder / name).exists()],
        gone=goes,
        folders=[each.relative_to(folder).as_posix() for each in sorted(within) if not each.exists()],
    )


def _change(step: _Step, texts: Mapping[str, str], cut: Cut) -> None:
    folder, written = step.folder, [name for name in texts if name in {*cut.other, *cut.new}]
    _begin(folder, cut)
    for name in cut.folders:
        (folder / name).mkdir(mode=0o700)
    for name in written:
        step.at = folder / name
        target = step.at.resolve()
        if name in cut.other:
            _write(beside(target, BEFORE), target.read_bytes(), target)
        _write(beside(target, PART), texts[name].encode(), target)
    for name in cut.gone:
        step.at = folder / name
        beside(step.at, BEFORE).unlink(missing_ok=True)  # or it would be put back over what has not gone yet
    sync(folder, [*written, *cut.gone])
    (folder / TIDY).rename(folder / UNDO)
    sync(folder, [])
    for name in written:
        step.at = folder / name
        beside(step.at.resolve(), PART).rename(step.at.resolve())
    for name in cut.gone:
        step.at = folder / name
        step.at.rename(beside(step.at, BEFORE))
    sync(folder, [*written, *cut.gone])
    (folder / UNDO).rename(folder / TIDY)


def _begin(folder: pathlib.Path, cut: Cut) -> None:
    part = beside(folder / TIDY, PART)
    try:
        _write(part, listed(cut), part)
        part.rename(folder / TIDY)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink()
        raise


def _taken_back(folder: pathlib.Path) -> str:
    """How it went, in words."""
    try:
        recover(folder)
    except OSError as error:
        return f"and {error}; the next run tries again"
    return "nothing was written"


@contextlib.contextmanager
def locked(folder: pathlib.Path) -> Iterator[bool]:
    """Nobody else changes this folder's files in here meanwhile, and what a run that was cut left of them is ended.
    Gives whether files were put back. Raises OSError where there is no such folder."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield recover(folder)
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
