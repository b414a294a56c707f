"""The web's own tables follow a journal, whatever happens to either."""

import resource
import shutil

import pytest

from gateway.journal.file import JournalFile
from gateway.journal.prune import prune
from gateway.journal.rows import gap_at, reading
from gateway.web.records import Search
from gateway.web.store.reader import MOST

S = 1_000_000
DAY_US = 86_400 * S


def dump(database, table):
    with database.reading() as connection:
        return [tuple(row) for row in connection.execute(f"select * from {table}")]


def test_rows_are_applied_once_and_a_new_reader_goes_on_where_the_last_one_stopped(tmp_path, journalled, follows):
    journalled.write(*journalled.shot("i-1"))
    follows.read()
    journalled.write(*journalled.shot("i-2"), journalled.health("P1"))
    again = type(follows)(tmp_path, journalled)
    again.read()

    assert [each.incident for each in again.store.briefs(Search())] == ["i-2", "i-1"]
    assert [each.number for each in again.told] == [14, 15]
    assert sum(each.n_arrivals for each in again.store.history("P1", 0, 1 << 61).samples) == 2


def test_a_disk_that_takes_nothing_leaves_nothing_half_done_and_all_comes_when_it_does(
    journalled, follows, monkeypatch
):
    journalled.write(*journalled.shot("i-1"))
    follows.read()
    monkeypatch.setattr("gateway.web.store.reader.AGAIN_S", 0)
    journalled.write(*(row for n in range(300) for row in journalled.shot(f"j-{n}")))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, limits[1]))
    try:
        was_there = follows.reader.step()
        while_full = follows.store.freshness()
        seen = [each.incident for each in follows.store.briefs(Search())]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    follows.read()

    assert (was_there, while_full.state, seen) == (False, "offline", ["i-1"])
    assert "web.db: cannot be used" in while_full.said[0]
    assert len(follows.store.briefs(Search(), limit=1000)) == 301
    assert follows.store.freshness().state == "silent"  # nobody rings in a test


def test_a_journal_that_is_not_there_yet_is_waited_for_and_said(tmp_path, journalled, follows, monkeypatch):
    monkeypatch.setattr("gateway.web.store.reader.AGAIN_S", 0)
    journalled.write(*journalled.shot())
    journalled.file.close()
    journalled.path.rename(tmp_path / "away")
    follows.reader.step()
    away = follows.store.freshness()
    (tmp_path / "away").rename(journalled.path)
    follows.read()

    assert away.state == "offline" and "no such journal" in away.said[0]
    assert follows.store.brief("i-1") is not None


def test_a_damaged_journal_is_said_and_lived_through(journalled, follows, monkeypatch):
    monkeypatch.setattr("gateway.web.store.reader.AGAIN_S", 0)
    journalled.write(*journalled.shot())
    follows.read()
    journalled.file.close()
    journalled.path.write_bytes(b"SQLite format 3\0" + bytes(5000))
    follows.reader.step()

    assert follows.store.freshness().state == "offline"
    assert follows.store.brief("i-1") is not None


def test_a_journal_that_was_restored_from_a_backup_is_read_anew_and_peoples_own_stays(tmp_path, journalled, follows):
    journalled.write(*journalled.shot("i-1"))
    journalled.file.close()
    shutil.copy(journalled.path, tmp_path / "backup")
    journalled.file = JournalFile(journalled.path)
    journalled.write(*journalled.shot("lost"))
    follows.read()
    with follows.database.writing() as connection:
        connection.execute("create table mine(x)")
        connection.execute("insert into mine values (7)")
    journalled.file.close()
    shutil.copy(tmp_path / "backup", journalled.path)
    journalled.file = JournalFile(journalled.path)
    journalled.write(*journalled.shot("i-3"))
    follows.read()
    freshness = follows.store.freshness()

    assert [each.incident for each in follows.store.briefs(Search())] == ["i-3", "i-1"]
    assert dump(follows.database, "mine") == [(7,)]
    assert any("read anew" in words for words in freshness.said)
    assert any("restored, replaced or begun anew" in words for words in freshness.said)
    assert (freshness.number, freshness.behind) == (14, 0)
    assert any(change.missed for change in follows.told)


def pruned(journalled, path, name):
    """A journal with an incident and, behind it, frames that were pruned but the last of them."""
    file = JournalFile(path)
    file.commit([*journalled.shot(name)])
    for _ in range(3):
        journalled.t_us += 3600 * S
        file.commit([journalled.health("P1") for _ in range(10)])
    file.commit([journalled.row("config")])
    file.close()
    prune(path, 3600 * S, journalled.t_us, path.parent, lambda *seen: None)


