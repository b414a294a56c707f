"""Folders of pages: each appears whole or not at all, and replaces nothing but a former report of the same kind."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path


def check(folder: Path, mark: str) -> None:
    """Raises ValueError where a report must not go: a file, or a folder that holds something else; OSError where none
    can be written.

    mark : what stands near the beginning of the index.html of a former report.
    """
    if folder.exists() and not (folder.is_dir() and _may_go(folder, mark)):
        raise ValueError(f"{folder}: is there and is no former report; name an empty or a new folder")
    check_writable(folder.absolute().parent)


def check_writable(folder: Path) -> None:
    """Raises OSError naming it where nothing can be written in a folder, or in the one that it would be made in. Leaves
    nothing behind."""
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if os.path.lexists(path))
    try:
        with tempfile.TemporaryDirectory(prefix=".soundpost-", dir=there):
            pass
    except OSError as error:
        raise OSError(error.errno, f"nothing can be written there ({error.strerror})", str(there)) from None


def write(folder: Path, mark: str, files: Mapping[str, str]) -> Path:
    """Files by name, all .html and index.html among them, in place at once. Returns its path. Raises as `check`, and
    OSError."""
    check(folder, mark)
    folder.absolute().parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.absolute().parent) as unfinished:
        made = Path(unfinished) / "new"
        made.mkdir()
        for name, text in files.items():
            (made / name).write_text(text, encoding="utf-8")
        if folder.exists():
            folder.rename(Path(unfinished) / "old")
        made.rename(folder)
    return folder / "index.html"


def _may_go(folder: Path, mark: str) -> bool:
    """Empty, or a report that we wrote and nobody added to."""
    inside = list(folder.iterdir())
    index = folder / "index.html"
    ours = index.is_file() and mark in index.read_text(encoding="utf-8", errors="replace")[:1000]
    return not inside or (ours and all(path.suffix == ".html" and path.is_file() for path in inside))
