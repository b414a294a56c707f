"""How plate readers are told to read, and where they push to: real sockets, refusals, redirects and floods."""

import asyncio
import contextlib
import logging

import aiohttp
import pytest
from aiohttp import web

from hw.http_call import HttpCall
from hw.modbus_contact import ModbusContact
from hw.onvif_relay import OnvifRelay
from hw.push_door import MOST_BODY, FewWords, PushDoor
from hw.soap_client import Account
from simulators.peers.lamp_bank import LampBank
from simulators.peers.plate_reader import PlateReader


@contextlib.asynccontextmanager
async def door(**more):
    taken = []
    opened = PushDoor(("127.0.0.1", 0), ["gate"], "token", lambda name, body: taken.append((name, body)), **more)
    await opened.open()
    yield f"http://127.0.0.1:{opened.port}/readers/gate", taken
    await opened.close()


@contextlib.asynccontextmanager
async def answering(handler):
    heard = []

    async def answer(request):
        heard.append(request)
        return await handler(request)

    app = web.Application()
    app.router.add_route("*", "/{any:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/read", heard
    await runner.cleanup()


async def test_what_is_pushed_with_the_token_is_handed_on_as_it_is():
    async with door() as (url, taken), aiohttp.ClientSession() as web_:
        for headers in (
            {"Authorization": "Bearer token"},
            {"Authorization": aiohttp.encode_basic_auth("gate", "token")},
        ):
            async with web_.post(url, data=b"\x00anything", headers=headers) as answer:
                assert answer.status == 204

    assert taken == [("gate", b"\x00anything")] * 2


@pytest.mark.parametrize(
    ("path", "shown", "body", "status"),
    [
        ("gate", "", b"x", 401),
        ("gate", "Bearer wrong", b"x", 401),
        ("gate", "Bearer \u00e9", b"x", 401),
        ("gate", "Basic !!", b"x", 401),
        ("gate", "Digest token", b"x", 401),
        ("other", "Bearer token", b"x", 404),
        ("gate", "Bearer token", bytes(MOST_BODY + 1), 413),
    ],
)
async def test_what_may_not_come_in_is_refused(path, shown, body, status):
    async with door() as (url, taken), aiohttp.ClientSession() as web_:
        headers = {"Authorization": shown.encode().decode("latin-1")} if shown else {}
        async with web_.post(url.replace("gate", path), data=body, headers=headers) as answer:
            assert answer.status == status

    assert taken == []


async def test_an_onvif_relay_is_turned_on_and_off_again():
    reader = PlateReader(broker=1)
    await reader.open()
    relay = OnvifRelay(reader.url, Account("me", "secret"), "r1", 0.01)
    await relay.pulse()
    await relay.close()
    await reader.close()

    assert [entry["told"] for entry in reader.notebook.entries if "told" in entry] == ["relay", "relay"]


async def test_a_contact_is_closed_and_opened_again():
    bank = LampBank(("127.0.0.1", 0), 4, 0)
    await bank.open()
    contact = ModbusContact(bank.url, 2, 0.01)
    await contact.pulse()
    await contact.close()
    told = [entry for entry in bank.notebook.entries if entry.get("channel") == 2]
    await bank.close()

    assert len(told) == 2


async def test_a_post_is_made_once_with_its_user_and_no_redirect_is_followed():
    async def redirect(request):
        return web.Response(status=302, headers={"Location": there})

    async def fine(request):
        return web.Response(status=200)

    async with answering(fine) as (there, heard_there), answering(redirect) as (url, heard):
        with pytest.raises(OSError, match=r"refuses .HTTP 302") as refused:
            await HttpCall(url, "me", "secret").pulse()
        await HttpCall(there, "", "").pulse()

    assert len(heard) == 1
    assert heard[0].headers["Authorization"].startswith("Basic ")
    assert [request.headers.get("Authorization") for request in heard_there] == [None]
    assert "secret" not in str(refused.value)


async def test_a_reader_that_is_away_is_named():
    for trigger in (
        HttpCall("http://127.0.0.1:9/read", "", ""),
        OnvifRelay("http://127.0.0.1:9", Account("", ""), "r1", 0.01),
        ModbusContact("tcp://127.0.0.1:9", 1, 0.01),
    ):
        with pytest.raises(OSError, match=r"127\.0\.0\.1:9"):
            await trigger.pulse()
        await trigger.close()


async def shout(port, request, times):
    """Send bytes as they are. Comes back: the first line of each answer."""
    lines = []
    for _ in range(times):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        lines.append((await reader.readline()).decode().strip())
        writer.close()
    return lines


async def test_a_token_that_is_no_text_is_refused_as_any_other(caplog):
    request = b"POST /readers/gate HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \xff\r\nContent-Length: 0\r\n\r\n"
    async with door() as (url, taken):
        lines = await shout(int(url.split(":")[2].split("/")[0]), request, 3)

    assert lines == ["HTTP/1.1 401 Unauthorized"] * 3
    assert (taken, caplog.text) == ([], "")


async def test_a_flood_of_what_is_no_http_is_one_line_of_the_log_and_no_traceback(caplog):
    async with door() as (url, taken):
        lines = await shout(int(url.split(":")[2].split("/")[0]), b"POST / HTTP/1.1\r\nno header\r\n\r\n", 30)

    assert {line.split(" ")[1] for line in lines} == {"400"}
    assert len(caplog.records) == 1
    assert "Traceback" not in caplog.text
    assert taken == []


def test_what_the_log_leaves_out_is_counted_and_our_own_fault_keeps_its_traceback(caplog):
    now_s = [0.0]
    log = FewWords(logging.getLogger("door"), lambda: now_s[0])
    for step_s in (0.0, 1.0, 1.0, 60.0):
        now_s[0] += step_s
        log.exception("Error handling request from %s", "10.0.0.9", exc_info=ValueError("x"))

    assert [record.getMessage() for record in caplog.records] == [
        "Error handling request from 10.0.0.9 (ValueError)",
        "Error handling request from 10.0.0.9 (ValueError); 2 more went wrong before",
    ]
    assert caplog.records[0].exc_info is not None
