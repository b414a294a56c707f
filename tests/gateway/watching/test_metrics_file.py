"""The file of figures: whole at every moment, and no trouble of it is the gateway's."""

import asyncio
import json
import os
import stat
import sys
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway.watching.textfile import MetricsFile
from hw.linux.textfile import write_whole
from simulators.peers.cable import Cable
from soundpost.__main__ import main

LIMIT_S = 20


def never():
    """Nobody asks whether it lives."""


async def written(path, text=""):
    async with asyncio.timeout(LIMIT_S):
        while not path.exists() or text not in path.read_text():  # noqa: ASYNC110 (a file wakes nobody)
            await asyncio.sleep(0.01)


async def test_it_is_written_at_once_and_again_and_again(tmp_path):
    path, texts = tmp_path / "soundpost.prom", iter(f"x {n}\n" for n in range(1000))
    task = asyncio.create_task(MetricsFile(path, lambda: next(texts), every_s=0.02).run(never))
    await written(path)
    await written(path, "x 3")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert stat.S_IMODE(path.stat().st_mode) & 0o444 == 0o444
    assert [each.name for each in tmp_path.iterdir()] in (["soundpost.prom"], ["soundpost.prom", "soundpost.prom.part"])


async def test_a_folder_that_is_away_ends_nothing_and_is_written_once_it_is_there(tmp_path, capsys):
    path = tmp_path / "away" / "soundpost.prom"
    task = asyncio.create_task(MetricsFile(path, lambda: "x 1\n", every_s=0.02).run(never))
    await asyncio.sleep(0.1)
    assert not task.done()
    path.parent.mkdir()
    await written(path)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert capsys.readouterr().out.count("metrics cannot be written") == 1


def test_a_write_that_fails_leaves_the_file_of_before(tmp_path):
    path = tmp_path / "soundpost.prom"
    write_whole(path, "x 1\n")
    (tmp_path / "soundpost.prom.part").mkdir()

    with pytest.raises(OSError, match="part"):
        write_whole(path, "x 2\n")
    assert path.read_text() == "x 1\n"


@pytest.mark.parametrize("lay", [os.symlink, os.link])
def test_what_somebody_laid_beside_it_leads_nowhere(tmp_path, lay):
    path, journal = tmp_path / "soundpost.prom", tmp_path / "street.journal"
    journal.write_text("all that was heard")
    lay(journal, tmp_path / "soundpost.prom.part")
    write_whole(path, "x 1\n")

    assert journal.read_text() == "all that was heard"
    assert (path.read_text(), path.is_symlink()) == ("x 1\n", False)


def test_a_pipe_beside_it_that_nobody_reads_holds_nobody_up(tmp_path):
    os.mkfifo(tmp_path / "soundpost.prom.part")
    write_whole(tmp_path / "soundpost.prom", "x 1\n")

    assert (tmp_path / "soundpost.prom").read_text() == "x 1\n"
    assert [each.name for each in tmp_path.iterdir()] == ["soundpost.prom"]


@pytest.fixture
async def cable():
    with Cable() as cable:
        yield cable


@pytest.fixture
def config(tmp_path, small_street, cable):
    """A gateway with one serial line."""
    poles = "".join(f'[[pole]]\nnode = "{p.node}"\nxyz_m = {list(p.xyz_m)}\n' for p in small_street.poles.values())
    (tmp_path / "figures").mkdir()
    (tmp_path / "gateway.toml").write_text(
        'journal = "street.journal"\nkeys_file = "keys.toml"\nmetrics_file = "figures/soundpost.prom"\n'
        f"site = {{ lat_deg = 38.9, lon_deg = -77.0, h_m = 20 }}\n{poles}\n"
        f'[[serial]]\nport = "{cable.a}"\n'
    )
    (tmp_path / "keys.toml").touch(0o600)
    (tmp_path / "keys.toml").write_text("".join(f'{n} = "{key.hex()}"\n' for n, key in small_street.keys.items()))
    return tmp_path / "gateway.toml"


def test_figures_where_nobody_can_write_are_told_by_the_check(config, capsys):
    config.write_text(config.read_text().replace("figures/soundpost.prom", "/proc/soundpost.prom"))

    assert main(["gateway", "--config", str(config), "--check"]) == 1
    assert "metrics_file: /proc/soundpost.prom cannot be written" in capsys.readouterr().err


async def test_a_running_gateway_writes_figures_that_node_exporter_tells(config, program, small_street):
    exporter = program("prometheus-node-exporter")
    command = (sys.executable, "-m", "soundpost", "gateway", "--config", config, "--json")
    gateway = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    folder, address = config.parent / "figures", "127.0.0.1:0"
    teller = None
    try:
        assert json.loads(await gateway.stdout.readline())["what"] == "ready"
        await written(folder / "soundpost.prom")
        options = ("--collector.disable-defaults", "--collector.textfile", f"--collector.textfile.directory={folder}")
        teller = await asyncio.create_subprocess_exec(
            exporter, *options, f"--web.listen-address={address}", stderr=asyncio.subprocess.PIPE
        )
        text = await asyncio.to_thread(_fetched, await _address_of(teller))
    finally:
        for each in filter(None, (teller, gateway)):
            each.terminate()
            await each.wait()
    found = {
        (each.name, each.labels.get("node"))
        for family in text_string_to_metric_families(text)
        for each in family.samples
    }

    assert {("soundpost_gateway_node_heard", node) for node in small_street.poles} <= found
    assert ("soundpost_gateway_ack_seconds_count", None) in found
    assert "node_textfile_scrape_error 0" in text


async def _address_of(teller):
    """Where it listens, as it says itself."""
    async with asyncio.timeout(LIMIT_S):
        while line := (await teller.stderr.readline()).decode():
            if "Listening on" in line or "listening on" in line.lower():
                return line.rsplit("address=", 1)[1].split()[0].strip('"')
    raise AssertionError("it says nothing of where it listens")


def _fetched(address):
    with urllib.request.urlopen(f"http://{address.replace('[::]', '127.0.0.1')}/metrics", timeout=LIMIT_S) as answer:
        return answer.read().decode()
