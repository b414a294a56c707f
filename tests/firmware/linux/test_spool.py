"""What a Linux node keeps survives a kill at any instant, a torn file end, and two nodes are kept apart."""

import contextlib
import pathlib
import signal
import sqlite3
import subprocess
import sys

import pytest

from firmware.linux.spool import Spool, first_boot
from firmware.outbox import Saved

WRITER = """
import pathlib, sys
from firmware.outbox import Saved
from firmware.linux.spool import Spool
spool = Spool(pathlib.Path(sys.argv[1]), 1)
for sequence in range(1, 100000):
    spool.keep(Saved(spool.boot, sequence, False, bytes(100)))
    print(sequence, flush=True)
"""


def saved(boot, sequence, is_health=False):
    return Saved(boot, sequence, is_health, b"frame %d" % sequence)


def test_what_is_kept_is_there_at_the_next_start_in_order(tmp_path):
    first = Spool(tmp_path / "state", 1)
    for sequence in (1, 2, 3):
        first.keep(saved(first.boot, sequence, is_health=sequence == 2))
    first.forget([(first.boot, 1), (77, 77)])
    first.close()
    second = Spool(tmp_path / "state", 1)

    assert second.saved == (saved(1, 2, is_health=True), saved(1, 3))
    assert second.boot == 2


def test_a_boot_number_is_one_more_than_the_last_and_hangs_on_no_clock(tmp_path):
    boots = []
    for drawn in (700, 5, 4_000_000_000):
        spool = Spool(tmp_path, drawn)
        spool.close()
        boots.append(spool.boot)

    assert boots == [700, 701, 702]


@pytest.mark.parametrize("left", [2**32 - 1, 4_400_000_000])
def test_a_boot_number_that_fills_the_frame_is_begun_anew(tmp_path, left):
    """4.4e9: what a start with the clock in 2109 once left behind."""
    Spool(tmp_path, 1).close()
    with contextlib.closing(sqlite3.connect(tmp_path / "outbox.sqlite", isolation_level=None)) as store:
        store.execute("update boot set number = ?", (left,))
    spool = Spool(tmp_path, 700)
    spool.close()

    assert spool.boot == 700
    assert Spool(tmp_path, 9).boot == 701


def test_a_lost_state_begins_with_another_boot_number():
    drawn = {first_boot() for _ in range(100)}

    assert len(drawn) == 100
    assert min(drawn) > 0
    assert max(drawn) < 2**31


def test_a_second_node_on_the_same_state_is_refused(tmp_path):
    first = Spool(tmp_path, 1)

    with pytest.raises(OSError, match="in use by another node"):
        Spool(tmp_path, 1)
    first.keep(saved(first.boot, 1))


def test_a_file_that_is_no_spool_is_named(tmp_path):
    (tmp_path / "outbox.sqlite").write_bytes(b"not a database" * 100)

    with pytest.raises(OSError, match=r"outbox\.sqlite"):
        Spool(tmp_path, 1)


def test_whatever_was_kept_before_a_kill_is_there_after_it(tmp_path):
    with subprocess.Popen([sys.executable, "-c", WRITER, tmp_path], stdout=subprocess.PIPE, text=True) as writer:
        kept = [int(writer.stdout.readline()) for _ in range(50)]
        writer.send_signal(signal.SIGKILL)
        kept += [int(line) for line in writer.stdout if line.endswith("\n")]

    there = {entry.sequence for entry in Spool(tmp_path, 1).saved}

    assert there >= set(kept)


@pytest.mark.parametrize("cut_bytes", [1, 100, 4000])
def test_a_torn_end_costs_at_most_what_was_torn(tmp_path, cut_bytes):
    spool = Spool(tmp_path, 1)
    for sequence in range(1, 21):
        spool.keep(saved(spool.boot, sequence))
    torn = tmp_path / "torn"
    torn.mkdir()
    for part in tmp_path.glob("outbox.sqlite*"):
        (torn / part.name).write_bytes(part.read_bytes())
    log = pathlib.Path(torn / "outbox.sqlite-wal")
    log.write_bytes(log.read_bytes()[:-cut_bytes])

    there = [entry.sequence for entry in Spool(torn, 1).saved]

    assert there == list(range(1, 20))


def test_an_outbox_is_for_its_owner_only_old_ones_too(tmp_path):
    (tmp_path / "outbox.sqlite").touch(0o644)
    spool = Spool(tmp_path, 1)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
    spool.close()
