"""Folders of pages: each appears whole or not at all, and replaces nothing but a former report of the same kind."""

import tempfile
from collections.abc import Mapping
from pathlib import Path


def check(folder: Path, mark: str) -> None:
    """Raises ValueError where a report must not go: a file, or a folder that holds something else.

    mark : what stands near the beginning of the index.html of a former report.
    """
    if folder.exists() and not (folder.is_dir() and _may_go(folder, mark)):
        raise ValueError(f"{folder}: is there and is no former report; name an empty or a new folder")


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
