"""What the packages tell chrony: of a PPS that is there, and of nothing that is not; an admin's own words stay."""

import pathlib
import re
import shutil
import subprocess

import pytest

from deploy.package import tree

CHRONY = pathlib.Path(__file__).parents[2] / "deploy/chrony"
OURS = "etc/chrony/conf.d/soundpost-pps.conf"
DEBIAN = "confdir /etc/chrony/conf.d\npool 2.debian.pool.ntp.org iburst\nmakestep 1 3\n"


@pytest.fixture
def root(tmp_path):
    """A machine with Debian's chrony, a PPS and gpsd."""
    for folder in ("dev", "etc/chrony/conf.d", "usr/sbin"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "dev/pps0").touch()
    (tmp_path / "usr/sbin/gpsd").touch(0o755)
    (tmp_path / "etc/chrony/chrony.conf").write_text(DEBIAN)
    return tmp_path


def start(root):
    """As systemd does before chrony: what it says."""
    ran = subprocess.run(("sh", CHRONY / "at-start", root), check=False, capture_output=True, text=True, timeout=20)
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout


def directives(root):
    return [line for line in (root / OURS).read_text().splitlines() if line and not line.startswith("#")]


def test_a_pps_with_gpsd_is_told_with_sentences_that_name_its_second(root):
    assert "says what is there: pps-gpsd" in start(root)
    assert directives(root) == [
        "refclock SHM 0 refid NMEA offset 0.13 delay 0.2 noselect",
        "refclock PPS /dev/pps0 refid PPS lock NMEA poll 3",
        "maxclockerror 5",
    ]
    assert start(root) == ""  # nothing to do the next time


def test_a_pps_without_gpsd_has_its_second_from_servers(root):
    (root / "usr/sbin/gpsd").unlink()
    start(root)

    assert directives(root) == ["refclock PPS /dev/pps0 refid PPS poll 3", "maxclockerror 5"]


def test_where_the_device_is_gone_chrony_is_told_of_none_and_starts(root):
    start(root)
    (root / "dev/pps0").unlink()

    assert "is taken away: there is no /dev/pps0" in start(root)
    assert not (root / OURS).exists()
    assert start(root) == ""


@pytest.mark.parametrize("file", ["chrony.conf", "conf.d/gnss.conf"])
@pytest.mark.parametrize("line", ["refclock PHC /dev/ptp0", "  RefClock PPS /dev/pps0 lock GPS"])
def test_where_the_admin_has_a_refclock_ours_is_none(root, file, line):
    start(root)
    with (root / "etc/chrony" / file).open("a") as own:
        own.write(f"{line}\n")

    assert "has a refclock of its own" in start(root)
    assert not (root / OURS).exists()
    assert line in (root / "etc/chrony" / file).read_text()


def test_a_refclock_in_a_comment_is_none(root):
    with (root / "etc/chrony/chrony.conf").open("a") as own:
        own.write("#refclock PHC /dev/ptp0\n! refclock PPS /dev/pps1\n")
    start(root)

    assert directives(root)[-2].startswith("refclock PPS")


def test_a_file_that_the_admin_made_his_own_stays_even_without_a_device(root):
    (root / OURS).write_text("refclock PPS /dev/pps0 lock GPS\n")
    (root / "dev/pps0").unlink()

    assert "stays as it is" in start(root)
    assert directives(root) == ["refclock PPS /dev/pps0 lock GPS"]


def test_an_offset_that_was_set_for_the_receiver_stays_over_starts_and_new_releases(root):
    start(root)
    text = (root / OURS).read_text()
    (root / OURS).write_text(text.replace("offset 0.13", "offset 0.217").replace("poll 3", "poll 4"))
    start(root)

    assert directives(root)[0].split("offset ")[1] == "0.217 delay 0.2 noselect"
    assert directives(root)[1].endswith("poll 3")
    assert start(root) == ""


def test_without_chrony_nothing_is_written(root):
    shutil.rmtree(root / "etc/chrony")

    assert start(root) == ""
    assert not (root / "etc/chrony").exists()


@pytest.mark.parametrize("path", sorted(CHRONY.glob("[ps]*.conf")), ids=lambda path: path.stem)
def test_chronys_own_parser_takes_what_it_is_told(path, program, tmp_path):
    (tmp_path / "chrony.conf").write_text(f"include {path}\n")
    command = (program("chronyd"), "-p", "-f", tmp_path / "chrony.conf")
    ran = subprocess.run(command, check=False, capture_output=True, text=True, timeout=20)
    given = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]

    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines() == given


def test_systemd_runs_it_before_chrony_and_a_fault_of_it_keeps_no_chrony_from_starting(tmp_path):
    tree.lay_chrony(tmp_path)
    drop_in = (tmp_path / "usr/lib/systemd/system/chrony.service.d/10-soundpost.conf").read_text()
    (command,) = re.findall(r"^ExecStartPre=-\+/(\S+)$", drop_in, re.MULTILINE)

    assert (tmp_path / command).stat().st_mode & 0o777 == 0o755
    assert {path.name for path in (tmp_path / command).parent.iterdir()} == {
        "at-start", "pps.conf", "pps-gpsd.conf", "street-server.conf", "street-client.conf",
    }  # fmt: skip
    assert re.search("^ExecStartPre", drop_in, re.MULTILINE)
