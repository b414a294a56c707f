"""Where evidence lies: a folder, in it one for each incident, in that its wrapped key, what is known of it, and its
files, each sealed (gateway/evidence/seal.py). `about.json` is in the clear and says nothing of anybody: which files
there are, how long, of which camera and time, their hashes, and what the incident was reviewed as.
"""

import contextlib
import dataclasses
import json
import os
import pathlib
import re
import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

from gateway.evidence.letting_go import Held
from gateway.evidence.seal import Broken, Sealer, new_key, opened, unwrap, wrap
from gateway.evidence.whole_file import PART, Draft, named, sync_folder, write_whole

NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")
ABOUT, KEY, SEALED = "about.json", "key", ".sealed"
ROOM_BYTES = 1_000_000
"""A folder with less room than this is full."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file that is kept. what : `clip`, `still`, `sightings` or `picture`. sha256, n_bytes : of what was sealed;
    sealed_sha256 : of the file as it lies there. told : whether the journal has a row of it."""

    name: str
    what: str
    camera: str
    from_us: int
    until_us: int
    sha256: str
    n_bytes: int
    sealed_sha256: str
    told: bool = False


@dataclass(frozen=True, slots=True)
class About:
    """What is known of an incident's folder. until_us : until when it is recorded. triggered : readers that were told
    to read for it, or were about to be."""

    incident: str
    t_us: int
    until_us: int
    verdict: str | None = None
    triggered: Sequence[str] = ()
    files: Mapping[str, Entry] = field(default_factory=dict)


class Shelf:
    """folder : must be there. under : the gateway's key. Everything raises OSError naming a file, where the disk does
    not do it; ValueError or Broken for a folder that is not as it was left."""

    def __init__(self, folder: pathlib.Path, under: bytes) -> None:
        self._folder, self._under = folder, under
        self._abouts: dict[str, About] = {}
        self._alone = threading.RLock()  # clips are kept in threads
        self.damaged: dict[str, str] = {}
        for path in sorted(folder.iterdir()):
            if path.is_dir() and NAME.fullmatch(path.name):
                self._read(path)

    def abouts(self) -> Sequence[About]:
        """Of all incidents that something is kept of, the oldest first."""
        return sorted(self._abouts.values(), key=lambda about: (about.t_us, about.incident))

    def about(self, incident: str) -> About:
        """Raises ValueError where nothing is kept of it, or what is known of it is damaged."""
        if incident not in self._abouts and incident in self.damaged:
            raise ValueError(f"{self._folder}: {self.damaged[incident]}")
        if incident not in self._abouts:
            raise ValueError(f"{self._folder}: nothing is kept of incident {incident!r}")
        return self._abouts[incident]

    def look_again(self, incident: str) -> About:
        """What is known of it now, where another program keeps it. Raises ValueError as `about` does."""
        with self._alone:
            self._abouts.pop(incident, None)
            if NAME.fullmatch(incident):
                self._read(self._folder / incident)
            return self.about(incident)

    def begin(self, incident: str, t_us: int, until_us: int) -> None:
        """There is something to keep of this incident, until then."""
        with self._alone:
            known = self._abouts.get(incident)
            if known is not None:
                self._write(dataclasses.replace(known, until_us=max(known.until_us, until_us)))
                return
            if not NAME.fullmatch(incident):
                raise ValueError(f"{incident[:40]!r} is no name of an incident")
            box = self._folder / incident
            with named(box):
                box.mkdir(mode=0o700, exist_ok=True)
                sync_folder(self._folder)
            wrapped = wrap(new_key(), incident, self._under)
            write_whole(box / KEY, lambda file: _all(file, wrapped))
            self._write(About(incident, t_us, until_us))

    def draft(self, incident: str, name: str) -> "Sealed":
        """A file to be written bit by bit; `keep` when it is whole."""
        path = self._folder / self.about(incident).incident / (name + SEALED)
        draft = Draft(path)
        try:
            return Sealed(draft, Sealer(draft.file, self._key(incident), incident, name))
        except BaseException:
            draft.drop()
            raise

    def keep(self, incident: str, sealed: "Sealed", entry: Entry) -> Entry:
        """A draft is whole. entry : without its hashes, which come back with it."""
        sealed.finish()
        sealer = sealed.sealer
        whole = dataclasses.replace(
            entry, sha256=sealer.sha256, n_bytes=sealer.n_bytes, sealed_sha256=sealer.sealed_sha256
        )
        self.note(incident, whole)
        return whole

    def put(self, incident: str, entry: Entry, content: bytes) -> Entry:
        """A whole file at once, in place of one of that name."""
        sealed = self.draft(incident, entry.name)
        try:
            sealed.write(content)
            return self.keep(incident, sealed, entry)
        except BaseException:
            sealed.drop()
            raise

    def note(self, incident: str, entry: Entry) -> None:
        """What is known of a file."""
        with self._alone:
            about = self.about(incident)
            self._write(dataclasses.replace(about, files={**about.files, entry.name: entry}))

    def told(self, incident: str, name: str) -> None:
        """The journal has a row of this file."""
        with self._alone:
            entry = self.about(incident).files[name]
            self.note(incident, dataclasses.replace(entry, told=True))

    def review(self, incident: str, verdict: str) -> bool:
        """What it was. Comes back: whether anything is kept of it."""
        with self._alone:
            if incident not in self._abouts:
                return False
            self._write(dataclasses.replace(self._abouts[incident], verdict=verdict))
            return True

    def trigger(self, incident: str, readers: Sequence[str]) -> list[str]:
        """These readers are to be told to read. Comes back: those that were not yet, noted on the disk first: a restart
        tells none twice."""
        with self._alone:
            about = self.about(incident)
            fresh = [reader for reader in readers if reader not in about.triggered]
            if fresh:
                self._write(dataclasses.replace(about, triggered=(*about.triggered, *fresh)))
            return fresh

    def read(self, incident: str, name: str) -> Iterator[bytes]:
        """A file's content, block by block."""
        entry = self.about(incident).files.get(name)
        if entry is None:
            raise ValueError(f"incident {incident} has no file {name!r}")
        with (self._folder / incident / (name + SEALED)).open("rb") as file:
            yield from opened(file, self._key(incident), incident, name)

    def remove(self, incident: str) -> None:
        """Let go of all of it: its key first, for good."""
        with self._alone:
            box = self._folder / incident
            with named(box):
                (box / KEY).unlink(missing_ok=True)
                sync_folder(box)
                shutil.rmtree(box)
                sync_folder(self._folder)
            self._abouts.pop(incident, None)

    def clear_parts(self) -> list[tuple[str, str]]:
        """What a kill left unfinished goes. Comes back: (incident, name) of each file of evidence that was."""
        found, ending = sorted(self._folder.glob(f"*/*{PART}")), SEALED + PART
        for path in found:
            path.unlink(missing_ok=True)
        return [(path.parent.name, path.name.removesuffix(ending)) for path in found if path.name.endswith(ending)]

    def held(self, now_us: int) -> list[Held]:
        """All of it, for who decides what goes."""
        return [
            Held(
                about.incident, about.t_us, _size(self._folder / about.incident), about.verdict, about.until_us > now_us
            )
            for about in self._abouts.values()
        ]

    def free_bytes(self) -> int:
        """Room on the disk."""
        room = os.statvfs(self._folder)
        return room.f_bavail * room.f_frsize

    def _key(self, incident: str) -> bytes:
        path = self._folder / incident / KEY
        with named(path):
            wrapped = path.read_bytes()
        try:
            return unwrap(wrapped, incident, self._under)
        except Broken as error:
            raise Broken(f"{path}: {error}") from None

    def _read(self, box: pathlib.Path) -> None:
        try:
            self._abouts[box.name] = read_about((box / ABOUT).read_bytes(), box.name)
        except (OSError, ValueError) as error:
            self.damaged[box.name] = str(error)[:200]

    def _write(self, about: About) -> None:
        text = json.dumps(dataclasses.asdict(about), sort_keys=True).encode()
        write_whole(self._folder / about.incident / ABOUT, lambda file: _all(file, text))
        self._abouts[about.incident] = about


