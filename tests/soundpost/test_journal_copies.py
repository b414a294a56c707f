"""soundpost journal backup, restore and prune, as people use them: a backup under 500 frames a second brought back on
another root tells the same incidents, and so do a pruned journal with its archive, and the archive alone."""

import contextlib
import json
import subprocess
import sys

import numpy as np
import pytest

from dsp.air import Air
from firmware import wire
from gateway.alerts.bulletin import incident_record
from gateway.assembly.gateway import build_core
from gateway.config import read_config
from gateway.incident import Announce, Store
from gateway.intake.gate import Gate
from gateway.intake.seen import Seen
from gateway.journal.journal import Journal, frame_row
from gateway.journal.rows import Row, kept, reading
from simulators.street.pulses import CLEAN, Shot, arrivals, pulses, street
from soundpost.__main__ import main

DAY_US = 86_400_000_000
FIRED_US = 1_763_000_000_000_000
KEY = bytes(range(32))
SHOTS = [Shot((20.0, -30.0, 1.5), FIRED_US), Shot((21.0, -30.0, 1.5), FIRED_US + 900_000)]


@pytest.fixture
def config(tmp_path):
    """A gateway's config and keys: nine poles."""
    poles_m = np.round(street(np.random.default_rng(2), 9), 2).tolist()
    (tmp_path / "keys.toml").touch(0o600)
    (tmp_path / "keys.toml").write_text("".join(f'{i} = "{KEY.hex()}"\n' for i in range(len(poles_m))))
    (tmp_path / "gateway.toml").write_text(
        'journal = "street.journal"\nkeys_file = "keys.toml"\nsite = { lat_deg = 38.9, lon_deg = -77.0, h_m = 20 }\n'
        + "air = { temperature_c = 12 }\n"
        + "".join(f'[[pole]]\nnode = "{i}"\nxyz_m = {xyz_m}\n' for i, xyz_m in enumerate(poles_m))
        + '[[serial]]\nport = "/dev/ttyS0"\n'
    )
    return tmp_path / "gateway.toml"


@pytest.fixture
async def journal(tmp_path, config):
    """What a gateway of this config wrote down of two shots."""
    read = read_config(config)
    poles_m = np.array([pole.xyz_m for pole in read.poles().values()])
    core = build_core(read, Gate(dict.fromkeys(read.poles(), KEY), Seen(), 1))
    effects = []
    heard = arrivals(pulses(np.random.default_rng(4), poles_m, SHOTS, Air(12.0), CLEAN))
    for number, arrival in enumerate(heard):
        said = wire.Arrival(arrival.t_us, 1000, wire.LOCKED, 9500, wire.DBSPL, 3500, 930, wire.BLAST, 0,
                            (300, 2000, 900, 4), None, None)  # fmt: skip
        frame = wire.seal(said, KEY, arrival.node.encode(), 5, number + 1)
        effects += core.feed(frame, arrival.t_us + 200_000 + number)
    effects += core.tick(FIRED_US + 60_000_000)
    kept = Journal(tmp_path / "street.journal")
    for effect in effects:
        if isinstance(effect, Store):
            await kept.append([frame_row(effect)])
        elif isinstance(effect, Announce):
            record = incident_record(effect, read.the_site())
            await kept.append([Row("incident", FIRED_US, json.dumps(record, sort_keys=True).encode())])
    kept.close()
    return tmp_path / "street.journal"


WRITE = """
import asyncio, pathlib, sys, time
from firmware import wire
from gateway.journal.journal import Journal
from gateway.journal.rows import Row
def health(number, at_us):
    record = wire.Health(at_us, 200, wire.LOCKED, 60, 0, 0, 0, None, None, 0, 0, 0, 0, 1850, None, wire.DBSPL, None)
    return wire.seal(record, bytes(range(32)), b"3", 6, number)
async def write():
    journal, number, tasks = Journal(pathlib.Path(sys.argv[1])), 0, []
    ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    began_s = time.monotonic()
    while not ended.done():
        while number < (time.monotonic() - began_s) * 500:
            number += 1
            at_us = 1_763_000_100_000_000 + number * 2000
            tasks.append(journal.append([Row("frame", at_us, health(number, at_us), "3", 6, number)]))
        if number and number < 500:
            print("flowing", flush=True)
        await asyncio.sleep(0.001)
    await asyncio.gather(*tasks)
    journal.close()
    print(number, *journal.news(), flush=True)
asyncio.run(write())
"""


