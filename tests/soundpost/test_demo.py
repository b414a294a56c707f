"""`soundpost demo` as a process: a short night with real children, and what becomes of them when it is cut short."""

import asyncio
import contextlib
import json
import os
import pathlib
import re
import signal
import sys
import urllib.error
import urllib.request

import pytest

from soundpost.__main__ import main

LIMIT_S = 120
SHORT = """
start_utc = "2026-11-23T03:00:00Z"
duration_s = {duration_s}
rate_hz = 16000
site = {{ lat_deg = 40.4, lon_deg = -80.0 }}
air = {{ temperature_c = 4.0 }}
shots = [{{ t_s = 1.5, xyz_m = [38.0, 28.0, 1.5], calibre = "9mm" }}]
lamps = [{{ name = "L1", xyz_m = [0, 0, 6], channel = 0 }}, {{ name = "L2", xyz_m = [66, 1, 6], channel = 1 }}]
cameras = [{{ name = "C1", xyz_m = [0, 0, 5.5], bearing_deg = 45.0 }}]
poles = [
  {{ node = "P1", xyz_m = [0, 0, 6] }}, {{ node = "P2", xyz_m = [66, 1, 6.2] }}, {{ node = "P3", xyz_m = [64, 64, 7] }},
  {{ node = "P4", xyz_m = [-2, 62, 6.1] }}, {{ node = "P5", xyz_m = [120, 40, 6], clock_error_us = 60 }},
]
"""


@pytest.fixture
def demo(tmp_path):
    """Starts `soundpost demo` on a short scenario; in the end nothing of it runs."""
    started = []

    async def start(duration_s, *options):
        scenario = tmp_path / "short.toml"
        scenario.write_text(SHORT.format(duration_s=duration_s))
        command = (sys.executable, "-m", "soundpost", "demo", "--scenario", scenario, "--out", tmp_path / "out")
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *command, *options, stdout=pipe, stderr=pipe, start_new_session=True
        )
        started.append(process)
        return process

    yield start
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # a test that failed leaves no lamp bank and no camera behind


async def finish(process):
    """Standard output, standard error and exit status."""
    async with asyncio.timeout(LIMIT_S):
        out, err = await process.communicate()
    return out.decode(), err.decode(), process.returncode


async def until_said(process, words):
    """Read what it says until these words come; the line that has them."""
    async with asyncio.timeout(LIMIT_S):
        while line := await process.stdout.readline():
            if words in line.decode():
                return line.decode()
    raise AssertionError(f"ended without saying {words!r}: {(await process.stderr.read()).decode()}")


def children(pid):
    """Process ids of a process's children, by their command lines."""
    found = {}
    for folder in pathlib.Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError, IndexError):
            if int((folder / "stat").read_text().rpartition(")")[2].split()[1]) == pid:
                found[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
    return found


def still_run(pids):
    return [pid for pid in pids if pathlib.Path(f"/proc/{pid}").exists()]


async def test_a_short_night_is_placed_lit_watched_and_written_down(demo, tmp_path):
    out, err, status = await finish(await demo(3.0, "--json"))
    assert status == 0, err
    result = json.loads(out)
    page = (tmp_path / "out" / "report.html").read_text()

    assert result["holds"] is True
    assert [shot["error_m"] < 5 for shot in result["rounds"]] == [True]
    assert result["lamps_pct"] == {"L1": 100, "L2": 100}
    assert result["lamps_before_pct"] == result["lamps_after_pct"] == {"L1": 30, "L2": 30}
    assert [(each["lamp"], each["open"]) for each in result["lamps_failed"]] == [("L2", True)]
    assert [look["off_deg"] < 1 for look in result["looks"]] == [True]
    assert 0 < result["rounds"][0]["lamps_full_ms_after_needed"] < 10_000
    assert all(program["status"] == 0 for program in result["programs"])
    assert sum(program["name"].startswith("node-") for program in result["programs"]) == 5
    assert json.loads((tmp_path / "out" / "result.json").read_text()) == result
    assert result["sentence"].replace("'", "&#39;") in page
    assert re.findall(r'(?:src|href)="(?!seen/|data:image/jpeg;base64,)', page) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
async def test_a_night_that_is_cut_short_leaves_no_process_and_no_page(demo, tmp_path, number):
    process = await demo(60.0, "--link", "serial")
    await until_said(process, "ready")
    pids = children(process.pid)
    process.send_signal(number)
    _, _, status = await finish(process)

    assert len(pids) == 1 + 3 + 1 + 1 + 5  # lamp bank; camera, its picture, plate reader; gateway, evidence; nodes
    assert still_run(pids) == []
    assert status == 130
    assert not (tmp_path / "out" / "report.html").exists()


async def until_well(address):
    """What the pages' process says of itself once it has heard of its gateway, which starts beside it."""
    for _ in range(150):
        with contextlib.suppress(urllib.error.HTTPError):
            return (await asyncio.to_thread(urllib.request.urlopen, address)).read().decode()
        await asyncio.sleep(0.2)
    raise AssertionError(f"{address}: never well")


async def test_with_pages_they_are_up_from_before_the_night_until_told_to_stop(demo, tmp_path):
    pytest.importorskip("fastapi")
    process = await demo(3.0, "--link", "serial", "--web")
    said = await until_said(process, "sign in as demo with")
    address, password = re.search(r"(http://\S+)  sign in as demo with (\S+)", said).groups()
    health = await until_well(f"{address}/health")
    await until_said(process, "the night is over")
    pids = children(process.pid)
    process.send_signal(signal.SIGINT)
    out, err, status = await finish(process)

    assert health in ("ok", "behind")
    assert any("soundpost web" in command for command in pids.values())
    assert (status, still_run(pids)) == (0, []), out + err
    assert (tmp_path / "out" / "report.html").exists()
    kept = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert [path for path in kept if password.encode() in path.read_bytes()] == []
    assert not any(password in command for command in pids.values())


async def test_a_gateway_that_dies_in_the_night_ends_the_demo_with_one_line(demo):
    process = await demo(60.0, "--link", "serial")
    await until_said(process, "ready")
    pids = children(process.pid)
    os.kill(next(pid for pid, command in pids.items() if "soundpost gateway" in command), signal.SIGKILL)
    _, err, status = await finish(process)

    assert status == 1
    assert "soundpost demo: gateway: ended with status -9" in err
    assert len(err.splitlines()) == 1
    assert still_run(pids) == []


@pytest.mark.parametrize(
    ("scenario", "says"),
    [
        ("quiet", "quiet.toml: shots: nothing is fired; the demo needs at least one shot"),
        ("nowhere.toml", "nowhere.toml: No such file or directory"),
    ],
)
def test_a_scenario_that_makes_no_demo_is_one_line_and_nothing_is_written(tmp_path, capsys, scenario, says):
    status = main(["demo", "--scenario", scenario, "--out", str(tmp_path / "out")])

    assert status == 1
    assert says in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_folder_that_no_demo_made_is_left_alone(tmp_path, capsys):
    (tmp_path / "thesis.txt").write_text("all my work")
    status = main(["demo", "--out", str(tmp_path)])

    assert status == 1
    assert "holds thesis.txt, which no demo made; give another --out" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_help_offers_no_scenario_that_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["demo", "--help"])
    said = " ".join(capsys.readouterr().out.split())

    assert "one of: canyon, street (default" in said