@dataclass(frozen=True, slots=True)
class Sealed:
    """A draft and what seals it."""

    under: Draft
    sealer: Sealer

    def write(self, some: bytes) -> int:
        """Further bytes."""
        return self.sealer.write(bytes(some))

    def finish(self) -> None:
        """It is whole, and on the disk on return."""
        self.sealer.finish()
        self.under.keep()

    def drop(self) -> None:
        """It is not to be."""
        self.under.drop()


def check_folder(folder: pathlib.Path) -> None:
    """That clips can be kept there. Raises OSError naming it: away, read-only or full."""
    if not folder.is_dir():
        raise FileNotFoundError(2, "no such folder for clips", str(folder))
    probe = folder / f".probe-{os.getpid()}"
    try:
        write_whole(probe, lambda file: _all(file, bytes(4096)))
    finally:
        with contextlib.suppress(OSError):
            probe.unlink(missing_ok=True)
    room = os.statvfs(folder)
    if room.f_bavail * room.f_frsize < ROOM_BYTES:
        raise OSError(28, f"no room for clips ({room.f_bavail * room.f_frsize} bytes free)", str(folder))


def read_about(text: bytes, incident: str) -> About:
    """Raises ValueError where it is not what was written."""
    try:
        told: dict[str, Any] = json.loads(text)
        files = {name: Entry(**each) for name, each in told.pop("files").items()}
        about = About(**told, files=files)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"{incident}: {ABOUT} is damaged ({type(error).__name__})") from None
    if about.incident != incident or not all(NAME.fullmatch(name) for name in files):
        raise ValueError(f"{incident}: {ABOUT} is of another incident, or damaged")
    return about


def _all(file: IO[bytes], content: bytes) -> None:
    file.write(content)


def _size(box: pathlib.Path) -> int:
    try:
        return sum(path.stat().st_size for path in box.iterdir() if path.is_file())
    except FileNotFoundError:  # a draft became a file meanwhile, or all of it was let go
        return 0
