"""Time, as a chronyc on the path tells it: good, hanging, nonsense."""

import os
import subprocess
import sys
import time

import pytest

TRACKING = "50505330,PPS0,1,1790000000.1,0.0000001,0.00000005,0.0000002,-1.5,0.001,0.02,1e-9,1e-6,16.0,Normal"
SOURCES = "#,*,PPS0,0,4,377,12,0.000000100,0.000000120,0.000001000\n^,-,192.0.2.1,2,6,377,35,0.0001,0.0001,0.002"
CHRONYC = 'case "$*" in *tracking) echo "{tracking}";; *sources) printf "{sources}\\n";; esac'
HANGS = "exec sleep 30"


def doctor(folder, script):
    (folder / "bin").mkdir()
    (folder / "bin/chronyc").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "bin/chronyc").chmod(0o755)
    (folder / "node.toml").write_text('node = "n1"\nkey_file = "n1.key"\nstate_dir = "."\n')
    where = {**os.environ, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}
    command = (sys.executable, "-m", "soundpost", "doctor", "--config", folder / "node.toml")
    ran = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60, env=where)
    return ran.stdout.splitlines()


def test_a_node_that_follows_a_pps_says_so_with_its_sigma(tmp_path):
    lines = doctor(tmp_path, CHRONYC.format(tracking=TRACKING, sources=SOURCES.replace("\n", "\\n")))

    assert "PASS  time                     chrony follows pps, sigma 2 us" in lines
    assert "PASS  time sources             2 of 2 time sources can be used" in lines
    assert "PASS  pps                      chrony follows a reference clock of this host" in lines
    assert "PASS  seconds                  PPS0 and 192.0.2.1 tell the same one" in lines


@pytest.mark.parametrize("script", [HANGS, "exit 1", "echo nonsense,,,", "head -c 100000 /dev/zero", ""])
def test_a_chronyc_that_hangs_or_talks_nonsense_is_no_clock_and_holds_nobody_up(tmp_path, script):
    began_s = time.monotonic()
    lines = doctor(tmp_path, script)

    assert any(line.startswith("FAIL  time  ") and "coarse" in line for line in lines)
    assert time.monotonic() - began_s < 30
    assert lines[-1].endswith("FAIL")
