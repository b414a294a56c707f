"""A camera that a changed survey adds: by hand its password is asked for, and lies where the gateway can read it."""

import os
import pty
import pwd
import subprocess
import sys

import pytest

HEAD = "pole,lat,lon,height,node,camera,camera_user"
ROWS = [f"P{n},38.90{n:02},-77.0005,6.5,n{n}" for n in range(6)]
USER = ("--broker-user", "root") if os.geteuid() == 0 else ()
LIMIT_S = 60


@pytest.fixture
def street(tmp_path):
    """A folder without a camera; then a survey with two of them, one with a login."""
    return _made(tmp_path)


def _made(tmp_path, *more):
    (tmp_path / "survey.csv").write_text("\n".join([HEAD, *(f"{row},," for row in ROWS)]))
    made = _init(tmp_path, "--host", "10.0.0.1", *USER, *more)
    assert made.returncode == 0, made.stderr
    rows = [f"{ROWS[0]},http://10.0.0.9,viewer", f"{ROWS[1]},http://10.0.0.10,", *(f"{row},," for row in ROWS[2:])]
    (tmp_path / "survey.csv").write_text("\n".join([HEAD, *rows]))
    return tmp_path / "street"


def _init(at, *more, passwords=None):
    """passwords : what somebody at a terminal types, who agrees first; None: no terminal is there."""
    command = (sys.executable, "-m", "soundpost", "init", at / "survey.csv", "--out", at / "street", *more)
    if passwords is None:
        kinds = {"capture_output": True, "text": True, "timeout": LIMIT_S}
        return subprocess.run(command, check=False, stdin=subprocess.DEVNULL, **kinds)
    ours, theirs = pty.openpty()
    running = subprocess.Popen(
        command, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    os.write(ours, b"y\n")
    asked = b""
    for password in passwords:  # what is typed before it is asked for is thrown away (getpass)
        while not asked.endswith(b": "):
            asked += os.read(running.stderr.fileno(), 1)
        os.write(ours, f"{password}\n".encode())
        asked += b"\n"
    out, err = running.communicate(timeout=LIMIT_S)
    os.close(ours)
    os.close(theirs)
    return subprocess.CompletedProcess(command, running.returncode, out.decode(), (asked + err).decode())


def test_by_hand_the_password_of_a_new_camera_is_asked_for_and_kept_for_its_owner_alone(street, tmp_path):
    ran = _init(tmp_path, passwords=["open sesame"])
    kept = street / "cameras/P0.password"

    assert (ran.returncode, kept.read_text()) == (0, "open sesame\n")
    assert kept.stat().st_mode & 0o777 == 0o600
    assert "password of camera P0" in ran.stdout + ran.stderr
    assert "password of camera P1" not in ran.stdout + ran.stderr
    assert "write the password" not in ran.stdout
    assert "open sesame" not in ran.stdout + ran.stderr
    assert 'password_file = "cameras/P0.password"' in (street / "gateway.toml").read_text()


def test_nothing_typed_leaves_it_for_later_and_says_so(street, tmp_path):
    ran = _init(tmp_path, passwords=[""])

    assert ran.returncode == 0
    assert "write the password of camera P0 into" in ran.stdout
    assert not (street / "cameras").exists()


def test_a_script_is_asked_nothing_and_told_what_is_left_to_do(street, tmp_path):
    ran = _init(tmp_path, "--yes")

    assert ran.returncode == 0
    assert "write the password of camera P0 into" in ran.stdout


def test_a_password_that_lies_there_is_not_asked_for_again(street, tmp_path):
    (street / "cameras").mkdir()
    (street / "cameras/P0.password").write_text("by hand\n")
    ran = _init(tmp_path, passwords=[])

    assert (ran.returncode, (street / "cameras/P0.password").read_text()) == (0, "by hand\n")
    assert "password of camera P0" not in ran.stdout + ran.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_gateway_that_runs_as_a_service_can_read_the_password_that_came_later(tmp_path):
    street = _made(tmp_path, "--gateway-user", "nobody")
    ran = _init(tmp_path, passwords=["open sesame"])
    kept = street / "cameras/P0.password"

    assert ran.returncode == 0, ran.stderr
    assert (kept.owner(), kept.stat().st_mode & 0o777) == (pwd.getpwnam("nobody").pw_name, 0o600)
    assert kept.parent.stat().st_mode & 0o777 == 0o711
