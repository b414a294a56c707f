"""Journals of every format before this one are read as they are, brought up to date by whoever writes, whole or not at
all; a later one is refused in words and not touched."""

import contextlib
import signal
import sqlite3
import subprocess
import sys

import pytest

from gateway.journal.chain import verify
from gateway.journal.file import JournalFile
from gateway.journal.format import MIGRATIONS, VERSION
from gateway.journal.prune import prune
from gateway.journal.rows import START, Row, digest, kept, reading

DAY_US = 86_400_000_000
FORMAT_1 = """
create table row(
    number integer primary key, kind text not null, at_us integer not null, node text, boot integer, sequence integer,
    body blob not null, hash blob not null) strict;
create unique index frame_once on row(node, boot, sequence) where kind = 'frame';
create trigger row_keeps before update on row begin select raise(abort, 'a journal is append-only'); end;
create trigger row_stays before delete on row begin select raise(abort, 'a journal is append-only'); end;
pragma application_id = 1397638224;
pragma user_version = 1;
"""
"""As 0.1.0 made it until 28 November 2026; to stay as it is."""
RELEASES = {1: FORMAT_1}
FRAMES = [Row("frame", number * DAY_US, bytes(300), "n1", 7, number) for number in range(1, 200)]
ROWS = [Row("config", 1, b"{}", boot=3), *FRAMES]


def made(path, schema):
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.executescript(schema)
        before = START
        for number, row in enumerate(ROWS, start=1):
            before = digest(before, number, row)
            values = (number, row.kind, row.at_us, row.node, row.boot, row.sequence, row.body, before)
            db.execute("insert into row values (?, ?, ?, ?, ?, ?, ?, ?)", values)
    return path


def rows_of(path):
    with reading(path) as connection:
        return [each.row for each in kept(connection)]


def version(path):
    with contextlib.closing(sqlite3.connect(path)) as db:
        return db.execute("pragma user_version").fetchone()[0]


def schema(path):
    with contextlib.closing(sqlite3.connect(path)) as db:
        return set(db.execute("select type, name, sql from sqlite_schema where name not like 'sqlite_%'"))


def test_there_is_a_way_up_from_every_format():
    assert list(MIGRATIONS) == list(RELEASES) == list(range(1, VERSION))


@pytest.mark.parametrize("release", RELEASES)
def test_a_journal_of_before_is_read_and_verified_and_not_changed(tmp_path, release):
    path = made(tmp_path / "street.journal", RELEASES[release])
    before = path.read_bytes()

    assert rows_of(path) == ROWS
    assert verify(path) is None
    assert path.read_bytes() == before


@pytest.mark.parametrize("release", RELEASES)
def test_a_gateway_brings_it_up_to_date_and_writes_on(tmp_path, release):
    path = made(tmp_path / "street.journal", RELEASES[release])
    file = JournalFile(path)
    file.commit([Row("lamp", 2, b"{}")])
    file.close()
    JournalFile(tmp_path / "new.journal").close()

    assert version(path) == VERSION
    assert schema(path) == schema(tmp_path / "new.journal")
    assert rows_of(path) == [*ROWS, Row("lamp", 2, b"{}")]
    assert verify(path) is None


@pytest.mark.parametrize("release", RELEASES)
def test_it_can_be_pruned_and_written_anew_for_its_room(tmp_path, release):
    path = made(tmp_path / "street.journal", RELEASES[release])
    done = prune(path, DAY_US, 199 * DAY_US, tmp_path, lambda *_: None)

    assert done.frames == 198
    assert list(done.said) == []
    assert done.after < done.before
    assert verify(path) is None


def test_a_gateway_of_before_that_writes_is_not_pruned_under(tmp_path):
    path = made(tmp_path / "street.journal", FORMAT_1)
    file = JournalFile(tmp_path / "other.journal")  # for its lock
    (tmp_path / "other.journal.lock").rename(tmp_path / "street.journal.lock")
    with pytest.raises(ValueError, match="a gateway of an earlier version, which does not know of pruning"):
        prune(path, DAY_US, 199 * DAY_US, tmp_path, lambda *_: None)
    file.close()

    assert version(path) == 1
    assert rows_of(path) == ROWS


@pytest.mark.parametrize("later", [VERSION + 1, 99])
def test_a_later_format_is_refused_in_words_and_not_touched(tmp_path, later):
    path = made(tmp_path / "street.journal", FORMAT_1.replace("user_version = 1", f"user_version = {later}"))
    before = path.read_bytes()
    for use in (JournalFile, verify, lambda path: prune(path, DAY_US, 1, tmp_path, lambda *_: None)):
        with pytest.raises(ValueError, match=rf"of format {later}; .* formats 1 to {VERSION}: a later Soundpost"):
            use(path)

    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir() if "damaged" in each.name] == []


KILLED = """
import os, pathlib, signal, sqlite3, sys
from gateway.journal.file import JournalFile
left = int(sys.argv[2])
class Killed(sqlite3.Connection):
    def execute(self, sql, *values):
        global left
        if sql.startswith(("drop", "create", "pragma user_version =", "commit")):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return super().execute(sql, *values)
connect = sqlite3.connect
sqlite3.connect = lambda *args, **how: connect(*args, factory=Killed, **how)
JournalFile(pathlib.Path(sys.argv[1])).close()
"""


@pytest.mark.parametrize("step", [1, 2, 4, 6, 7])
def test_a_kill_on_the_way_up_leaves_the_old_format_and_every_row(tmp_path, step):
    path = made(tmp_path / "street.journal", FORMAT_1)
    killed = subprocess.run([sys.executable, "-c", KILLED, path, str(step)], check=False, timeout=60)
    with contextlib.closing(sqlite3.connect(path)) as db:
        between = db.execute("pragma user_version").fetchone()[0], len(list(db.execute("select 1 from row")))
    JournalFile(path).close()

    assert killed.returncode == -signal.SIGKILL
    assert between == (1, len(ROWS))
    assert version(path) == VERSION
    assert rows_of(path) == ROWS