def test_a_journal_that_took_anothers_place_is_read_anew_also_where_the_row_read_last_was_pruned_there(
    tmp_path, journalled, follows
):
    journalled.write(*journalled.shot("old"), *(journalled.health("P1") for _ in range(9)))
    follows.read()
    (tmp_path / "there").mkdir()
    pruned(journalled, tmp_path / "there" / "other", "new")
    journalled.file.close()
    shutil.copy(tmp_path / "there" / "other", journalled.path)
    follows.read()

    assert gap_of(journalled.path, 16) is not None
    assert [each.incident for each in follows.store.briefs(Search())] == ["new"]
    assert any("read anew" in words for words in follows.store.freshness().said)


def test_a_journal_whose_row_read_last_was_pruned_is_the_same_one(tmp_path, journalled, follows):
    journalled.write(*journalled.shot("old"), *(journalled.health("P1") for _ in range(9)))
    follows.read()
    journalled.t_us += 7200 * S
    journalled.write(journalled.row("config"))
    journalled.file.close()
    prune(journalled.path, 3600 * S, journalled.t_us, tmp_path, lambda *seen: None)
    journalled.file = JournalFile(journalled.path)
    journalled.write(*journalled.shot("more"))
    follows.read()

    assert gap_of(journalled.path, 16) is not None
    assert [each.incident for each in follows.store.briefs(Search())] == ["more", "old"]
    assert not any("read anew" in words for words in follows.store.freshness().said)


def gap_of(path, number):
    with reading(path) as journal:
        return gap_at(journal, number)


def test_what_was_read_anew_is_what_was_read(tmp_path, journalled, follows):
    for n in range(5):
        journalled.write(*journalled.shot(f"i-{n}"), journalled.review(f"i-{n}", "unsure"), journalled.health("P1"))
    follows.read()
    tables = ("incident", "round", "onset", "review", "arrival", "pole", "past", "happened")
    before = {table: dump(follows.database, table) for table in tables}
    with follows.database.writing() as connection:
        connection.execute("update followed set number = 3, hash = zeroblob(32)")
    follows.read()

    assert {table: dump(follows.database, table) for table in tables} == before


def test_a_long_journal_comes_in_looks_and_says_meanwhile_how_far_it_is(journalled, follows):
    journalled.write(*(journalled.health("P1") for _ in range(MOST + 500)))
    follows.reader.step()
    half_way = follows.store.freshness()
    follows.read()

    assert (half_way.state, half_way.behind, half_way.number) == ("behind", 500, MOST)
    assert follows.store.freshness().behind == 0


def test_what_is_old_is_let_go_by_the_journals_time_but_not_what_incidents_rest_on(journalled, follows):
    journalled.write(*journalled.shot())
    follows.read()
    journalled.t_us += 4 * DAY_US
    journalled.write(journalled.health("P1"))
    follows.read()
    arrivals = dump(follows.database, "arrival")
    journalled.t_us += 60 * DAY_US
    journalled.write(journalled.health("P1"))
    past = follows.read().history("P1", 0, 1 << 61)

    assert arrivals == []
    assert len(follows.store.whole("i-1").rounds[0].onsets) == 6
    assert past.kept_us == journalled.t_us // (600 * S) * 600 * S


def test_a_row_from_the_future_lets_nothing_go(journalled, follows):
    follows.now_us = journalled.t_us + S
    journalled.write(journalled.arrival("P1", journalled.t_us), journalled.health("P1"))
    journalled.t_us += 4000 * DAY_US
    journalled.write(journalled.health("P2"))
    follows.read()

    assert len(dump(follows.database, "arrival")) == 1
    assert len(dump(follows.database, "past")) == 2


@pytest.mark.parametrize(
    ("rings", "quiet_s", "state"), [(True, 0, "ok"), (False, 0, "silent"), (True, 181, "silent"), (True, 170, "ok")]
)
def test_a_gateway_that_does_not_ring_or_writes_nothing_is_silent(journalled, follows, rings, quiet_s, state):
    journalled.write(journalled.health("P1"))
    follows.read()
    follows.pulse.rings, follows.pulse.clock = rings, lambda: journalled.t_us + quiet_s * S

    assert follows.store.freshness().state == state


def test_a_reader_that_does_not_move_is_offline(journalled, follows):
    journalled.write(journalled.health("P1"))
    follows.read()
    follows.pulse.rings, follows.pulse.steady = True, lambda: follows.pulse.looked_s + 76

    assert follows.store.freshness().state == "offline"
