"""Evidence, as the web process shows it (gateway/web/store/clips.py). Whoever is shown anything is written down first:
not a byte goes out before its row can be read in the journal, on the disk (DESIGN section 7)."""

import json
import pathlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from gateway.assembly.asking import write_down
from gateway.evidence import custody
from gateway.evidence.seal import Broken
from gateway.evidence.shelf import Entry, Shelf
from gateway.web.store.clips import NoSuchFile, NotShown, Opening

KINDS = {"clip": "video/mp4", "still": "image/jpeg", "picture": "image/jpeg", "sightings": "application/json"}
SIGHTINGS = "sightings.json"
ONE_VIEWING_S = 60.0
MOST_VIEWINGS = 10_000


class WebClips:
    """journal : its path. by, key : as whom accesses are told. folder, under : of [evidence] in gateway.toml. Raises
    OSError where the folder cannot be read."""

    def __init__(
        self,
        journal: pathlib.Path,
        by: str,
        key: bytes,
        folder: pathlib.Path,
        under: bytes,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._journal, self._by, self._key = journal, by, key
        self._shelf, self._steady = Shelf(folder, under), steady
        self._viewings: dict[tuple[str, str, str], float] = {}
        self._alone = threading.Lock()

    def open(self, incident: str, file: str, who: str, first: int = 0, last: int | None = None) -> Opening:
        """Bytes first to last (inclusive; None: to the end). Raises NoSuchFile, NotShown, or ValueError for a range
        that is none."""
        entry = self._entry(incident, file)
        end = entry.n_bytes - 1 if last is None else min(last, entry.n_bytes - 1)
        if not 0 <= first <= end:
            raise ValueError(f"{file}: has bytes 0 to {entry.n_bytes - 1}")
        self._write_down(incident, file, who)
        blocks = _some(self._shelf.read(incident, file), first, end - first + 1)
        return Opening(KINDS.get(entry.what, "application/octet-stream"), entry.n_bytes, first, end, _opened(blocks))

    def sightings(self, incident: str, who: str) -> list[dict[str, object]]:
        """Plates and objects. Raises as `open` does."""
        blocks = self.open(incident, SIGHTINGS, who).blocks
        try:
            told: Any = json.loads(b"".join(blocks))["sightings"]
        except (ValueError, KeyError, TypeError, OSError) as error:
            raise NotShown(f"{SIGHTINGS}: cannot be opened ({type(error).__name__})") from error
        return list(told)

    def _entry(self, incident: str, file: str) -> Entry:
        try:
            entry = self._shelf.look_again(incident).files.get(file)
        except ValueError:
            entry = None
        if entry is None:
            raise NoSuchFile(f"no file {file[:128]!r} is kept of incident {incident[:64]!r}")
        return entry

    def _write_down(self, incident: str, file: str, who: str) -> None:
        """The access's row, unless it is the same viewing."""
        viewing = incident, file, who
        with self._alone:
            if self._steady() - self._viewings.get(viewing, -ONE_VIEWING_S) < ONE_VIEWING_S:
                return
            try:
                write_down(self._journal, self._by, self._key, custody.access(incident, file, "show", "", who))
            except (OSError, ValueError) as error:
                raise NotShown(f"the access could not be written down, so nothing is shown: {error}") from error
            self._viewings.pop(viewing, None)
            self._viewings[viewing] = self._steady()
            while len(self._viewings) > MOST_VIEWINGS:
                del self._viewings[next(iter(self._viewings))]


def _opened(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The first block opens now: what was tampered with is told, not begun."""
    try:
        head = next(blocks, b"")
    except (Broken, OSError, ValueError) as error:
        raise NotShown(f"it cannot be opened: {error}") from error
    return _chained(head, blocks)


def _chained(head: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    yield from blocks


def _some(blocks: Iterator[bytes], first: int, n_bytes: int) -> Iterator[bytes]:
    """n_bytes from the byte `first` on."""
    for block in blocks:
        if first >= len(block):
            first -= len(block)
            continue
        some = block[first : first + n_bytes]
        first, n_bytes = 0, n_bytes - len(some)
        yield some
        if n_bytes <= 0:
            return
