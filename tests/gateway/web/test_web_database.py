"""The web process's own file."""

import contextlib
import resource
import sqlite3

import pytest

from gateway.web.database import Database, Migration, known_migrations


def columns(database, table):
    with database.reading() as connection:
        return [row["name"] for row in connection.execute(f"pragma table_info({table})")]


@pytest.mark.parametrize("start", range(len(known_migrations())))
def test_a_file_of_each_version_is_brought_up_and_keeps_what_is_in_it(tmp_path, start):
    path = tmp_path / "web.db"
    Database(path, known_migrations()[:start])
    with sqlite3.connect(path) as connection:
        tables = {name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")}
        if "account" in tables:
            connection.execute("insert into account(name, role, made_us) values ('ada', 'viewer', 7)")
        kept = {name: connection.execute(f"select * from {name}").fetchall() for name in tables}

    Database(path)
    with sqlite3.connect(path) as connection:
        assert tables <= {name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")}
        assert connection.execute("pragma user_version").fetchone() == (len(known_migrations()),)
        assert {name: connection.execute(f"select * from {name}").fetchall() for name in kept} == kept


def test_a_migration_that_fails_leaves_the_file_as_it_was(tmp_path):
    path, good = tmp_path / "web.db", Migration(1, "one", "create table a(x integer) strict;")
    Database(path, [good])

    with pytest.raises(OSError, match=r"web\.db"):
        Database(path, [good, Migration(2, "two", "create table b(x integer) strict; create table a(x integer);")])

    assert columns(Database(path, [good]), "b") == []


def test_what_a_later_version_wrote_is_not_touched(tmp_path):
    path, one = tmp_path / "web.db", Migration(1, "one", "create table a(x integer) strict;")
    Database(path, [one, Migration(2, "two", "create table b(x integer) strict;")])

    with pytest.raises(ValueError, match="version 2; this program knows up to 1"):
        Database(path, [one])


def test_another_programs_file_is_refused(tmp_path):
    path = tmp_path / "web.db"
    with sqlite3.connect(path) as connection:
        connection.execute("create table mine(x)")

    with pytest.raises(ValueError, match="another program's"):
        Database(path)
    with sqlite3.connect(path) as connection:
        assert connection.execute("select count(*) from sqlite_master").fetchone() == (1,)


def test_what_goes_wrong_in_a_transaction_leaves_nothing_of_it(tmp_path):
    database = Database(tmp_path / "web.db", [Migration(1, "one", "create table a(x integer) strict;")])

    with pytest.raises(RuntimeError), database.writing() as connection:
        connection.execute("insert into a values (1)")
        raise RuntimeError

    with database.reading() as connection:
        assert connection.execute("select count(*) from a").fetchone()[0] == 0


@contextlib.contextmanager
def no_room():
    """No file of this process can grow, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_on_a_full_disk_what_is_there_is_read_and_with_room_again_it_is_written(tmp_path):
    database = Database(tmp_path / "web.db", [Migration(1, "one", "create table a(x text) strict;")])
    with database.writing() as connection:
        connection.execute("insert into a values ('was there')")

    def all_there():
        with database.reading() as connection:
            return [row["x"] for row in connection.execute("select x from a order by x desc")]

    with no_room():
        for _ in range(3):
            with pytest.raises(OSError, match=r"web\.db"), database.writing() as connection:
                connection.execute("insert into a values (?)", ("x" * 100_000,))
        full = all_there()
    with database.writing() as connection:
        connection.execute("insert into a values ('came later')")

    assert full == ["was there"]
    assert all_there() == ["was there", "came later"]
