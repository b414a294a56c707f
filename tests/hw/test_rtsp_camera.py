"""An RTSP camera: a real one of ours over TCP and TLS, logins, and ends that are slow, hostile or lead elsewhere."""

import asyncio
import base64
import contextlib
import itertools
import ssl

import pytest
import trustme

from hw.rtsp_camera import RtspCamera, place_of
from hw.rtsp_messages import Account

NOBODY = Account("", "")


def camera(url, account=NOBODY, tls=None, **more):
    return RtspCamera(place_of(url), account, tls, lambda: 7, **more)


async def pictures(of, n):
    found = []
    async with contextlib.aclosing(of.pictures()) as stream:
        async for each in stream:
            found.append(each)
            if len(found) == n:
                break
    return found


@contextlib.asynccontextmanager
async def answering(answer, tls=None):
    """A server that answers each request by answer(number, text): bytes, or None to say nothing."""
    heard = []

    async def serve(reader, writer):
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                heard.append((await reader.readuntil(b"\r\n\r\n")).decode())
                if (said := answer(len(heard), heard[-1])) is not None:
                    writer.write(said)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    yield server.sockets[0].getsockname()[1], heard
    server.close()


def said(status, *headers, body=b""):
    lines = [f"RTSP/1.0 {status} x", "CSeq: 1", *headers, f"Content-Length: {len(body)}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


async def test_pictures_come_encoded_in_order_from_a_key_one_on():
    peer = pytest.importorskip("simulators.peers.rtsp_picture").RtspPicture(user="me", password="secret")
    await peer.open()
    found = await pictures(camera(peer.url, Account("me", "secret")), 20)
    await peer.close()

    assert found[0].is_key
    assert [each.is_key for each in found].count(True) == 2
    assert all(later.ticks > sooner.ticks for sooner, later in itertools.pairwise(found))
    assert all(each.bytes_.startswith(b"\0\0\0\1") and each.layout and each.at_us == 7 for each in found)


async def test_over_tls_the_camera_must_show_a_certificate_that_is_trusted():
    peers = pytest.importorskip("simulators.peers.rtsp_picture")
    authority, other = trustme.CA(), trustme.CA()
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(server)
    trusting, wary = ssl.create_default_context(), ssl.create_default_context()
    authority.configure_trust(trusting)
    other.configure_trust(wary)
    peer = peers.RtspPicture(tls=server)
    await peer.open()
    found = await pictures(camera(peer.url, tls=trusting), 2)
    with pytest.raises(OSError, match="TLS fails"):
        await pictures(camera(peer.url, tls=wary), 1)
    await peer.close()

    assert found[0].is_key


async def test_a_wrong_password_is_refused_in_words_without_it():
    peer = pytest.importorskip("simulators.peers.rtsp_picture").RtspPicture(user="me", password="secret")
    await peer.open()
    with pytest.raises(OSError, match="refuses user and password") as refused:
        await pictures(camera(peer.url, Account("me", "other-secret")), 1)
    await peer.close()

    assert "other-secret" not in repr(refused.value)
    assert "other-secret" not in repr(Account("me", "other-secret"))


async def test_a_redirect_is_not_followed_and_no_login_leaves_for_another_host():
    async with answering(lambda number, text: None) as (elsewhere, heard_there):
        target = f"Location: rtsp://127.0.0.1:{elsewhere}/cam"
        challenge = 'WWW-Authenticate: Digest realm="r", nonce="n"'

        def answer(number, text):
            return said(401, challenge) if number == 1 else said(302, target)

        async with answering(answer) as (port, heard):
            with pytest.raises(OSError, match="sends us elsewhere, which is not followed"):
                await pictures(camera(f"rtsp://127.0.0.1:{port}/cam", Account("me", "secret")), 1)
    assert len(heard) == 2
    assert heard_there == []


async def test_the_password_goes_in_the_clear_only_where_the_line_is_encrypted():
    basic = said(401, 'WWW-Authenticate: Basic realm="r"')
    async with answering(lambda number, text: basic) as (port, heard):
        with pytest.raises(OSError, match="wants the password in the clear"):
            await pictures(camera(f"rtsp://127.0.0.1:{port}/cam", Account("me", "secret")), 1)
    assert not any("Authorization" in each for each in heard)
    authority = trustme.CA()
    server, client = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(server)
    authority.configure_trust(client)
    async with answering(lambda number, text: basic, server) as (port, heard):
        with pytest.raises(OSError, match="refuses user and password"):
            await pictures(camera(f"rtsps://127.0.0.1:{port}/cam", Account("me", "secret"), client), 1)
    assert base64.b64encode(b"me:secret").decode() in heard[1]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", "is no RTSP"),
        (b"\x00" * 100_000, "a head without an end"),
        (said(404), "refuses .RTSP 404 to DESCRIBE"),
        (said(200, body=b"v=0\r\nm=audio 0 RTP/AVP 0\r\n"), "no H.264 or H.265 video"),
        (
            said(200, "Content-Base: file:///etc/passwd", body=b"m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"),
            "by no url",
        ),
        (b"RTSP/1.0 200 OK\r\nContent-Length: 99999999\r\n\r\n", "longer than 65536 bytes"),
        (b"REDIRECT rtsp://elsewhere/ RTSP/1.0\r\nCSeq: 1\r\n\r\n", "elsewhere"),
    ],
)
async def test_what_a_camera_says_wrongly_is_an_error_in_few_words(answer, why):
    async with answering(lambda number, text: answer) as (port, _):
        with pytest.raises(OSError, match=why):
            await pictures(camera(f"rtsp://127.0.0.1:{port}/cam"), 1)


