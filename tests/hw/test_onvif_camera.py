"""The ONVIF driver where the world is broken: errors come soon and name the address, never the password."""

import asyncio
import contextlib
import logging
import subprocess
import sys
import time

import pytest
from aiohttp import web

from hw.onvif_camera import OnvifCamera
from simulators.peers.camera import VirtualCamera

SECRET = "correct-horse-battery"


@contextlib.asynccontextmanager
async def virtual(address=("127.0.0.1", 0), **more):
    camera = VirtualCamera(address, password=SECRET, **more)
    await camera.open()
    try:
        yield camera
    finally:
        await camera.close()


@contextlib.asynccontextmanager
async def impostor(answer):
    """A web server that gives every request this answer."""

    async def reply(request):
        return web.Response(body=answer, content_type="application/soap+xml")

    app = web.Application()
    app.router.add_route("*", "/{any:.*}", reply)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_a_wrong_password_is_refused_and_not_shown(caplog):
    caplog.set_level(logging.DEBUG)
    async with virtual() as there:
        camera = OnvifCamera(there.url, "soundpost", "wrong-" + SECRET)
        with pytest.raises(OSError, match=f"{there.url}: the camera refuses: the user name, password") as caught:
            await camera.aim(1, 2)

    assert SECRET not in str(caught.value) + repr(caught.value.__cause__) + caplog.text
    assert there.notebook.entries == []
    await camera.close()


async def test_a_right_password_is_not_logged(caplog):
    caplog.set_level(logging.DEBUG)
    async with virtual() as there:
        camera = OnvifCamera(there.url, "soundpost", SECRET)
        await camera.aim(1, 2)
        await camera.close()

    assert SECRET not in caplog.text
    assert len(there.notebook.entries) == 1


async def test_a_camera_with_a_wrong_clock_still_turns():
    hour_us = 3_600_000_000
    async with virtual(now_us=lambda: time.time_ns() // 1000 - 5 * hour_us) as there:
        camera = OnvifCamera(there.url, "soundpost", SECRET)
        await camera.aim(10, 0)
        await camera.close()

    assert there.looks() == pytest.approx((10, 0), abs=1e-4)


async def test_a_camera_that_is_away_is_named_and_used_again_when_back():
    async with virtual() as there:
        camera = OnvifCamera(there.url, "soundpost", SECRET)
        await camera.aim(10, 0)
        address = ("127.0.0.1", int(there.url.rpartition(":")[2]))
    with pytest.raises(OSError, match=f"{there.url}: the camera cannot be reached"):
        await camera.aim(20, 0)
    async with virtual(address) as there:
        await camera.aim(30, 0)

        assert there.looks() == pytest.approx((30, 0), abs=1e-4)
        await camera.close()


async def test_a_camera_that_says_nothing_is_given_up():
    silent = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    host, port = silent.sockets[0].getsockname()
    camera = OnvifCamera(f"http://{host}:{port}", "soundpost", SECRET, timeout_s=0.3)

    with pytest.raises(OSError, match=r"the camera does not answer within 0\.3 s"):
        await camera.read_aim()
    await camera.close()
    silent.close()


SOAP = '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>{}</s:Body></s:Envelope>'
HOSTILE = {
    "nothing": b"",
    "noise": bytes(range(256)),
    "html": b"<html><body>404</body></html>",
    "no body": b"<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope'/>",
    "empty body": SOAP.format("").encode(),
    "another answer": SOAP.format("<a:b xmlns:a='urn:a'/>").encode(),
    "entity": b"<!DOCTYPE a [<!ENTITY b 'c'>]>" + SOAP.format("&b;").encode(),
    "laughs": b"<!DOCTYPE a [<!ENTITY b 'cccccccccc'><!ENTITY d '&b;&b;&b;&b;'>]>" + SOAP.format("&d;&d;").encode(),
}


@pytest.mark.parametrize("answer", HOSTILE.values(), ids=HOSTILE.keys())
async def test_a_server_that_is_no_camera_gives_one_kind_of_error(answer):
    async with impostor(answer) as url:
        camera = OnvifCamera(url, "soundpost", SECRET)
        with pytest.raises(OSError, match=f"{url}: the camera"):
            await camera.aim(0, 0)
        await camera.close()


@pytest.mark.parametrize("url", ["", "camera", "rtsp://a", "http://", "http://a:port", "http://a:99999"])
def test_a_senseless_url_shows_the_legal_form(url):
    with pytest.raises(ValueError, match="must be http://HOST:PORT"):
        OnvifCamera(url, "soundpost", SECRET)


def test_a_url_with_a_password_is_refused_without_showing_it():
    with pytest.raises(ValueError, match="must not hold a user or password") as caught:
        OnvifCamera(f"http://soundpost:{SECRET}@camera", "soundpost", SECRET)

    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("span_deg", [(10, 10), (20, 10), (-361, 0)])
def test_a_senseless_span_is_refused(span_deg):
    with pytest.raises(ValueError, match="pan span"):
        OnvifCamera("http://camera", "soundpost", SECRET, pan_span_deg=span_deg)


MISSING = """
import sys
sys.modules["aiohttp"] = None
from hw.onvif_camera import OnvifCamera
try:
    OnvifCamera("http://camera", "soundpost", "secret")
except OSError as error:
    print(error)
"""


def test_without_the_extra_one_line_says_what_to_install():
    ran = subprocess.run([sys.executable, "-c", MISSING], capture_output=True, text=True, timeout=20, check=True)

    assert ran.stdout == "cameras need the extra `camera`: pip install -e '.[camera]'\n"
