"""What a real chronyd says of a receiver that is driven, as a node reads it. It sets no clock of this machine."""

import asyncio
import os
import shutil
import subprocess
import sys

import pytest

from firmware.clock import HOLDOVER_US
from hw.linux.chrony import UNSET, read_clock
from simulators.peers.chronyd import DrivenChronyd

LIMIT_S = 30


@pytest.fixture
def chronyd(program, tmp_path):
    """Makes one in a folder that anybody may look into."""
    programs = program("chronyd"), program("chronyc")

    def make(**more):
        return DrivenChronyd(tmp_path, *programs, **more)

    for folder in (tmp_path, *tmp_path.parents[:3]):
        if folder.owner() == tmp_path.owner() and folder.name != "tmp":
            folder.chmod(folder.stat().st_mode | 0o055)
    return make


async def until(made, holds):
    """The first reading of which `holds` is true; the last one's words where none is."""
    reading = await read_clock(str(made.bin / "chronyc"))
    try:
        async with asyncio.timeout(LIMIT_S):
            while not holds(reading):
                await asyncio.sleep(0.1)
                reading = await read_clock(str(made.bin / "chronyc"))
    except TimeoutError:
        raise AssertionError(f"it says {reading} still") from None
    return reading


async def test_a_pulse_is_followed_with_a_sigma_of_microseconds(chronyd):
    with chronyd() as made:
        reading = await until(made, lambda found: found.source == "pps" and found.sigma_us < 100)

    assert 1 <= reading.sigma_us < 100


async def test_a_pulse_that_stops_is_held_over_with_a_sigma_that_grows(chronyd):
    with chronyd() as made:
        before = await until(made, lambda found: found.source == "pps" and found.sigma_us < 100)
        made.is_on = False
        after = await until(made, lambda found: found.sigma_us >= before.sigma_us + 3)

    assert after.source == "pps"
    assert after.sigma_us < HOLDOVER_US


async def test_a_pulse_named_by_the_wrong_second_beside_a_server_leaves_the_clock_unset(chronyd):
    with chronyd(with_server=True) as made:
        await until(made, lambda found: found.source == "pps")
        made.second_off_s = 1.0
        reading = await until(made, lambda found: found == UNSET)

    assert reading == UNSET


async def test_without_a_server_chrony_believes_the_wrong_second_and_nobody_on_the_node_can_tell(chronyd):
    with chronyd() as made:
        made.second_off_s = 1.0
        reading = await until(made, lambda found: found.source == "pps" and found != UNSET)

    assert reading.sigma_us > 900_000  # -x: the offset is never taken out; a chrony that may set the clock takes it out


async def test_a_server_alone_is_ntp(chronyd):
    with chronyd(with_server=True, with_receiver=False) as made:
        reading = await until(made, lambda found: found.source == "ntp")

    assert reading.sigma_us < HOLDOVER_US


async def test_a_user_without_rights_may_ask(chronyd):
    """The node's service runs as one: chronyc asks over UDP on the loopback, which needs none."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root can become somebody else")
    with chronyd() as made:
        await until(made, lambda found: found.source == "pps")
        asked = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs")
        command = (*asked, made.bin / "chronyc", "-n", "-c", "tracking")
        ran = await asyncio.to_thread(subprocess.run, command, check=False, capture_output=True, timeout=LIMIT_S)

    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith(b"50505300,PPS,1,")


def test_the_doctor_of_a_node_says_that_the_second_is_wrong(chronyd, tmp_path):
    (tmp_path / "node.toml").write_text('node = "n1"\nkey_file = "n1.key"\nstate_dir = "."\n')
    with chronyd(with_server=True) as made:
        made.second_off_s = 1.0
        asyncio.run(until(made, lambda found: found == UNSET))
        lines = doctor(made, tmp_path)
        for _ in range(50):
            if any("wrong one" in line for line in lines):
                break
            lines = doctor(made, tmp_path)

    (second,) = (line for line in lines if " seconds " in line)
    assert second.startswith("FAIL")
    assert "PPS is 1.0 s ahead of 127.0.0.1: its pulse is named by the wrong one" in second
    (time,) = (line for line in lines if " time  " in line)
    assert "follows pps" not in time  # the server, or nobody


def test_the_doctor_of_a_node_passes_a_pulse_that_a_server_bears_out(chronyd, tmp_path):
    (tmp_path / "node.toml").write_text('node = "n1"\nkey_file = "n1.key"\nstate_dir = "."\n')
    with chronyd(with_server=True) as made:
        asyncio.run(until(made, lambda found: found.source == "pps" and found.sigma_us < 100))
        lines = doctor(made, tmp_path)

    assert "PASS  seconds                  PPS and 127.0.0.1 tell the same one" in lines
    assert any(line.startswith("PASS  time ") and "chrony follows pps" in line for line in lines)


def doctor(made, folder):
    where = {**os.environ, "PATH": f"{made.bin}:{os.environ['PATH']}"}
    command = (sys.executable, "-m", "soundpost", "doctor", "--config", folder / "node.toml")
    ran = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60, env=where)
    return ran.stdout.splitlines()
