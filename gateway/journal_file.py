"""The file of a journal: held by one gateway, opened so that a commit is on the disk, set aside where it is damaged."""

import contextlib
import fcntl
import os
import pathlib
import sqlite3
from typing import IO

import structlog

from gateway.rows import SCHEMA, check_identity

log = structlog.get_logger("gateway.journal")
BESIDE = ("", "-wal", "-shm")


class InUse(OSError):
    """Another gateway is writing this journal."""


def hold(path: pathlib.Path) -> IO[str] | None:
    """Hold `FILE.lock` for us alone, with our process id in it. None where the disk takes no file: then no other can
    write there, either. Raises InUse; FileNotFoundError for a folder that is not there."""
    if not path.parent.is_dir():
        raise FileNotFoundError(2, "no such folder for a journal", str(path.parent))
    try:
        lock = path.with_name(path.name + ".lock").open("a+")
    except OSError as error:
        log.error("the journal cannot be locked", file=str(path), why=error.strerror)
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.seek(0)
        pid = lock.read(20).strip()
        lock.close()
        owner = f" (process {pid})" if pid.isdigit() else ""
        raise InUse(f"{path}: another gateway is writing this journal{owner}") from error
    with contextlib.suppress(OSError):  # a full disk
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
    return lock


def open_whole(path: pathlib.Path, max_bytes: int | None) -> sqlite3.Connection:
    """The journal, made where it is not there; one that is damaged is set aside first, and that is said.

    Raises ValueError for another program's file, text, or a later version's, sqlite3.Error where the disk does not let
    us.
    """
    try:
        return _open(path, max_bytes)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        if _is_text(path):  # a name that was given wrongly: nothing of ours
            raise ValueError(f"{path}: is no journal, but text") from error
        aside = set_aside(path)
        log.error("the journal is damaged; it is set aside, a new one begun", file=str(aside), why=str(error))
        return _open(path, max_bytes)


def _is_text(path: pathlib.Path) -> bool:
    try:
        with path.open("rb") as file:
            head = file.read(512)
        return bool(head) and "\0" not in head.decode("utf-8")
    except UnicodeDecodeError:
        return False


def set_aside(path: pathlib.Path) -> pathlib.Path:
    """Give a file, and what SQLite keeps beside it, the first free name of FILE.damaged-1, -2, ... Comes back: that.

    Raises sqlite3.OperationalError where the disk does not let us.
    """
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    try:
        for ending in BESIDE:
            there = path.with_name(path.name + ending)
            if there.exists():
                there.rename(aside.with_name(aside.name + ending))
    except OSError as error:
        raise sqlite3.OperationalError(str(error)) from error
    return aside


def _open(path: pathlib.Path, max_bytes: int | None) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        if connection.execute("select count(*) from sqlite_schema").fetchone() == (0,):
            path.chmod(0o600)
            connection.executescript(f"begin; {SCHEMA} commit;")
            _sync_folder(path)
        check_identity(connection, path)
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")
        connection.execute("pragma wal_checkpoint(truncate)")  # what a failed fsync left in doubt is on the disk now
        if max_bytes is not None:
            page_bytes = connection.execute("pragma page_size").fetchone()[0]
            connection.execute(f"pragma max_page_count = {max(1, max_bytes // page_bytes)}")
    except (sqlite3.Error, ValueError):
        connection.close()
        raise
    return connection


def _sync_folder(path: pathlib.Path) -> None:
    """A new file's name must be on the disk, too."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
