"""Disk: can it be written, how much room there is, and how long that lasts at the present rate."""

import os
import pathlib
from dataclasses import dataclass

from soundpost.doctor.verdict import Verdict, failed, passed, warned

LEAST_BYTES, LITTLE_BYTES = 100_000_000, 1_000_000_000
LEAST_INODES = 1_000
SHORT_DAYS, LONG_DAYS = 14.0, 3650.0
MAKE_ROOM = "make room; `soundpost journal prune` moves old frames elsewhere"


@dataclass(frozen=True, slots=True)
class Room:
    """Of a file system: what is free for us, and what there is in all. n_inodes : 0 where it does not count them."""

    free_bytes: int
    all_bytes: int
    free_inodes: int
    n_inodes: int
    is_read_only: bool
    may_write: bool


def judge_room(room: Room, bytes_a_day: float | None, what: str) -> Verdict:
    """bytes_a_day : at which it fills now; None where that is not known."""
    days = None if not bytes_a_day else room.free_bytes / bytes_a_day
    lasts = "" if days is None else f", lasts {_days(days)} at the present rate"
    says = f"{room.free_bytes / 1e9:.1f} of {room.all_bytes / 1e9:.1f} GB free{lasts}"
    if room.is_read_only:
        return failed("disk", "is mounted read-only", "look with `dmesg` why; a worn card does this", what)
    if not room.may_write:
        return failed("disk", "may not be written by this user", "run as the user of the service, or mend owner", what)
    if room.n_inodes and room.free_inodes < LEAST_INODES:
        return failed("disk", f"{room.free_inodes} inodes left", "remove small files: no new file can be made", what)
    if room.free_bytes < LEAST_BYTES:
        return failed("disk", says, MAKE_ROOM, what)
    if room.free_bytes < LITTLE_BYTES or (days is not None and days < SHORT_DAYS):
        return warned("disk", says, MAKE_ROOM, what)
    return passed("disk", says, what)


def bytes_a_day(n_bytes: int, span_us: int) -> float | None:
    """What grew by n_bytes in so long. None where that is too short to say anything: under ten minutes."""
    return None if span_us < 600_000_000 else n_bytes * 86_400e6 / span_us


def read_room(folder: pathlib.Path) -> Room:
    """Of the file system that a folder is on. Raises OSError."""
    found = os.statvfs(folder)
    return Room(
        found.f_bavail * found.f_frsize,
        found.f_blocks * found.f_frsize,
        found.f_favail,
        found.f_files,
        bool(found.f_flag & os.ST_RDONLY),
        os.access(folder, os.W_OK | os.X_OK),
    )


def _days(days: float) -> str:
    return f"{days:.0f} days" if days < LONG_DAYS else "more than ten years"