@contextlib.contextmanager
def five_hundred_frames_a_second(path):
    """From a process of its own; afterwards, how many there were, and what was wrong."""
    said = []
    with subprocess.Popen(
        [sys.executable, "-c", WRITE, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "flowing\n"
        try:
            yield said
        finally:
            said += process.communicate(timeout=60)[0].splitlines()[-1].split(" ", 1)


def run(*words):
    """A command in a process of its own, as people start it."""
    command = [sys.executable, "-m", "soundpost", *map(str, words)]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)


def replayed(path, config):
    told = run("replay", path, "--config", config, "--json")
    return told.returncode, [json.loads(line) | {"source": ""} for line in told.stdout.splitlines()], told.stderr


def test_a_backup_under_500_frames_a_second_is_restored_elsewhere_and_tells_the_same_incidents(
    journal, config, tmp_path
):
    other = tmp_path / "other"
    (other / "etc").mkdir(parents=True)
    for name in ("gateway.toml", "keys.toml"):
        (other / "etc" / name).touch(0o600)
        (other / "etc" / name).write_bytes((tmp_path / name).read_bytes())
    before = replayed(journal, config)
    with five_hundred_frames_a_second(journal) as said:
        backed = run("journal", "backup", journal, "--to", tmp_path / "night.backup", "--json")
    told = json.loads(backed.stdout)
    restored = run("journal", "restore", tmp_path / "night.backup", "--to", other / "street.journal")
    verified = run("journal", "verify", other / "street.journal", "--json")

    assert (backed.returncode, restored.returncode, verified.returncode) == (0, 0, 0), restored.stderr
    assert len(said) == 1  # no trouble
    assert json.loads(verified.stdout)["head"] == told["head"]
    assert told["whole"]
    assert 20 < told["rows"] <= 20 + int(said[0])
    assert replayed(other / "street.journal", other / "etc" / "gateway.toml") == before
    assert before[0] == 0
    assert len(before[1]) == 2


@pytest.fixture
async def older(journal):
    """The same journal 100 days later."""
    later = Journal(journal)
    await later.append([Row("lamp", FIRED_US + 100 * DAY_US, b'{"lamp": "l1"}')])
    later.close()
    return journal


def test_a_pruned_journal_with_its_archive_and_the_archive_alone_tell_the_same_incidents(older, config, capsys):
    before = replayed(older, config)
    assert main(["journal", "prune", str(older), "--keep", "90d", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    with reading(older) as connection:
        kinds = {each.row.kind for each in kept(connection)}

    assert told["frames"] == 18
    assert kinds == {"incident", "lamp", "pruned"}
    assert replayed(older, config) == before
    assert replayed(told["archive"], config) == before
    assert main(["journal", "verify", told["archive"]]) == 0


def test_verify_tells_where_pruned_frames_are_and_whether_they_are_what_was_archived(older, tmp_path, capsys):
    main(["journal", "prune", str(older), "--keep", "90d"])
    archive = next(tmp_path.glob("*.gz"))
    capsys.readouterr()
    states, ends = [], []
    for change in (None, lambda: archive.write_bytes(archive.read_bytes()[:-4] + b"abcd"), archive.unlink):
        if change:
            change()
        ends.append(main(["journal", "verify", str(older), "--json"]))
        states += [each["state"] for each in json.loads(capsys.readouterr().out)["archives"]]

    assert states == ["whole", "NOT what was archived", "not beside the journal"]
    assert ends == [0, 1, 0]


def test_a_damaged_archive_is_one_line_that_names_it(older, tmp_path, capsys):
    main(["journal", "prune", str(older), "--keep", "90d"])
    archive = next(tmp_path.glob("*.gz"))
    whole = archive.read_bytes()
    capsys.readouterr()
    for broken in (whole[:-20], whole[:200] + bytes([whole[200] ^ 1]) + whole[201:], whole[:20]):
        archive.write_bytes(broken)
        assert main(["journal", "verify", str(archive)]) == 1
        said = capsys.readouterr().err
        assert str(archive) in said
        assert len(said.splitlines()) == 1


def test_a_replay_without_the_archive_says_what_it_lacks_and_compares_the_rest(older, config, tmp_path):
    run("journal", "prune", older, "--keep", "90d")
    next(tmp_path.glob("*.gz")).unlink()
    status, shots, errors = replayed(older, config)

    assert (status, shots) == (0, [])
    assert "were pruned and are not replayed: not beside the journal: street.journal.rows-1-" in errors


def test_a_folder_gets_the_backup_under_a_name_with_the_time(journal, tmp_path, capsys):
    (tmp_path / "backups").mkdir()

    assert main(["journal", "backup", str(journal), "--to", str(tmp_path / "backups")]) == 0
    (backed,) = (tmp_path / "backups").iterdir()
    with reading(journal) as connection:
        n_rows = len(list(kept(connection)))
    assert backed.name.startswith("street.journal.2")
    said = capsys.readouterr().out
    assert f"backed up to {backed}, whole: {n_rows} rows" in said
    assert "copied in " in said


def test_nothing_to_prune_is_said(journal, capsys):
    assert main(["journal", "prune", str(journal), "--keep", "90d"]) == 0
    assert capsys.readouterr().out == "nothing to prune: no frame is older\n"


@pytest.mark.parametrize("keep", ["", "90", "1h", "0d", "-3d", "101y", "9999999d", "soon"])
def test_a_time_that_is_none_is_wrong_usage(journal, keep, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["journal", "prune", str(journal), f"--keep={keep}"])

    assert stopped.value.code == 2
    assert "must be 24h to 100y, as 36h, 90d, 12w, 1y" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["backup", "restore", "prune"])
def test_help_has_an_example(verb, capsys):
    with pytest.raises(SystemExit):
        main(["journal", verb, "--help"])

    assert f"  soundpost journal {verb} " in capsys.readouterr().out
