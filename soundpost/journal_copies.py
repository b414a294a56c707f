"""`soundpost journal backup`, `restore` and `prune`: a copy elsewhere, the way back, and old frames into an archive."""

import argparse
import contextlib
import hashlib
import json
import pathlib
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.progress import Progress, TaskID

from gateway.journal.backup import Copied, backup, restore
from gateway.journal.chain import Pruned
from gateway.journal.prune import Done, prune
from soundpost.terminal import utc_second

EXAMPLES = {
    "backup": (
        "street.journal --to /mnt/backups     # a folder: the name gets the time",
        "street.journal --to /mnt/usb/before-upgrade.journal",
    ),
    "restore": ("/mnt/backups/street.journal.20261128T031500Z --to /var/lib/soundpost/street.journal",),
    "prune": ("street.journal --keep 90d", "street.journal --keep 1y --archive /mnt/archive"),
}
DAY_US = 86_400_000_000
UNITS_US = {"h": DAY_US // 24, "d": DAY_US, "w": 7 * DAY_US, "y": 365 * DAY_US}
SHORTEST_US, LONGEST_US = DAY_US, 100 * 365 * DAY_US
Seen = Callable[[str, int, int], None]


def add_arguments(verb: str, parser: argparse.ArgumentParser) -> None:
    """The options of one of them."""
    if verb == "backup":
        where = "a new file, or a folder (default: beside the journal, its name with the time)"
        parser.add_argument("--to", type=pathlib.Path, metavar="PATH", help=where)
    elif verb == "restore":
        where = "the journal to be; nothing is overwritten"
        parser.add_argument("--to", type=pathlib.Path, metavar="PATH", required=True, help=where)
    else:
        what = "how long frames stay: 36h, 90d, 12w, 1y; one day at least. What the street did stays for good"
        parser.add_argument("--keep", type=_span_us, metavar="TIME", required=True, help=what)
        where = "folder for the archive (default: the journal's); one that is read later must lie beside the journal"
        parser.add_argument("--archive", type=pathlib.Path, metavar="DIR", help=where)


def run(args: argparse.Namespace) -> int:
    """0 done. Raises ValueError or OSError of one line."""
    with _bar() as seen:
        if args.verb == "prune":
            told = _pruned(prune(args.file, args.keep, time.time_ns() // 1000, args.archive or args.file.parent, seen))
        else:
            if args.verb == "restore" and args.to.is_dir():
                raise ValueError(f"{args.to}: is a folder; name the journal to be, as {args.to / 'street.journal'}")
            to = _place(args.file, args.to)
            copy = backup if args.verb == "backup" else restore
            told = _copied(args.verb, args.file, to, copy(args.file, to, seen))
    words, record = told
    print(json.dumps(record) if args.json else words)
    return 0


def archives_of(path: pathlib.Path, parts: Sequence[Pruned]) -> list[dict[str, Any]]:
    """What a journal says of its archives, and what is to be found of them beside it."""
    return [
        {
            "file": part.archive,
            "first": part.first,
            "last": part.cut,
            "frames": part.frames,
            "state": _state(path, part),
        }
        for part in parts
    ]


def _state(path: pathlib.Path, part: Pruned) -> str:
    file = path.with_name(part.archive)
    if not file.is_file():
        return "not beside the journal"
    with file.open("rb") as archive:
        same = hashlib.file_digest(archive, "sha256").hexdigest() == part.archive_sha256
    return "whole" if same else "NOT what was archived"


def _place(path: pathlib.Path, to: pathlib.Path | None) -> pathlib.Path:
    """Where a copy goes: into a folder under a name with the time."""
    if to is not None and not to.is_dir():
        return to
    return (to or path.parent) / f"{path.name}.{datetime.now(UTC):%Y%m%dT%H%M%SZ}"


def _copied(verb: str, path: pathlib.Path, to: pathlib.Path, done: Copied) -> tuple[str, dict[str, Any]]:
    until = "no row" if done.last_us is None else f"{done.rows} rows, the last {done.newest} of {_when(done.last_us)}"
    cost = f"copied in {done.copy_s:.1f} s, checked in {done.check_s:.1f} s"
    log = f"; the journal's -wal grew by {done.log_bytes / 1e6:.1f} MB meanwhile" if done.log_bytes else ""
    did = "backed up to" if verb == "backup" else "restored as"
    words = f"{path}: {did} {to}, whole: {until}, {done.n_bytes / 1e6:.1f} MB\nhead {done.head}\n{cost}{log}"
    record = {
        "what": verb, "file": str(path), "to": str(to), "whole": True, "rows": done.rows, "newest": done.newest,
        "last_us": done.last_us, "head": done.head, "bytes": done.n_bytes, "copy_s": round(done.copy_s, 3),
        "check_s": round(done.check_s, 3), "log_bytes": done.log_bytes,
    }  # fmt: skip
    return words, record


def _pruned(done: Done) -> tuple[str, dict[str, Any]]:
    lines = list(done.said)
    if done.frames or done.archive:
        to = f" into {done.archive}, {done.archive.stat().st_size / 1e6:.1f} MB" if done.archive else ""
        room = f"the journal has {done.after / 1e6:.1f} MB, and had {done.before / 1e6:.1f} MB"
        lines.insert(0, f"pruned: {done.frames} frames{to}; {room}")
    else:
        lines.append("nothing to prune: no frame is older")
    archive = None if done.archive is None else str(done.archive)
    record = {"what": "prune", "frames": done.frames, "archive": archive, "before": done.before, "after": done.after}
    return "\n".join(lines), {**record, "said": list(done.said)}


def _span_us(text: str) -> int:
    found = re.fullmatch(r"(\d{1,6})([hdwy])", text)
    span_us = int(found[1]) * UNITS_US[found[2]] if found else 0
    if not SHORTEST_US <= span_us <= LONGEST_US:
        raise argparse.ArgumentTypeError(f"must be 24h to 100y, as 36h, 90d, 12w, 1y (it is {text})")
    return span_us


def _when(at_us: int) -> str:
    try:
        return utc_second(at_us)
    except OverflowError:
        return f"{at_us} us"


@contextlib.contextmanager
def _bar() -> Iterator[Seen]:
    """On standard error, where somebody looks at it."""
    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        tasks: dict[str, TaskID] = {}

        def seen(words: str, done: int, total: int) -> None:
            if words not in tasks:
                tasks[words] = progress.add_task(words, total=total)
            progress.update(tasks[words], completed=done, total=total)

        yield seen
