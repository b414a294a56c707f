"""The virtual camera remembers its orders, turns at its speed, checks who asks, and says where it truly looks."""

import asyncio
import base64
import datetime
import hashlib
import json
import os
import signal
import subprocess
import sys

import pytest
from aiohttp import ClientSession
from hypothesis import given
from hypothesis.strategies import binary

from hw.onvif_camera import OnvifCamera
from simulators.peers import onvif_soap
from simulators.peers.camera import VirtualCamera, main
from simulators.peers.mount import Mount

NOW_US = 1_700_000_000_000_000
NOW = datetime.datetime.fromtimestamp(NOW_US / 1e6, datetime.UTC)


async def test_a_camera_on_its_way_tells_where_it_is():
    clock_us = [NOW_US]
    virtual = VirtualCamera(speed_deg_s=60, now_us=lambda: clock_us[0])
    await virtual.open()
    camera = OnvifCamera(virtual.url, "soundpost", "street")
    await camera.aim(90, -10)
    passed = []
    for _ in range(4):
        passed.append(await camera.read_aim())
        clock_us[0] += 500_000

    for found, expected in zip(passed, [(0, 0), (30, -10), (60, -10), (90, -10)], strict=True):
        assert found == pytest.approx(expected, abs=1e-4)
    assert virtual.notebook.entries == [{"t_us": NOW_US, "pan_deg": 90, "tilt_deg": -10}]
    await camera.close()
    await virtual.close()


def test_a_mount_sent_elsewhere_on_its_way_starts_from_where_it_is():
    mount = Mount(10, (0, 0), (100, 0), 0).towards((0, 0), 3_000_000)

    assert mount.at(3_000_000) == (30, 0)
    assert mount.at(4_000_000) == (20, 0)
    assert mount.at(9_000_000) == (0, 0)


def token(password="street", at=NOW, **instead):
    created, nonce = at.strftime("%Y-%m-%dT%H:%M:%SZ"), b"0123456789abcdef"
    digest = base64.b64encode(hashlib.sha1(nonce + created.encode() + password.encode()).digest()).decode()
    made = {"Username": "soundpost", "Password": digest, "Nonce": base64.b64encode(nonce).decode(), "Created": created}
    return made | instead


def test_the_right_token_opens():
    assert onvif_soap.authorised(token(), "soundpost", "street", NOW)


LATE = datetime.timedelta(seconds=301)
WRONG = [
    {}, token("other"), token(Username="root"), token(at=NOW - LATE), token(at=NOW + LATE), token(Nonce="AAAA"),
    token(Nonce="no base64!"), token(Created="yesterday"), token(Created="2023-11-14T22:13:20"), token(Password="é"),
]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_any_other_token_does_not(wrong):
    assert not onvif_soap.authorised(wrong, "soundpost", "street", NOW)


@given(binary(max_size=300))
def test_hostile_requests_are_only_ever_refused(body):
    with pytest.raises(onvif_soap.Refused):
        onvif_soap.parse(body)


def test_entities_are_not_opened():
    envelope = '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><GetStatus>&f;</GetStatus></s:Body></s:Envelope>'
    asked = onvif_soap.parse(f'<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/passwd">]>{envelope}'.encode())

    assert asked == onvif_soap.Request("GetStatus", {}, None)


async def test_what_the_camera_does_not_know_is_a_fault():
    virtual = VirtualCamera()
    await virtual.open()
    async with ClientSession() as web:
        for body in (b"<a/>", onvif_soap.envelope("<tptz:Explode/>").encode(), onvif_soap.envelope("").encode()):
            async with web.post(virtual.url + "/onvif/ptz_service", data=body) as answer:
                assert answer.status == 400
                assert "Fault" in await answer.text()
    await virtual.close()


async def test_an_order_without_a_token_moves_nothing():
    virtual = VirtualCamera()
    await virtual.open()
    move = '<tptz:AbsoluteMove><tptz:Position><tt:PanTilt x="0.5" y="0"/></tptz:Position></tptz:AbsoluteMove>'
    body = onvif_soap.envelope(move).encode()
    async with ClientSession() as web, web.post(virtual.url + "/onvif/ptz_service", data=body) as answer:
        assert "NotAuthorized" in await answer.text()

    assert virtual.looks() == (0, 0)
    await virtual.close()


def test_the_camera_as_a_process_says_where_it_is_and_logs_and_ends_when_told(tmp_path):
    log = tmp_path / "told.jsonl"
    program = [sys.executable, "-m", "simulators.peers.camera", "--listen", "127.0.0.1:0", "--log", log]
    environment = {**os.environ, "CAMERA_PASSWORD": "a secret"}
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True, env=environment) as process:
        url = json.loads(process.stdout.readline())["url"]

        async def order():
            camera = OnvifCamera(url, "soundpost", "a secret")
            await camera.aim(-45, 12)
            await camera.close()

        asyncio.run(order())
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    told = json.loads(log.read_text())

    assert (told["pan_deg"], told["tilt_deg"]) == (-45, 12)


@pytest.mark.parametrize("arguments", [["--speed-deg-s", "-1"], ["--pan-span-deg", "10", "-10"]])
def test_a_senseless_camera_is_refused_in_one_line(arguments, capsys):
    assert main(arguments) == 1

    assert capsys.readouterr().err.count("\n") == 1


async def test_an_address_in_use_is_named():
    virtual = VirtualCamera()
    await virtual.open()
    other = VirtualCamera(("127.0.0.1", int(virtual.url.rpartition(":")[2])))

    with pytest.raises(OSError, match=f"{virtual.url}: the camera cannot listen here"):
        await other.open()
    await virtual.close()
