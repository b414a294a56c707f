"""An RTSP camera's video over TCP or TLS, as encoded pictures: connected whole or not at all, nothing decoded.

Ours, and not FFmpeg's: that one follows a redirect and logs in there with the password it was given (libavformat's
rtsp.c, from general knowledge), and sets up a camera's sound, too. Here the one connection that is made is to the host
that was named. Each wait is bounded. The password is in no error.
"""

import asyncio
import contextlib
import os
import ssl
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from hw.rtsp_messages import Account, Answer, BadRtsp, Framed, Incoming, NoLogin, login, request
from hw.rtsp_video import Depacketiser, Picture, Track, video_of

CALL_S = 5.0
SILENT_S = 10.0
LEAST_ALIVE_S = 5.0
READ_BYTES = 262_144
PORTS = {"rtsp": 554, "rtsps": 322}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a stream is: checked parts of its url."""

    url: str
    host: str
    port: int
    is_tls: bool


def place_of(url: str) -> Place:
    """rtsp://HOST[:PORT]/PATH or rtsps://. Raises ValueError for anything else, and for one that holds a password,
    which is not shown."""
    try:
        parts = urlsplit(url)
    except ValueError:  # an IPv6 address that is none
        parts = urlsplit("")
    if parts.username or parts.password:
        raise ValueError("stream url: must not hold a user or password; they have fields of their own")
    try:
        port = (parts.port or PORTS[parts.scheme]) if parts.scheme in PORTS else 0
    except ValueError:
        port = 0
    if not port or not parts.hostname or any(not each.isprintable() or each == " " for each in url):
        raise ValueError("stream url: must be rtsp://HOST:PORT/PATH or rtsps://HOST:PORT/PATH")
    return Place(url, parts.hostname, port, parts.scheme == "rtsps")


class RtspCamera:
    """tls : for rtsps://. clock : () -> microseconds UTC. lost : is told of how many more pictures something was
    missing, so that they are left out."""

    def __init__(
        self,
        place: Place,
        account: Account,
        tls: ssl.SSLContext | None,
        clock: Callable[[], int],
        call_s: float = CALL_S,
        lost: Callable[[int], None] = lambda n_pictures: None,
    ) -> None:
        self._place, self._account, self._tls, self._clock, self._call_s = place, account, tls, clock, call_s
        self._number = 0
        self._challenge: Answer | None = None
        self._session = ""
        self._lost = lost

    async def pictures(self) -> AsyncGenerator[Picture, None]:
        """Connect, and give pictures until the camera ends it. Raises OSError in a few words; it hangs up by itself."""
        try:
            async with asyncio.timeout(self._call_s):
                reader, writer = await self._connect()
        except TimeoutError:
            raise OSError(f"no connection within {self._call_s:g} s") from None
        except ssl.SSLError as error:
            raise OSError(f"TLS fails ({getattr(error, 'verify_message', '') or error.reason})") from None
        except OSError as error:
            raise OSError(f"cannot be reached ({error.strerror or type(error).__name__})") from None
        try:
            async for picture in self._played(_Line(reader, writer)):
                yield picture
        finally:
            writer.close()
            with contextlib.suppress(Exception):  # it is gone, whatever it says
                await asyncio.wait_for(writer.wait_closed(), 1.0)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        tls = self._tls if self._place.is_tls else None
        return await asyncio.open_connection(self._place.host, self._place.port, ssl=tls, limit=READ_BYTES)

    async def _played(self, line: "_Line") -> AsyncGenerator[Picture, None]:
        url, track, alive_s = await self._set_up(line)
        depacketiser = Depacketiser(track)
        loop = asyncio.get_running_loop()
        due_s, silent_s = loop.time() + alive_s, loop.time() + SILENT_S
        while True:
            for each in await self._more(line, silent_s):
                if isinstance(each, Framed) and each.channel == 0:
                    for picture in depacketiser.feed(each.packet, self._clock()):
                        yield picture
                        silent_s = loop.time() + SILENT_S
                elif isinstance(each, Answer) and each.status in (401, 454):
                    raise OSError(f"the camera ends the session (RTSP {each.status})")
            if depacketiser.lost:
                self._lost(depacketiser.lost)
                depacketiser.lost = 0
            if loop.time() >= due_s:
                due_s = loop.time() + alive_s
                self._send(line, "GET_PARAMETER", url, {"Session": self._session})

    async def _more(self, line: "_Line", until_s: float) -> list[Answer | Framed]:
        """What came next. until_s : when a picture must have come; what else comes is none."""
        try:
            if asyncio.get_running_loop().time() >= until_s:  # what comes at once is never timed out
                raise TimeoutError
            async with asyncio.timeout_at(until_s):
                return await line.read()
        except TimeoutError:
            raise OSError(f"no picture for {SILENT_S:g} s") from None

    async def _set_up(self, line: "_Line") -> tuple[str, Track, float]:
        """The session's url, its video, and how often to show that we are there."""
        described = await self._ask(line, "DESCRIBE", self._place.url, {"Accept": "application/sdp"})
        base = described.header("content-base") or described.header("content-location") or self._place.url
        track = video_of(described.body)
        control = base if track.control == "*" else urljoin(base if base.endswith("/") else base + "/", track.control)
        if urlsplit(track.control).scheme:
            control = track.control
        transport = {"Transport": "RTP/AVP/TCP;unicast;interleaved=0-1"}
        set_up = await self._ask(line, "SETUP", control, transport)
        if "interleaved=0-1" not in set_up.header("transport"):
            raise BadRtsp("it does not send its video over this connection")
        self._session, _, rest = set_up.header("session").partition(";")
        seconds = rest.partition("timeout=")[2].strip()
        await self._ask(line, "PLAY", base, {"Session": self._session, "Range": "npt=0.000-"})
        return base, track, max(LEAST_ALIVE_S, (float(seconds) if seconds.isdecimal() else 60.0) / 2)

    async def _ask(self, line: "_Line", method: str, url: str, headers: dict[str, str]) -> Answer:
        """What it answers, with 200. Raises OSError."""
        if not url.startswith(("rtsp://", "rtsps://")) or not url.isprintable():
            raise BadRtsp("it describes its video by no url")
        for is_last in (False, True):
            self._send(line, method, url, headers)
            answer = await self._answered(line)
            if answer.status != 401 or is_last:
                break
            self._challenge = answer
        if answer.status == 401:
            self._challenge = None  # another nonce, next time
            raise NoLogin("the camera refuses user and password")
        if 300 <= answer.status < 400:
            raise BadRtsp("it sends us elsewhere, which is not followed")
        if answer.status != 200:
            raise OSError(f"the camera refuses (RTSP {answer.status} to {method})")
        return answer

    async def _answered(self, line: "_Line") -> Answer:
        try:
            async with asyncio.timeout(self._call_s):
                while True:
                    came = await line.read()
                    for index, each in enumerate(came):
                        if isinstance(each, Answer):
                            line.waiting = came[index + 1 :]  # pictures may come right behind
                            return each
        except TimeoutError:
            raise OSError(f"no answer within {self._call_s:g} s") from None

    def _send(self, line: "_Line", method: str, url: str, headers: dict[str, str]) -> None:
        self._number += 1
        if self._challenge is not None:
            is_tls = self._place.is_tls
            given = login(self._challenge, self._account, method, url, os.urandom(8).hex(), encrypted=is_tls)
            headers = {**headers, "Authorization": given}
        line.writer.write(request(method, url, self._number, {**headers, "User-Agent": "soundpost"}))


class _Line:
    """A connection, and what of it is read."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self.waiting: list[Answer | Framed] = []
        self._reader = reader
        self._incoming = Incoming()

    async def read(self) -> list[Answer | Framed]:
        """What came next. Raises OSError where it is gone."""
        if self.waiting:
            waiting, self.waiting = self.waiting, []
            return waiting
        try:
            received = await self._reader.read(READ_BYTES)
        except OSError as error:
            raise OSError(f"the connection broke ({error.strerror or type(error).__name__})") from None
        if not received:
            raise OSError("the camera hung up")
        return list(self._incoming.feed(received))
