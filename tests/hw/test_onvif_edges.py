"""The ONVIF driver at cameras that are odd, slow, half booted or hostile, and over TLS."""

import asyncio
import contextlib
import datetime
import gzip
import hashlib
import ssl
import time
import zlib

import pytest
import trustme
from aiohttp import web
from structlog.testing import capture_logs

from gateway.orders import Aim
from gateway.reaction.cameras import Cameras
from gateway.reaction.eye import Eye
from gateway.street import Mount
from hw.onvif_camera import OnvifCamera, Trust
from simulators.peers import onvif_soap
from simulators.peers.camera import VirtualCamera

SECRET = "correct-horse-battery"
PLAIN = {"presets": 0, "home": "false", "more": ""}


@contextlib.asynccontextmanager
async def virtual(**more):
    camera = VirtualCamera(password=SECRET, **more)
    await camera.open()
    try:
        yield camera
    finally:
        await camera.close()


@contextlib.asynccontextmanager
async def client(url, **more):
    camera = OnvifCamera(url, "soundpost", SECRET, **more)
    try:
        yield camera
    finally:
        await camera.close()


@contextlib.asynccontextmanager
async def server(answer):
    """A web server; `answer` is given each request. Comes back: its url."""
    app = web.Application()
    app.router.add_route("*", "/{any:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def fixed(text):
    return lambda camera, request: text


def refuse(camera, request):
    raise onvif_soap.Refused("ActionNotSupported", "not here")


# --- TLS


@pytest.fixture
def authority():
    return trustme.CA()


@pytest.fixture
def https(authority):
    """(TLS context of a camera at 127.0.0.1, SHA-256 of its certificate)."""
    mine = authority.issue_cert("127.0.0.1")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    mine.configure_cert(context)
    der = ssl.PEM_cert_to_DER_cert(mine.cert_chain_pems[0].bytes().decode())
    return context, hashlib.sha256(der).hexdigest()


@pytest.mark.parametrize("way", ["ca_file", "fingerprint", "fingerprint with colons", "verify = false"])
async def test_an_https_camera_turns_once_it_is_known(tmp_path, authority, https, way):
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    trust = {
        "ca_file": Trust(ca_file=str(tmp_path / "ca.pem")),
        "fingerprint": Trust(fingerprint=https[1]),
        "fingerprint with colons": Trust(fingerprint=":".join(https[1][i : i + 2] for i in range(0, 64, 2)).upper()),
        "verify = false": Trust(verify=False),
    }[way]
    async with virtual(tls=https[0]) as there, client(there.url, trust=trust) as camera:
        await camera.aim(30, -5)

        assert there.url.startswith("https://")
        assert there.looks() == pytest.approx((30, -5), abs=1e-4)


@pytest.mark.parametrize(
    ("trust", "says"),
    [
        (Trust(), r"the camera's certificate cannot be verified \(unable to get local issuer certificate\)"),
        (Trust(fingerprint="ab" * 32), "another certificate than the one of its `fingerprint`"),
    ],
)
async def test_an_https_camera_that_is_not_known_is_told_nothing(https, trust, says):
    asked = []
    async with virtual(tls=https[0]) as there, client(there.url, trust=trust) as camera:
        there.delay_s = lambda operation: asked.append(operation) or 0.0
        with pytest.raises(OSError, match=f"{there.url}: the camera.*{says[-40:]}"):
            await camera.aim(30, -5)

    assert asked == []


def test_a_ca_file_that_cannot_be_used_is_named(tmp_path):
    (tmp_path / "bad.pem").write_text("no certificate")

    with pytest.raises(OSError, match=r"bad\.pem: not a usable certificate"):
        OnvifCamera("https://camera", "u", SECRET, trust=Trust(ca_file=str(tmp_path / "bad.pem")))
    with pytest.raises(OSError, match=r"none\.pem: cannot be read"):
        OnvifCamera("https://camera", "u", SECRET, trust=Trust(ca_file=str(tmp_path / "none.pem")))


# --- slow and half booted


@contextlib.asynccontextmanager
async def street(*cameras):
    """Cameras on mounts c0, c1... and what they report."""
    told, more = [], asyncio.Event()

    def report(outcome):
        told.append((outcome.device, outcome.done, outcome.note))
        more.set()

    async def until(condition, limit_s=15):
        async with asyncio.timeout(limit_s):
            while not condition(told):
                more.clear()
                await more.wait()

    eyes = [Eye(Mount(f"c{i}", (0, 0, 5)), camera) for i, camera in enumerate(cameras)]
    turning = Cameras(eyes, lambda: time.time_ns() // 1000, report)
    try:
        yield turning, told, until
    finally:
        await turning.close()


async def test_a_camera_that_hung_once_while_connecting_is_whole_the_next_time():
    hangs = [1.0]
    async with virtual() as there, client(there.url, timeout_s=0.2) as camera, street(camera) as (turning, _, until):
        there.delay_s = lambda operation: hangs.pop() if operation == "GetNodes" and hangs else 0.0
        await turning.greet()
        turning.order(Aim("c0", 90.0, -10.0, "i1", None, None))
        await until(lambda told: ("c0", True, "looks there, 0.00 degrees off") in told)

        assert there.looks() == pytest.approx((90, -10), abs=1e-4)


async def test_an_order_that_is_given_up_while_it_connects_leaves_the_connecting_to_end_whole():
    asked = []
    async with virtual() as there, client(there.url) as camera:
        there.delay_s = lambda operation: asked.append(operation) or 0.1
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.25):
                await camera.aim(90, -10)
        await camera.aim(45, -10)

        assert there.looks() == pytest.approx((45, -10), abs=1e-4)
    assert asked == ["GetSystemDateAndTime", "GetServices", "GetProfiles", "GetNodes", "AbsoluteMove"]


async def test_a_camera_that_takes_half_the_limit_for_each_call_turns_within_the_limit(monkeypatch):
    """As 1.5 s a call is to 3 s; five times as fast, for the sake of the suite's time."""
    monkeypatch.setattr("gateway.reaction.cameras.GIVE_UP_S", 0.6)
    async with contextlib.AsyncExitStack() as slow:
        there = await slow.enter_async_context(virtual())
        camera = await slow.enter_async_context(client(there.url, timeout_s=0.6))
        turning, told, until = await slow.enter_async_context(street(camera))
        there.delay_s = lambda operation: 0.3
        with capture_logs() as logs:
            await turning.greet()
            turning.order(Aim("c0", 90.0, -10.0, "i1", None, None))
            await until(lambda told: ("c0", True, "looks there, 0.00 degrees off") in told)

    assert told[0] == ("c0", True, "took the order")
    assert logs == []


async def test_a_camera_that_is_once_too_slow_is_not_connected_to_anew():
    asked = []
    async with virtual() as there, client(there.url, timeout_s=0.3) as camera:
        await camera.aim(10, 0)
        there.delay_s = lambda operation: 1.0
        with pytest.raises(OSError, match="does not answer within"):
            await camera.aim(20, 0)
        there.delay_s = lambda operation: asked.append(operation) or 0.0
        await camera.aim(30, 0)

    assert asked == ["AbsoluteMove"]


async def test_a_camera_whose_clock_is_set_while_connected_takes_the_order_after_the_one_that_it_refused():
    ahead_us = [0]
    async with virtual(now_us=lambda: time.time_ns() // 1000 + ahead_us[0]) as there, client(there.url) as camera:
        await camera.aim(10, 0)
        ahead_us[0] = 5 * 3_600_000_000
        with pytest.raises(OSError, match="the camera refuses: the user name, password or time"):
            await camera.read_aim()
        asked = asyncio.Event()
        there.delay_s = lambda operation: asked.set() or 0.0 if operation == "GetNodes" else 0.0
        async with asyncio.timeout(5):
            await asked.wait()
        await camera.aim(20, 0)

        assert there.looks() == pytest.approx((20, 0), abs=1e-4)


async def test_an_order_under_way_is_not_spoilt_by_a_question_that_is_refused():
    async with virtual() as there, client(there.url) as camera:
        await camera.aim(10, 0)
        there.answers["GetStatus"] = refuse
        there.delay_s = lambda operation: 0.2 if operation == "AbsoluteMove" else 0.0
        order = asyncio.create_task(camera.aim(20, 0))
        with pytest.raises(OSError, match="not here"):
            await camera.read_aim()
        await order

        assert there.looks() == pytest.approx((20, 0), abs=1e-4)


async def test_a_wrong_password_is_tried_once_an_order():
    asked = []
    async with virtual() as there, client(there.url) as camera:
        there.answers["GetServices"] = there.answers["GetCapabilities"] = refuse
        there.delay_s = lambda operation: asked.append(operation) or 0.0
        with pytest.raises(OSError, match="refuses"):
            await camera.aim(1, 1)
        await asyncio.sleep(0)

    assert asked == ["GetSystemDateAndTime", "GetServices", "GetCapabilities"]


async def test_a_connection_is_kept_warm_and_a_camera_that_comes_back_is_said(monkeypatch):
    monkeypatch.setattr("gateway.reaction.cameras.WARM_S", 0.05)
    monkeypatch.setattr("gateway.backoff.Backoff.next_s", lambda self: 0.01)
    asked, failed_often, looked_twice = [], asyncio.Event(), asyncio.Event()

    def note(operation):
        asked.append(operation)
        if len(asked) == 12:
            failed_often.set()
        if asked.count("GetStatus") == 2:
            looked_twice.set()
        return 0.0

    async with virtual() as there, client(there.url) as camera, street(camera) as (turning, _, _):
        there.answers["GetProfiles"], there.delay_s = refuse, note
        with capture_logs() as logs:
            running = asyncio.create_task(turning.run(lambda: None))
            async with asyncio.timeout(5):
                await failed_often.wait()
                there.answers["GetProfiles"] = fixed(onvif_soap.PROFILES)
                await looked_twice.wait()
                while len(logs) < 2:  # noqa: ASYNC110 - the answer is on its way
                    await asyncio.sleep(0.01)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    assert [each["event"] for each in logs] == ["camera does not answer", "camera answers again"]
    assert asked[-1] == "GetStatus"


# --- odd


UTC = "<tt:UTCDateTime>"


def date_and_time(change):
    text = onvif_soap.DATE_AND_TIME.format(datetime.datetime(2001, 2, 3, 4, 5, 6))
    return fixed(change(text))


CLOCKS = {
    "refused": refuse,
    "no UTC": date_and_time(lambda text: text[: text.index(UTC)] + text[text.index("</tt:UTCDateTime>") + 17 :]),
    "zeros": date_and_time(lambda text: text.replace(">2001<", ">0<").replace(">2<", ">0<").replace(">3<", ">0<")),
    "the 30th of February": date_and_time(lambda text: text.replace(">3<", ">30<")),
    "words": date_and_time(lambda text: text.replace(">2001<", ">now<")),
    "no second": date_and_time(lambda text: text.replace("<tt:Second>6</tt:Second>", "")),
    "year 9999": date_and_time(lambda text: text.replace(">2001<", ">9999<")),
}


@pytest.mark.parametrize("answer", CLOCKS.values(), ids=CLOCKS.keys())
async def test_a_camera_that_does_not_tell_its_time_is_spoken_to_by_ours(answer):
    async with virtual() as there, client(there.url) as camera:
        there.answers["GetSystemDateAndTime"] = answer
        await camera.aim(10, 5)

        assert there.looks() == pytest.approx((10, 5), abs=1e-4)


@pytest.mark.parametrize("odd", ["1e308", "-1e308", "INF", "NaN", "1e7"])
async def test_a_position_that_nothing_can_be_reckoned_with_is_an_error_not_a_look(odd):
    def status(told):
        place = f'<tt:PanTilt x="{odd}" y="0" space="{onvif_soap.GENERIC_SPACE}"/>'
        inside = f"<tptz:PTZStatus><tt:Position>{place}</tt:Position></tptz:PTZStatus>"
        return f"<tptz:GetStatusResponse>{inside}</tptz:GetStatusResponse>"

    async with virtual() as there, client(there.url) as camera:
        there.answers["GetStatus"] = fixed(status(odd))
        with pytest.raises(OSError, match="lacks what it must hold"):
            await camera.read_look()


async def test_a_camera_that_knows_no_get_services_is_asked_for_its_capabilities():
    async with virtual() as there, client(there.url) as camera:
        there.answers["GetServices"] = refuse
        await camera.aim(10, 5)

        assert there.looks() == pytest.approx((10, 5), abs=1e-4)


@pytest.mark.parametrize("spans", [{}, {"pan_span_deg": (-180, 180), "tilt_span_deg": (-90, 90)}])
async def test_a_camera_whose_generic_space_is_in_degrees_turns_all_the_way(spans):
    async with virtual(generic=((-180, 180), (-90, 90))) as there, client(there.url, **spans) as camera:
        await camera.aim(90, -30)

        assert there.looks() == pytest.approx((90, -30), abs=1e-4)
        assert await camera.read_aim() == pytest.approx((90, -30), abs=1e-4)


async def test_a_generic_space_wider_than_one_is_read_as_degrees_where_no_other_is_declared():
    async with virtual(generic=((-170, 170), (-30, 90)), pan_span_deg=(-170, 170), tilt_span_deg=(-30, 90)) as there:
        spaces = onvif_soap.SPACE.format(uri=onvif_soap.GENERIC_SPACE, x=(-170, 170), y=(-30, 90))
        there.answers["GetNodes"] = fixed(onvif_soap.NODES.format(spaces=spaces, **PLAIN))
        async with client(there.url) as camera:
            await camera.aim(100, -20)

        assert there.looks() == pytest.approx((100, -20), abs=1e-4)


async def test_a_camera_that_cannot_be_told_an_angle_is_said_at_the_start():
    async with virtual() as there, client(there.url) as camera, street(camera) as (turning, _, _):
        there.answers["GetNodes"] = fixed(onvif_soap.NODES.format(spaces="", **PLAIN))
        with capture_logs() as logs:
            await turning.greet()

    assert logs[0]["why"].endswith("the camera cannot be turned to an angle: it has no AbsoluteMove")


async def test_a_camera_with_told_spans_need_not_tell_its_nodes():
    spans = {"pan_span_deg": (-180, 180), "tilt_span_deg": (-90, 90)}
    async with virtual() as there, client(there.url, **spans) as camera:
        there.answers["GetNodes"] = refuse
        await camera.aim(90, -30)

        assert there.looks() == pytest.approx((90, -30), abs=1e-4)


# --- hostile


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_is_followed_and_no_token_goes_to_another_host(status):
    heard = []

    async def elsewhere(request):
        heard.append(await request.text())
        return web.Response(text="")

    async with server(elsewhere) as other, virtual() as there, client(there.url) as camera:
        await camera.aim(1, 1)

        async def redirect(request):
            return web.Response(status=status, headers={"Location": other + request.path})

        async with server(redirect) as url, client(url) as lured:
            with pytest.raises(OSError, match=rf"{url}: the camera redirects \(HTTP {status}\), which is not followed"):
                await lured.aim(0, 0)

    assert heard == []


def chunked(part, times, encoding=None):
    """Streams `part` many times over, as far as anybody listens."""

    async def answer(request):
        response = web.StreamResponse(headers={"Content-Encoding": encoding} if encoding else {})
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            for _ in range(times):
                await response.write(part)
        return response

    return answer


def bomb(n_bytes, pack):
    return pack(b"<a>" + b" " * n_bytes + b"</a>")


GREAT = {
    "50 MB": chunked(b"<a></a>" + b" " * 65_536, 800),
    "200 MB in gzip": chunked(bomb(200_000_000, lambda data: gzip.compress(data, 1)), 1, "gzip"),
    "20 MB in deflate": chunked(bomb(20_000_000, zlib.compress), 1, "deflate"),
}


@pytest.mark.parametrize("answer", GREAT.values(), ids=GREAT.keys())
async def test_a_great_answer_is_dropped_and_holds_nobody_up(answer):
    async with server(answer) as url, client(url) as camera:
        longest_s = 0.0

        async def beat():
            nonlocal longest_s
            while True:
                began_s = time.monotonic()
                await asyncio.sleep(0.01)
                longest_s = max(longest_s, time.monotonic() - began_s)

        beating = asyncio.create_task(beat())
        began_s = time.monotonic()
        with pytest.raises(OSError, match=f"{url}: the camera's answer is longer than 1000000 bytes"):
            await camera.aim(0, 0)
        took_s = time.monotonic() - began_s
        beating.cancel()

    assert took_s < 2.0
    assert longest_s < 0.5


async def test_a_packed_answer_within_bounds_is_understood():
    async def packed(request):
        text = onvif_soap.envelope(onvif_soap.FAULT.format(code="X", reason="packed")).encode()
        return web.Response(body=gzip.compress(text), headers={"Content-Encoding": "gzip"})

    async with server(packed) as url, client(url) as camera:
        with pytest.raises(OSError, match="the camera refuses: packed"):
            await camera.aim(0, 0)


DEEP = b"<a>" * 100_000
WIDE = onvif_soap.envelope("<tds:GetServicesResponse>" + "<a/>" * 240_000 + "</tds:GetServicesResponse>").encode()
LAUGHS = b"<!DOCTYPE a [" + b"".join(b"<!ENTITY a%d '%s'>" % (i, b"&a%d;" % (i - 1) * 10) for i in range(1, 9)) + b"]>"


@pytest.mark.parametrize("answer", [DEEP, WIDE, LAUGHS + b"<a>&a8;</a>", LAUGHS.decode().encode("utf-16")])
async def test_xml_made_to_hold_the_reader_up_does_not(answer):
    async def give(request):
        return web.Response(body=answer)

    async with server(give) as url, client(url) as camera:
        began_s = time.monotonic()
        with pytest.raises(OSError, match=f"{url}: the camera"):
            await camera.aim(0, 0)

    assert time.monotonic() - began_s < 2.0


async def test_no_error_of_any_kind_shows_the_password(https):
    async with virtual(tls=https[0]) as there, client(there.url) as camera:
        with pytest.raises(OSError) as caught:
            await camera.aim(1, 1)

        assert SECRET not in repr(caught.value) + repr(caught.value.__cause__) + repr(vars(camera))
