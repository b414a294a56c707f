"""What the doctor says of a Linux node itself: whether it runs, what waits, and its figures."""

import os
import time

from firmware.linux.spool import Spool
from firmware.outbox import Saved
from soundpost.doctor import outbox
from soundpost.doctor.rounds import checks_of
from soundpost.doctor.subject import read_subject


def levels(verdicts):
    return {each.check: (each.level, each.says) for each in verdicts}


def test_a_node_that_runs_is_seen_by_its_lock_and_not_disturbed(tmp_path):
    spool = Spool(tmp_path, 7)
    found = levels(outbox.check_outbox(tmp_path))
    spool.keep(Saved(spool.boot, 1, False, b"x"))  # it has its file still
    spool.close()

    assert found["node"] == ("PASS", f"runs as process {os.getpid()}")


def test_where_none_runs_that_fails_and_what_waits_is_counted(tmp_path):
    spool = Spool(tmp_path, 7)
    for sequence in range(60):
        spool.keep(Saved(spool.boot, sequence, sequence % 3 == 0, b"x"))
    spool.close()
    found = levels(outbox.check_outbox(tmp_path))

    assert found["node"][0] == "FAIL"
    assert found["waiting"] == ("WARN", "40 arrivals and 20 words of itself wait for the gateway")
    assert Spool(tmp_path, 7).boot == 8  # looking at it was no start of it


def test_a_node_that_never_ran_is_told_once(tmp_path):
    assert [each.check for each in outbox.check_outbox(tmp_path / "state")] == ["node"]


def test_who_waits_for_a_lock_does_not_hold_it(tmp_path):
    (tmp_path / "f").touch()
    inode = (tmp_path / "f").stat().st_ino
    waits = f"1: -> POSIX  ADVISORY  WRITE 55 08:01:{inode} 0 EOF\n"

    assert outbox.who_holds(tmp_path / "f", waits) is None
    assert outbox.who_holds(tmp_path / "f", waits + f"1: POSIX  ADVISORY  WRITE 66 08:01:{inode} 0 EOF\n") == 66
    assert outbox.who_holds(tmp_path / "f", "") is None


def test_a_nodes_figures_are_looked_at_as_a_gateways(tmp_path):
    (tmp_path / "node.toml").write_text(
        'node = "n1"\nkey_file = "n1.key"\nstate_dir = "state"\nmetrics_file = "n1.prom"\n'
    )
    (tmp_path / "n1.prom").touch()
    checks = {each.name: each for each in checks_of(read_subject(tmp_path / "node.toml"), False)}
    (fresh,) = checks["metrics"].ask()
    os.utime(tmp_path / "n1.prom", (time.time() - 600,) * 2)
    (old,) = checks["metrics"].ask()

    assert (fresh.level, old.level) == ("PASS", "FAIL")
    assert "node" in checks
