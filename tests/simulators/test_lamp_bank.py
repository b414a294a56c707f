"""The simulated lamp bank remembers what it was told, also as a process of its own."""

import asyncio
import json
import signal
import subprocess
import sys
import time

import pytest

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


@pytest.mark.parametrize("arguments", [["--lamps", "0"], ["--level-pct", "101"]])
def test_a_senseless_bank_is_refused_in_one_line(arguments, capsys):
    assert main(["--tcp", "127.0.0.1:0", *arguments]) == 1

    assert capsys.readouterr().err.count("\n") == 1
