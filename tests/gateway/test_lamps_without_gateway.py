"""A gateway that is killed with lamps up, and what its lamps do then: real processes, a real bank, a real pty."""

import asyncio
import contextlib
import json
import signal
import sys
import time

import pytest

from gateway.journal.rows import kept, reading
from hw.serial_line import open_serial_line
from simulators.peers.cable import Cable
from simulators.peers.lamp_bank import LampBank

LIMIT_S = 30
SHOT = (45.0, 30.0, 1.5)
NIGHT_PCT = (30, 45, 10, 0)


def now_us():
    return time.time_ns() // 1000


@contextlib.asynccontextmanager
async def gateway(folder):
    """A running gateway; told to end, where it is still there."""
    command = (sys.executable, "-m", "soundpost", "gateway", "--config", folder / "gateway.toml", "--json")
    with (folder / "log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, stderr=log)
    try:
        await said(process, "ready")
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            async with asyncio.timeout(LIMIT_S):
                await process.wait()


async def said(process, what, **fields):
    async with asyncio.timeout(LIMIT_S):
        while line := await process.stdout.readline():
            told = json.loads(line)
            if told["what"] == what and fields.items() <= told.items():
                return told
    raise AssertionError(f"ended without saying {what}")


@pytest.fixture
async def street(tmp_path, small_street):
    """The small street with a bank whose lamps are at NIGHT_PCT, and the serial line of its nodes."""
    bank = LampBank(("127.0.0.1", 0), 4)
    for channel, level_pct in enumerate(NIGHT_PCT):
        bank.drive_level(channel, level_pct)
    await bank.open()
    poles = "".join(f'[[pole]]\nnode = "{p.node}"\nxyz_m = {list(p.xyz_m)}\n' for p in small_street.poles.values())
    lamps = ", ".join(
        f'{{ name = "{lamp.name}", channel = {i}, xyz_m = {list(lamp.xyz_m)}, rated_w = 40.0 }}'
        for i, lamp in enumerate(small_street.lamps)
    )
    with Cable() as cable:
        (tmp_path / "gateway.toml").write_text(
            'journal = "street.journal"\nkeys_file = "keys.toml"\nair = { temperature_c = 12 }\n'
            f'site = {{ lat_deg = 38.9, lon_deg = -77.0, h_m = 20 }}\n{poles}[[serial]]\nport = "{cable.a}"\n'
            f'[[lamp_bank]]\nurl = "{bank.url}"\nmap = "soundpost-bank"\nfail_s = 6.0\nlooks_s = 1.0\nanswer_s = 2.0\n'
            f"lamps = [{lamps}]\n"
            "[policy.lights]\nonly_when_dark = false\nhold_s = 8\n"
        )
        (tmp_path / "keys.toml").touch(0o600)
        keys = "".join(f'{node} = "{key.hex()}"\n' for node, key in small_street.keys.items())
        (tmp_path / "keys.toml").write_text(keys)
        line = await open_serial_line(cable.b, 115200)
        yield bank, line, small_street, tmp_path
        await line.close()
    await bank.close()


async def shoot(line, small_street, process):
    for _, frame in small_street.frames_of(SHOT, now_us() - 400_000):
        await line.write_frame(frame)
    for _ in small_street.lamps:
        await said(process, "light", done=True)


async def on_disk(folder, n_rows):
    """Until so many effects are in the journal."""
    for _ in range(200):
        with reading(folder / "street.journal") as journal:
            if len(list(kept(journal, "effect"))) >= n_rows:
                return
        await asyncio.sleep(0.05)
    raise AssertionError("the effects are not written")


async def test_lamps_of_a_killed_gateway_are_back_to_what_they_were_within_ten_seconds(street):
    bank, line, small_street, folder = street
    async with gateway(folder) as process:
        await shoot(line, small_street, process)
        assert bank.levels == [100] * 4
        process.send_signal(signal.SIGKILL)
        killed_s = time.monotonic()
        async with asyncio.timeout(20):
            await bank.went_back.wait()
        took_s = time.monotonic() - killed_s

    assert bank.levels == list(NIGHT_PCT)
    assert bank.relays == [True, True, True, False]
    assert took_s < 10.0


async def test_lamps_go_back_to_what_each_was_when_the_hold_is_over_also_by_the_next_gateway(street):
    bank, line, small_street, folder = street
    async with gateway(folder) as process:
        await shoot(line, small_street, process)
        await on_disk(folder, 4)
        process.send_signal(signal.SIGKILL)
    bank.watchdog_s = 0.0  # a board that has none
    async with gateway(folder) as process:
        for _ in small_street.lamps:
            await said(process, "light", done=True, level_pct=30)
    with reading(folder / "street.journal") as journal:
        rows = [json.loads(each.row.body) for each in kept(journal, "effect")]

    assert bank.levels == list(NIGHT_PCT)
    assert {row["device"]: row["was_pct"] for row in rows if "was_pct" in row} == {
        f"l{i}": NIGHT_PCT[i] for i in range(4)
    }


async def test_a_dead_lamp_is_one_line_and_one_row_and_not_again_after_a_restart(street):
    bank, line, small_street, folder = street
    bank.drive_kind(1, "dead")
    async with gateway(folder) as process:
        found = await said(process, "lamp")
    async with gateway(folder) as process:
        await shoot(line, small_street, process)
    with reading(folder / "street.journal") as journal:
        rows = [json.loads(each.row.body) for each in kept(journal, "lamp")]

    assert (found["lamp"], found["fault"], found["open"]) == ("l1", "lamp", True)
    assert rows == [{key: found[key] for key in rows[0]}]
