"""The format of a journal's file, and the way up to it from every format before.

1   the first: rows, chained.
2   frames may be pruned (gateway/journal/prune.py): where some stood, `gap` has the first and the last of their numbers
    and the hash of the last, so that the row behind them is still chained to what was there. Nothing else of a row can
    go: the trigger lets a row be deleted only if it is a frame and a gap says so.

Who opens a journal for writing brings it up to date, in one transaction: a kill leaves the one format or the other.
Reading changes nothing, and all formats are read. A gateway of a version before says of a later format that it cannot
read it, and writes nothing.
"""

import pathlib
import sqlite3

APPLICATION_ID = 0x534E4450
VERSION = 2
GAPS = (
    "create table gap("
    "first integer primary key, last integer not null check (last >= first), hash blob not null) strict",
    "create trigger gap_grows before update on gap when new.first != old.first or new.last <= old.last "
    "begin select raise(abort, 'a journal is append-only'); end",
    "create trigger gap_stays before delete on gap begin select raise(abort, 'a journal is append-only'); end",
    "create trigger row_stays before delete on row when old.kind != 'frame' "
    "or coalesce((select last from gap where first <= old.number order by first desc limit 1), 0) < old.number "
    "begin select raise(abort, 'a journal is append-only'); end",
)
MIGRATIONS = {1: ("drop trigger row_stays", *GAPS)}
"""By the format that is left; each leads to the next one."""
SCHEMA = f"""
create table row(
    number integer primary key, kind text not null, at_us integer not null, node text, boot integer, sequence integer,
    body blob not null, hash blob not null) strict;
create unique index frame_once on row(node, boot, sequence) where kind = 'frame';
create trigger row_keeps before update on row begin select raise(abort, 'a journal is append-only'); end;
{"; ".join(GAPS)};
pragma application_id = {APPLICATION_ID};
pragma user_version = {VERSION};
"""


def check_identity(connection: sqlite3.Connection, path: pathlib.Path) -> int:
    """The journal's format. Raises ValueError naming the file where it is another program's database, or a later
    version's journal."""
    if connection.execute("pragma application_id").fetchone()[0] != APPLICATION_ID:
        raise ValueError(f"{path}: is not a journal of this program")
    version = int(connection.execute("pragma user_version").fetchone()[0])
    if not 1 <= version <= VERSION:
        raise ValueError(
            f"{path}: journal of format {version}; this program knows formats 1 to {VERSION}: a later Soundpost wrote "
            "it. Nothing of it was changed; install that version again"
        )
    return version


def create(connection: sqlite3.Connection) -> None:
    """Make the tables of an empty file. What is pruned later can be given back to the disk (sqlite.org/pragma.html,
    auto_vacuum: to be said before the first table is made)."""
    connection.execute("pragma auto_vacuum = incremental")
    connection.executescript(f"begin; {SCHEMA} commit;")


def migrate(connection: sqlite3.Connection, path: pathlib.Path) -> None:
    """Bring it up to VERSION; all is done on return, or nothing. Raises as `check_identity` does, and sqlite3.Error."""
    if check_identity(connection, path) == VERSION:
        return
    connection.execute("begin immediate")
    try:
        for version in range(check_identity(connection, path), VERSION):
            for step in (*MIGRATIONS[version], f"pragma user_version = {version + 1}"):
                connection.execute(step)
        connection.execute("commit")
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("rollback")
        raise
