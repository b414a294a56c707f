"""A real gateway, killed (-9) at some moment round its decision and started again: a real Modbus bank and a real ONVIF
conversation see every order once."""

import asyncio
import json
import signal
import sys
import time
from collections import Counter

import pytest

from gateway.journal.rows import kept, reading
from hw.serial_line import open_serial_line
from simulators.peers.cable import Cable
from simulators.peers.camera import VirtualCamera
from simulators.peers.lamp_bank import LampBank

LIMIT_S = 25
SHOT = (45.0, 30.0, 1.5)


def now_us():
    return time.time_ns() // 1000


@pytest.fixture
def folder(tmp_path, small_street):
    """A gateway's folder, but for its devices."""
    keys = "".join(f'{node} = "{key.hex()}"\n' for node, key in small_street.keys.items())
    for name, text in (("keys.toml", keys), ("password", "street\n")):
        (tmp_path / name).touch(0o600)
        (tmp_path / name).write_text(text)
    return tmp_path


def write_config(folder, street, port, bank, camera):
    poles = "".join(f'[[pole]]\nnode = "{each.node}"\nxyz_m = {list(each.xyz_m)}\n' for each in street.poles.values())
    lamps = ", ".join(
        f'{{ name = "{lamp.name}", channel = {i}, xyz_m = {list(lamp.xyz_m)} }}' for i, lamp in enumerate(street.lamps)
    )
    (folder / "gateway.toml").write_text(
        'journal = "street.journal"\nkeys_file = "keys.toml"\nsite = { lat_deg = 38.9, lon_deg = -77.0, h_m = 20 }\n'
        f'air = {{ temperature_c = 12 }}\n{poles}[[serial]]\nport = "{port}"\n'
        f'[[lamp_bank]]\nurl = "{bank.url}"\nlamps = [{lamps}]\n'
        f'[[camera]]\nname = "c1"\nurl = "{camera.url}"\nuser = "soundpost"\npassword_file = "password"\n'
        "xyz_m = [60, -20, 5]\nbearing_deg = 30\npan_span_deg = [-180, 180]\ntilt_span_deg = [-90, 90]\n"
        "[policy.lights]\nonly_when_dark = false\n"
    )


async def started(folder):
    command = (sys.executable, "-m", "soundpost", "gateway", "--config", folder / "gateway.toml", "--json")
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=(folder / "log").open("ab")
    )
    async with asyncio.timeout(LIMIT_S):
        while json.loads(await process.stdout.readline())["what"] != "ready":
            pass
    return process


async def killed(process):
    process.kill()
    async with asyncio.timeout(LIMIT_S):
        return await process.communicate()


async def until_lit(bank):
    async with asyncio.timeout(LIMIT_S):
        while bank.levels != [100] * 4:  # noqa: ASYNC110 - a bank has no bell
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("after_s", [0.1, 0.5, 0.75, 1.0])
async def test_a_gateway_that_is_killed_round_its_decision_tells_no_lamp_and_no_camera_twice(
    folder, small_street, after_s
):
    bank, camera = LampBank(("127.0.0.1", 0), 4, 30), VirtualCamera(tilt_span_deg=(-90, 90))
    await bank.open()
    await camera.open()
    process = None
    try:
        with Cable() as cable:
            write_config(folder, small_street, cable.a, bank, camera)
            process = await started(folder)
            line = await open_serial_line(cable.b, 115200)
            frames = [frame for _, frame in small_street.frames_of(SHOT, now_us() - 400_000)]
            for frame in frames:
                await line.write_frame(frame)
            await asyncio.sleep(after_s)  # the moment of the kill, which is what is tried here
            await killed(process)
            process = await started(folder)
            for frame in frames:  # a node says again what was not acked; the rest counts as heard
                await line.write_frame(frame)
            await until_lit(bank)
            await asyncio.sleep(1.0)  # whatever comes too much comes by then
            process.send_signal(signal.SIGTERM)
            await process.communicate()
            await line.close()
    finally:
        if process is not None and process.returncode is None:
            await killed(process)
        await bank.close()
        await camera.close()
    switched = Counter(each["channel"] for each in bank.notebook.entries if "relay_on" in each)  # a write's last step

    assert set(switched) <= set(range(4))
    assert set(switched.values()) <= {1}
    assert len(camera.notebook.entries) <= 2  # once for the provisional round, once for the decided one
    with reading(folder / "street.journal") as journal:
        done = [json.loads(each.row.body) for each in kept(journal, "effect")]
    aims = Counter((each["incident"], each["action"]) for each in done if each["note"] == "took the order")
    assert set(aims.values()) <= {1}
