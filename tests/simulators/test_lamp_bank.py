"""The simulated lamp bank remembers what it was told, also as a process of its own."""

import asyncio
import contextlib
import json
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from hw.linux.lamp_map_file import lamp_map
from hw.modbus_lamps import ModbusLamps
from simulators.peers.lamp_bank import LampBank, main
from simulators.peers.peer import Notebook


async def test_the_bank_remembers_every_write_with_its_time():
    times_us = iter(range(1000, 2000))
    bank = LampBank(("127.0.0.1", 0), 4, 30, notebook=Notebook(now_us=lambda: next(times_us)))
    await bank.open()
    lamps = ModbusLamps(bank.url)
    await lamps.write_level(2, 100)
    await lamps.read_level(2)
    await lamps.write_level(2, 0)

    assert bank.notebook.entries == [
        {"t_us": 1000, "channel": 2, "level_pct": 100},
        {"t_us": 1001, "channel": 2, "relay_on": True},
        {"t_us": 1002, "channel": 2, "level_pct": 0},
        {"t_us": 1003, "channel": 2, "relay_on": False},
    ]
    assert bank.levels == [30, 30, 0, 30]
    await lamps.close()
    await bank.close()


def test_the_bank_as_a_process_says_where_it_is_and_logs_and_ends_when_told(tmp_path):
    log = tmp_path / "told.jsonl"
    program = [sys.executable, "-m", "simulators.peers.lamp_bank", "--tcp", "127.0.0.1:0", "--lamps", "3"]
    began_us = time.time_ns() // 1000
    with subprocess.Popen([*program, "--level-pct", "30", "--log", log], stdout=subprocess.PIPE, text=True) as bank:
        url = json.loads(bank.stdout.readline())["url"]

        async def order():
            lamps = ModbusLamps(url)
            assert await lamps.read_level(2) == 30
            await lamps.write_level(2, 100)
            await lamps.close()

        asyncio.run(order())
        bank.send_signal(signal.SIGTERM)
        assert bank.wait(10) == 0
    told = [json.loads(line) for line in log.read_text().splitlines()]

    assert [(line["channel"], line.get("level_pct"), line.get("relay_on")) for line in told] == [
        (2, 100, None), (2, None, True),
    ]  # fmt: skip
    assert all(began_us <= line["t_us"] <= time.time_ns() // 1000 for line in told)


def test_an_address_in_use_is_named():
    async def take_and_ask():
        bank = LampBank(("127.0.0.1", 0))
        await bank.open()
        other = LampBank(("127.0.0.1", int(bank.url.rpartition(":")[2])))
        with pytest.raises(OSError, match=f"{bank.url}: the lamp bank cannot listen here"):
            await other.open()
        await bank.close()

    asyncio.run(take_and_ask())


@pytest.mark.parametrize("arguments", [["--lamps", "0"], ["--level-pct", "101"], ["--kind", "9=dead"]])
def test_a_senseless_bank_is_refused_in_one_line(arguments, capsys):
    assert main(["--tcp", "127.0.0.1:0", *arguments]) == 1

    assert capsys.readouterr().err.count("\n") == 1


@contextlib.asynccontextmanager
async def bank_with_all(n_lamps=4, fail_s=2.0):
    """A bank at 30 per cent and its driver, with its whole map."""
    bank = LampBank(("127.0.0.1", 0), n_lamps, 30)
    await bank.open()
    lamps = ModbusLamps(bank.url, 3.0, lamp_map("soundpost-bank", pathlib.Path()), fail_s)
    try:
        yield bank, lamps
    finally:
        await lamps.close()
        await bank.close()


async def test_a_bank_that_nobody_speaks_to_goes_back_to_what_it_was_told_to():
    async with bank_with_all() as (bank, lamps):
        await lamps.keep({0: 45, 1: 30})
        await lamps.write_level(0, 100)
        async with asyncio.timeout(10):
            await bank.went_back.wait()

        assert bank.levels == [45, 30, 30, 30]
        assert bank.notebook.entries[-1].items() >= {"channel": 0, "level_pct": 45, "by": "watchdog"}.items()


async def test_a_bank_that_is_spoken_to_keeps_its_lamps_up():
    async with bank_with_all() as (bank, lamps):
        await lamps.write_level(0, 100)
        for _ in range(12):
            await lamps.keep({0: 30})
            await asyncio.sleep(0.25)

        assert bank.levels[0] == 100
        assert not bank.went_back.is_set()


@pytest.mark.parametrize(
    ("kind", "level_pct", "power_w", "lamp_failure"),
    [("good", 100, 40, False), ("dead", 100, 0, True), ("dark", 100, 0, False), ("stuck", 30, 12, False),
     ("slow", 30, 12, False), ("lying", 100, 12, False), ("burning", 100, 40, False)],
)  # fmt: skip
async def test_each_kind_of_lamp_shows_in_what_the_bank_says(kind, level_pct, power_w, lamp_failure):
    async with bank_with_all() as (bank, lamps):
        bank.drive_kind(1, kind)
        bank.bodies[1].slow_us = 60_000_000
        await lamps.write_level(1, 100)
        state = await lamps.read_state(1)

        assert (state.level_pct, state.power_w, state.lamp_failure) == (level_pct, power_w, lamp_failure)
        assert state.current_a == pytest.approx(power_w / 230, abs=0.001)


async def test_a_lamp_that_somebody_has_in_hand_says_so():
    async with bank_with_all() as (bank, lamps):
        bank.in_hand.add(2)

        assert [(await lamps.read_state(channel)).manual for channel in range(4)] == [False, False, True, False]