async def test_one_that_says_nothing_hangs_up_or_is_away_is_given_up_in_time():
    async with answering(lambda number, text: None) as (port, _):
        with pytest.raises(OSError, match=r"no answer within 0\.2 s"):
            await pictures(camera(f"rtsp://127.0.0.1:{port}/cam", call_s=0.2), 1)
    with pytest.raises(OSError, match="cannot be reached"):
        await pictures(camera(f"rtsp://127.0.0.1:{port}/cam"), 1)


SDP = b"m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"


@contextlib.asynccontextmanager
async def playing(*said_again):
    """A server that plays, and then says this again and again, as long as somebody listens."""

    async def serve(reader, writer):
        answers = [
            said(200, body=SDP), said(200, "Session: 1", "Transport: RTP/AVP/TCP;interleaved=0-1"), said(200),
        ]  # fmt: skip
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            for answer in answers:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(answer)
            while True:
                for each in said_again:
                    writer.write(each)
                await writer.drain()
                await asyncio.sleep(0.01)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


def framed(channel, packet):
    return b"$" + bytes([channel]) + len(packet).to_bytes(2, "big") + packet


@pytest.mark.parametrize("told", [framed(1, bytes(28)), framed(0, b"no RTP"), said(200)])
async def test_one_that_says_much_but_shows_nothing_shows_no_picture(told, monkeypatch):
    monkeypatch.setattr("hw.rtsp_camera.SILENT_S", 0.3)
    async with playing(told) as port:
        with pytest.raises(OSError, match=r"no picture for 0\.3 s"):
            await asyncio.wait_for(pictures(camera(f"rtsp://127.0.0.1:{port}/cam"), 1), 20)


async def test_pictures_of_which_something_is_missing_are_counted():
    def packet(number, unit):
        return framed(0, b"\x80\xe0" + number.to_bytes(2, "big") + number.to_bytes(4, "big") + bytes(4) + unit)

    lost = []
    async with playing(packet(7, b"\x65 key"), packet(9, b"\x41 one"), packet(10, b"\x41 two")) as port:
        found = await pictures(camera(f"rtsp://127.0.0.1:{port}/cam", lost=lost.append), 6)

    assert [each.bytes_[5:] for each in found[:2]] == [b" key", b" one"]
    assert sum(lost) >= 1
    assert all(n > 0 for n in lost)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://a/b",
        "http://a:80/b",
        "rtsp://",
        "rtsp://a:0x/b",
        "rtsp://a b/c",
        "rtsp://a/\r\nX: y",
        "rtsp://[::1/x",
    ],
)
def test_a_url_that_is_none_is_refused(url):
    with pytest.raises(ValueError, match="must be rtsp://HOST:PORT/PATH"):
        place_of(url)


def test_a_url_with_a_password_is_refused_without_showing_it():
    with pytest.raises(ValueError, match="must not hold") as refused:
        place_of("rtsp://me:secret@camera/x")
    assert "secret" not in str(refused.value)
