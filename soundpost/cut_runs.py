"""What a run that changes several files leaves for the next one, should it be cut: a list of them, beside them.

The list has two names, one after the other. While it is called TIDY, what stands there is good, as it was or as it will
be, and only copies are cleared away. Between the first file that changes and the last it is called UNDO: then each is
put back first. A rename is one step for every process (POSIX.1-2017 rename), so a cut run is whole or undone.
"""

import contextlib
import json
import os
import pathlib
from dataclasses import asdict, dataclass

PART = ".part"
BEFORE = ".before"
"""Beside a file, while it is changed: what it will be, and what it was."""
TIDY, UNDO = ".change.tidy", ".change.undo"


@dataclass(frozen=True, slots=True)
class Cut:
    """A change by paths from its folder. other : files that are there and will be otherwise. new : that come. gone :
    that go. folders : that come."""

    other: list[str]
    new: list[str]
    gone: list[str]
    folders: list[str]


def beside(target: pathlib.Path, ending: str) -> pathlib.Path:
    """On the target's own file system, so that it can take its name."""
    return target.with_name(target.name + ending)


def recover(folder: pathlib.Path) -> bool:
    """End what an earlier change left half done, or this one. True : files were put back. Raises OSError naming those
    that cannot be, ValueError for a list that is damaged."""
    undone = (folder / UNDO).exists()
    if undone:
        _put_back(folder, _read(folder / UNDO))
        (folder / UNDO).rename(folder / TIDY)
    if (folder / TIDY).exists():
        sync(folder, [])  # its name, before the copies go that UNDO would ask for
        _clear(folder, _read(folder / TIDY))
    return undone


def _read(path: pathlib.Path) -> Cut:
    try:
        cut = Cut(**json.loads(path.read_text("utf-8")))
        names = [*cut.other, *cut.new, *cut.gone, *cut.folders]
        is_good = all(isinstance(each, str) and _is_within(each) for each in names)
    except (ValueError, TypeError):
        is_good = False
    if not is_good:
        raise ValueError(f"{path}: is damaged, and a run was cut; take the folder from a backup")
    return cut


def _is_within(name: str) -> bool:
    path = pathlib.PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts


def _put_back(folder: pathlib.Path, cut: Cut) -> None:
    """What stood there before, or nothing where nothing did. May be done again."""
    lost = []
    for name in reversed([*cut.other, *cut.new, *cut.gone]):
        target = folder / name if name in cut.gone else (folder / name).resolve()
        try:
            if name in cut.new:
                target.unlink(missing_ok=True)
            elif (before := beside(target, BEFORE)).exists() or before.is_symlink():
                before.rename(target)
        except OSError:
            lost.append(target)
    if lost:
        raise OSError(f"what was written cannot be taken back: {', '.join(map(str, lost))}")
    sync(folder, [*cut.other, *cut.new, *cut.gone])


def _clear(folder: pathlib.Path, cut: Cut) -> None:
    """Copies, folders that are empty, and at last the list. What cannot be cleared stays in it for the next run."""
    targets = [(folder / name).resolve() for name in (*cut.other, *cut.new)] + [folder / name for name in cut.gone]
    with contextlib.suppress(OSError):
        for target in targets:
            beside(target, BEFORE).unlink(missing_ok=True)
            beside(target, PART).unlink(missing_ok=True)
        for made in [*reversed(cut.folders), *dict.fromkeys(str(pathlib.PurePath(name).parent) for name in cut.gone)]:
            with contextlib.suppress(OSError):
                (folder / made).rmdir()  # only where nothing is left in it
        (folder / TIDY).unlink()


def listed(cut: Cut) -> bytes:
    """The list as it is written."""
    return json.dumps(asdict(cut)).encode()


def sync(folder: pathlib.Path, names: list[str]) -> None:
    """The names of files, and of the list. A file system that cannot do this for a folder has them all the same."""
    for parent in {folder, *((folder / name).resolve().parent for name in names)}:
        with contextlib.suppress(OSError):
            descriptor = os.open(parent, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
