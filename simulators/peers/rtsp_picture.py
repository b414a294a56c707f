"""A camera's moving picture over RTSP, which shows its pan, tilt, zoom and the time (simulators/peers/picture.py).

H.264 by PyAV's x264, RTP interleaved in the RTSP connection (TCP), TLS and a digest login where asked. It codes only
while somebody looks. Its faults are attributes, to be set while it runs: `size` (the resolution changes), `with_keys`
(no picture that one could begin with), `stalls` (connected and mute), `hang_up()`.

usage: python -m simulators.peers.rtsp_picture --listen 127.0.0.1:0 [--size 1280x720] [--fps 15] [--turning]
The password comes in the environment variable CAMERA_PASSWORD, never on the command line; with no --user everybody may
look. First it prints one line, {"url": "rtsp://127.0.0.1:40123/cam"}.
"""

import argparse
import asyncio
import contextlib
import os
import ssl
import sys
import time
from collections.abc import Callable
from fractions import Fraction

import av

from simulators.peers import rtp, rtsp_talk
from simulators.peers.peer import host_and_port, live, run, utc_us
from simulators.peers.picture import Look, draw
from simulators.peers.rtsp_talk import Asked, Door

MOST_WAITING = 8_000_000
"""Bytes that may wait for a slow viewer; then it is dropped."""
REPORT_US = 2_000_000
SESSION = "1"


class Coder:
    """Pictures to H.264. key_every : a picture that one can begin with each so many."""

    def __init__(self, size: tuple[int, int], fps: int, key_every: int) -> None:
        self.size = size
        coder = av.CodecContext.create("libx264", "w")
        assert isinstance(coder, av.VideoCodecContext)
        coder.width, coder.height = size
        coder.pix_fmt, coder.framerate, coder.time_base = "yuv420p", Fraction(fps), Fraction(1, rtp.RATE_HZ)
        coder.gop_size, coder.max_b_frames, coder.thread_count = key_every, 0, 1
        coder.options = {"preset": "ultrafast", "tune": "zerolatency", "x264-params": "scenecut=0:bitrate=1500"}
        self._coder = coder

    def code(self, look: Look, t_us: int) -> list[bytes]:
        """One picture's NAL units."""
        frame = av.VideoFrame.from_ndarray(draw(look, t_us, *self.size), format="yuv420p")
        frame.pts, frame.time_base = t_us * 9 // 100, Fraction(1, rtp.RATE_HZ)
        return rtp.units(b"".join(bytes(packet) for packet in self._coder.encode(frame)))


