"""A node whose disk is bad at its start or later goes on hearing, and keeps its records on it once it is well."""

import subprocess

import pytest
from structlog.testing import capture_logs

from firmware.linux.patient_spool import PatientSpool
from firmware.linux.spool import Spool
from firmware.outbox import Saved


def saved(sequence, boot=7):
    return Saved(boot, sequence, False, b"frame %d" % sequence)


class Steady:
    """A clock that the test drives."""

    def __init__(self):
        self.now_s = 100.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def disk(tmp_path):
    """A small real disk of memory: drive("ro"), drive("rw")."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder], check=False, capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"no disk may be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def drive(disk, options):
    subprocess.run(["mount", "-o", f"remount,{options}", disk], check=True)


def on_disk(folder):
    spool = Spool(folder, 1)
    spool.close()
    return [each.sequence for each in spool.saved]


def test_a_read_only_disk_at_the_start_is_borne_and_written_when_it_is_well(disk):
    clock = Steady()
    drive(disk, "ro")
    with capture_logs() as logs:
        spool = PatientSpool(disk / "state", 7, clock)
        for sequence in range(1, 6):
            spool.keep(saved(sequence))
        spool.forget([(7, 2)])
        drive(disk, "rw")
        spool.keep(saved(6))  # it is not tried at each record
        assert not (disk / "state").exists()
        clock.now_s += 5
        spool.keep(saved(7))
        spool.close()

    assert (spool.boot, spool.saved) == (7, ())
    assert on_disk(disk / "state") == [1, 3, 4, 5, 6, 7]
    assert [each["event"] for each in logs] == [
        "records are kept in memory only: a power cut would lose them", "records are kept on the disk again",
    ]  # fmt: skip


def test_a_disk_that_fills_up_is_borne_and_taken_up_again(disk):
    clock = Steady()
    spool = PatientSpool(disk / "state", 7, clock)
    (disk / "fill").write_bytes(bytes(7_900_000))
    with capture_logs() as logs:
        for sequence in range(1, 400):
            spool.keep(Saved(7, sequence, False, bytes(1000)))
        (disk / "fill").unlink()
        spool.forget([(7, sequence) for sequence in range(1, 300)])
        clock.now_s += 5
        spool.keep(saved(400))
        spool.close()

    assert on_disk(disk / "state") == list(range(300, 401))
    assert len(logs) == 2


@pytest.mark.parametrize("garbage", [b"not a database" * 100, b"SQLite format 3\0" + b"\xff" * 4000])
def test_a_damaged_outbox_is_set_aside_and_a_new_one_begun(tmp_path, garbage):
    (tmp_path / "outbox.sqlite").write_bytes(garbage)
    with capture_logs() as logs:
        spool = PatientSpool(tmp_path, 7)
        spool.keep(saved(1))
        spool.close()

    (aside,) = tmp_path.glob("outbox.sqlite.damaged-*Z-1")
    assert aside.read_bytes() == garbage
    assert on_disk(tmp_path) == [1]
    assert [each["event"] for each in logs] == ["the outbox was damaged; it is set aside, a new one begun"]


def test_what_an_earlier_run_left_is_sent_from_a_read_only_disk_and_forgotten_on_it_later(disk):
    clock = Steady()
    earlier = Spool(disk / "state", 7)
    for sequence in (1, 2, 3):
        earlier.keep(saved(sequence))
    earlier.close()
    drive(disk, "ro")
    spool = PatientSpool(disk / "state", 900, clock)
    spool.forget([(7, 1)])
    drive(disk, "rw")
    clock.now_s += 5
    spool.keep(saved(1, boot=900))
    spool.close()

    assert spool.saved == (saved(1), saved(2), saved(3))
    assert spool.boot == 900  # a number that is not on the disk is drawn, so that no two starts have the same
    assert on_disk(disk / "state") == [2, 3, 1]


def test_whatever_is_in_the_way_while_it_runs_does_not_end_it(tmp_path):
    clock, state = Steady(), tmp_path / "state"
    state.mkdir()
    (state / "outbox.sqlite").mkdir()
    with capture_logs() as logs:
        spool = PatientSpool(state, 7, clock)
        (state / "outbox.sqlite").rmdir()
        state.rmdir()
        state.write_bytes(b"")  # a file where the folder was
        clock.now_s += 5
        spool.keep(saved(1))
        state.unlink()
        other = Spool(state, 50)  # and another node
        clock.now_s += 5
        spool.keep(saved(2))
        other.close()
        clock.now_s += 5
        spool.keep(saved(3))
        spool.close()

    assert on_disk(state) == [1, 2, 3]
    assert len(logs) == 2


def test_a_second_node_and_a_file_in_the_folders_place_are_refused(tmp_path):
    spool = PatientSpool(tmp_path / "state", 7)
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(OSError, match="in use by another node"):
        PatientSpool(tmp_path / "state", 7)
    with pytest.raises(FileExistsError):
        PatientSpool(tmp_path / "file", 7)
    spool.close()


def test_only_its_owner_may_read_an_outbox(tmp_path):
    """Clips are sound."""
    PatientSpool(tmp_path, 7).close()

    assert (tmp_path / "outbox.sqlite").stat().st_mode & 0o777 == 0o600