class _Viewer:
    """Somebody who looks: nothing is sent before a picture that one can begin with, unless there is to be none."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self._packets = rtp.Packets()
        self._began = False
        self._reported_us = 0

    def show(self, nals: list[bytes], t_us: int, *, with_keys: bool) -> None:
        is_key = any(rtp.kind(unit) == rtp.IDR for unit in nals)
        if (is_key and not with_keys) or not (is_key or self._began or not with_keys):
            return
        self._began = True
        if t_us - self._reported_us >= REPORT_US:
            self._reported_us = t_us
            self._send(1, self._packets.report(t_us))
        for packet in self._packets.of(nals, t_us):
            self._send(0, packet)
        if self.writer.transport.get_write_buffer_size() > MOST_WAITING:
            self.writer.transport.abort()

    def _send(self, channel: int, packet: bytes) -> None:
        self.writer.write(b"$" + bytes((channel,)) + len(packet).to_bytes(2) + packet)


class RtspPicture:
    """Streams at `url` between `open` and `close` what a camera sees that looks as `looks()` says.

    address : (host, port), port 0 for any free one. size : (width, height) as `draw` takes it. user : "" lets everybody
    in. tls : speak rtsps. `n_looking` is how many look now, `n_shown` how many pictures anybody was shown.
    """

    def __init__(
        self,
        looks: Callable[[], Look] = Look,
        address: tuple[str, int] = ("127.0.0.1", 0),
        *,
        size: tuple[int, int] = (640, 360),
        fps: int = 15,
        key_every: int = 15,
        user: str = "",
        password: str = "",
        tls: ssl.SSLContext | None = None,
        now_us: Callable[[], int] = utc_us,
    ) -> None:
        if not (1 <= fps <= 60 and 1 <= key_every <= 3600):
            raise ValueError(f"{fps} pictures/s, a key each {key_every}: must be 1 to 60, and 1 to 3600")
        self.url = ""
        self.size, self.with_keys, self.stalls = size, True, False
        self.n_shown = 0
        self._looks, self._address, self._tls, self._now_us = looks, address, tls, now_us
        self._fps, self._key_every = fps, key_every
        self._door = Door(user, password)
        self._coder = Coder(size, fps, key_every)
        self._sdp = rtp.sdp(self._coder.code(looks(), now_us()), fps)
        self._viewers: dict[asyncio.StreamWriter, _Viewer] = {}
        self._connected: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def n_looking(self) -> int:
        """How many look now."""
        return len(self._viewers)

    async def open(self) -> None:
        """Listen. Raises OSError naming the address where that cannot be done."""
        host, port = self._address
        try:
            self._server = await asyncio.start_server(self._serve, host, port, ssl=self._tls)
        except OSError as error:
            raise OSError(f"rtsp://{host}:{port}: the picture cannot listen here ({error.strerror})") from error
        scheme = "rtsp" if self._tls is None else "rtsps"
        self.url = f"{scheme}://{host}:{self._server.sockets[0].getsockname()[1]}/cam"
        self._task = asyncio.create_task(self._film(), name=f"film {self.url}")

    async def close(self) -> None:
        """Stop listening and hang up on whoever looks."""
        if self._server is None or self._task is None:
            return
        self._server.close()
        self.hang_up()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None

    def hang_up(self) -> None:
        """Break all connections, as a camera that is started anew."""
        for writer in tuple(self._connected):
            writer.transport.abort()

    async def _film(self) -> None:
        due_s = time.monotonic()
        while True:
            due_s = max(due_s + 1 / self._fps, time.monotonic() - 0.2)
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))
            if not self._viewers or self.stalls:
                continue
            if self._coder.size != self.size:
                self._coder = Coder(self.size, self._fps, self._key_every)
            t_us = self._now_us()
            nals = await asyncio.to_thread(self._coder.code, self._looks(), t_us)
            for viewer in tuple(self._viewers.values()):
                viewer.show(nals, t_us, with_keys=self.with_keys)
            self.n_shown += bool(self._viewers)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connected.add(writer)
        try:
            while not self._answer(await rtsp_talk.next_request(reader), writer):
                pass
        except (ValueError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # it does not speak RTSP, or has gone: hang up
        finally:
            self._connected.discard(writer)
            self._viewers.pop(writer, None)
            writer.close()
            with contextlib.suppress(OSError, ssl.SSLError):
                await writer.wait_closed()

    def _answer(self, asked: Asked, writer: asyncio.StreamWriter) -> bool:
        """Whether the conversation is over."""
        if asked.method != "OPTIONS" and not self._door.opens(asked):
            writer.write(rtsp_talk.answer(asked, 401, www_authenticate=self._door.challenge))
            return False
        transport = asked.headers.get("transport", "")
        match asked.method:
            case "OPTIONS":
                reply = rtsp_talk.answer(asked, 200, public=rtsp_talk.METHODS)
            case "DESCRIBE":
                reply = rtsp_talk.answer(
                    asked, 200, self._sdp, content_type="application/sdp", content_base=self.url + "/"
                )
            case "SETUP" if "interleaved=0-1" in transport:
                reply = rtsp_talk.answer(asked, 200, session=SESSION, transport="RTP/AVP/TCP;unicast;interleaved=0-1")
            case "SETUP":
                reply = rtsp_talk.answer(asked, 461)
            case "PLAY":
                self._viewers[writer] = _Viewer(writer)
                reply = rtsp_talk.answer(asked, 200, session=SESSION, range="npt=0-")
            case "GET_PARAMETER" | "TEARDOWN":
                reply = rtsp_talk.answer(asked, 200, session=SESSION)
            case _:
                reply = rtsp_talk.answer(asked, 501)
        writer.write(reply)
        return asked.method == "TEARDOWN"


def _turning() -> Look:
    """Once round in a minute, and in and out of zoom twice."""
    turn = time.time() % 60 / 60
    zoom = abs(turn * 4 % 2 - 1)
    return Look(pan_deg=turn * 360 - 180, tilt_deg=2.0, zoom=zoom, width_deg=60 - 55 * zoom)


def size(text: str) -> tuple[int, int]:
    """`1280x720` as (1280, 720). Raises ValueError."""
    width, _, height = text.partition("x")
    return int(width), int(height)


def main(argv: list[str] | None = None) -> int:
    """Stream a picture as a process until SIGTERM. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m simulators.peers.rtsp_picture", description="a camera's picture")
    parser.add_argument("--listen", type=host_and_port, default=("127.0.0.1", 0), metavar="HOST:PORT")
    parser.add_argument("--size", type=size, default=(640, 360), metavar="WxH", help="W a multiple of 64, H of 4")
    parser.add_argument("--fps", type=int, default=15)
    parser.add_argument("--key-every", type=int, default=15, metavar="PICTURES")
    parser.add_argument("--turning", action="store_true", help="once round in a minute")
    parser.add_argument("--user", default="", help="password: environment variable CAMERA_PASSWORD")
    args = parser.parse_args(argv)

    async def life() -> None:
        picture = RtspPicture(
            _turning if args.turning else Look,
            args.listen,
            size=args.size,
            fps=args.fps,
            key_every=args.key_every,
            user=args.user,
            password=os.environ.get("CAMERA_PASSWORD", "street"),
        )
        await live(picture)

    return run("picture", life())


if __name__ == "__main__":
    sys.exit(main())
