"""A virtual ONVIF camera that turns and remembers where it was told to. hw/onvif_camera.py speaks to it.

It answers what turning needs (see ANSWERS), checks the WS-Security token of everything but the time, and streams
nothing: GetStreamUri gives the address that it was built with.

usage: python -m simulators.peers.camera --listen 127.0.0.1:0 --log told.jsonl [--speed-deg-s 90]
The password comes in the environment variable CAMERA_PASSWORD (default "street"), never on the command line. First it
prints one line, {"url": "http://127.0.0.1:40123"}; the log has one line an order: {"t_us", "pan_deg", "tilt_deg"}.
"""

import argparse
import asyncio
import datetime
import os
import ssl
import sys
from collections.abc import Callable
from pathlib import Path
from xml.sax.saxutils import escape

from aiohttp import web

from simulators.peers import onvif_soap
from simulators.peers.mount import Mount, scale
from simulators.peers.onvif_soap import Refused, Request
from simulators.peers.peer import Notebook, host_and_port, live, run, utc_us

GENERIC = (-1.0, 1.0)
OPEN_TO_ALL = {"GetSystemDateAndTime"}


class VirtualCamera:
    """`notebook.entries` holds every order with its UTC; `looks` tells where it looks now.

    address : (host, port) to listen on, port 0 for any free one; after `open`, `url` is what OnvifCamera takes.
    pan_span_deg, tilt_span_deg : what the ends of the generic space mean. speed_deg_s : 0 turns at once. generic : what
    the generic space reaches from and to, pan and tilt, where a camera has it in a way of its own. tls : speak https.
    Each camera has its own `answers`, to be changed, and thinks for `delay_s`(operation) before each.
    """

    def __init__(
        self,
        address: tuple[str, int] = ("127.0.0.1", 0),
        user: str = "soundpost",
        password: str = "street",  # noqa: S107 - of a camera that is not there
        *,
        pan_span_deg: tuple[float, float] = (-180, 180),
        tilt_span_deg: tuple[float, float] = (-90, 90),
        speed_deg_s: float = 0,
        generic: tuple[tuple[float, float], tuple[float, float]] = (GENERIC, GENERIC),
        tls: ssl.SSLContext | None = None,
        stream_uri: str = "",
        notebook: Notebook | None = None,
        now_us: Callable[[], int] = utc_us,
    ) -> None:
        for name, (least_deg, most_deg) in (("pan", pan_span_deg), ("tilt", tilt_span_deg)):
            if not -360 <= least_deg < most_deg <= 360:
                raise ValueError(f"{name} span {least_deg:g} to {most_deg:g} degrees: must rise within -360 to 360")
        if not 0 <= speed_deg_s <= 1000:
            raise ValueError(f"speed {speed_deg_s:g} deg/s: must be 0 (at once) to 1000")
        self.url = ""
        self.notebook = notebook or Notebook(now_us=now_us)
        self.answers = dict(ANSWERS)
        self.delay_s: Callable[[str], float] = lambda operation: 0.0
        self._address = address
        self._user, self._password = user, password
        self._spans_deg = (pan_span_deg, tilt_span_deg)
        self._generic = generic
        self._tls = tls
        self._stream_uri = stream_uri
        self._now_us = now_us
        self._mount = Mount(speed_deg_s, (0.0, 0.0), (0.0, 0.0), 0)
        self._runner: web.AppRunner | None = None

    def looks(self) -> tuple[float, float]:
        """Where it looks now: (pan, tilt) in degrees."""
        return self._mount.at(self._now_us())

    async def open(self) -> None:
        """Listen. Raises OSError naming the address where that cannot be done."""
        app = web.Application(client_max_size=onvif_soap.MAX_REQUEST_BYTES)
        app.router.add_post("/onvif/{service}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        scheme, (host, port) = "http" if self._tls is None else "https", self._address
        try:
            await web.TCPSite(self._runner, host, port, ssl_context=self._tls).start()
        except OSError as error:
            await self._runner.cleanup()
            raise OSError(f"{scheme}://{host}:{port}: the camera cannot listen here ({error.strerror})") from error
        self.url = f"{scheme}://{host}:{self._runner.addresses[0][1]}"

    async def close(self) -> None:
        """Stop listening and hang up on whoever is connected."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        self.notebook.close()

    async def _answer(self, http: web.Request) -> web.Response:
        status = 200
        try:
            request = onvif_soap.parse(await http.read())
            await asyncio.sleep(self.delay_s(request.operation))
            body = self._obey(request)
        except Refused as refused:
            status = 400
            body = onvif_soap.FAULT.format(code=refused.code, reason=escape(str(refused)))
        return web.Response(text=onvif_soap.envelope(body), status=status, content_type="application/soap+xml")

    def _obey(self, request: Request) -> str:
        """The body of the answer to a request. Raises Refused."""
        answer = self.answers.get(request.operation)
        if answer is None:
            raise Refused("ActionNotSupported", f"this camera does not know {request.operation}")
        if request.operation not in OPEN_TO_ALL and not onvif_soap.authorised(
            request.token, self._user, self._password, self._time()
        ):
            raise Refused("NotAuthorized", "the user name, password or time of the request is wrong")
        return answer(self, request)

    def _time(self) -> datetime.datetime:
        return datetime.datetime.fromtimestamp(self._now_us() / 1e6, datetime.UTC)

    def _date_and_time(self, _request: Request) -> str:
        return onvif_soap.DATE_AND_TIME.format(self._time())

    def _services(self, _request: Request) -> str:
        return onvif_soap.services(self.url)

    def _capabilities(self, _request: Request) -> str:
        return onvif_soap.CAPABILITIES.format(url=self.url)

    def _profiles(self, _request: Request) -> str:
        return onvif_soap.PROFILES

    def _stream(self, _request: Request) -> str:
        if not self._stream_uri:
            raise Refused("ActionNotSupported", "this camera has no stream")
        return onvif_soap.STREAM.format(uri=escape(self._stream_uri))

    def _nodes(self, _request: Request) -> str:
        return onvif_soap.nodes(*self._spans_deg, self._generic)

    def _status(self, _request: Request) -> str:
        looks_deg = self.looks()
        x, y = (scale(*each) for each in zip(looks_deg, self._spans_deg, self._generic, strict=True))
        state = "IDLE" if looks_deg == self._mount.goal_deg else "MOVING"
        return onvif_soap.STATUS.format(x=x, y=y, space=onvif_soap.GENERIC_SPACE, state=state, time=self._time())

    def _move(self, request: Request) -> str:
        ends = zip(request.position or (), self._generic, strict=False)
        if request.position is None or not all(low <= share <= high for share, (low, high) in ends):
            raise Refused("InvalidPosition", "pan and tilt must be within the generic space")
        pan_deg, tilt_deg = (
            scale(*each) for each in zip(request.position, self._generic, self._spans_deg, strict=True)
        )
        self._mount = self._mount.towards((pan_deg, tilt_deg), self._now_us())
        self.notebook.write(pan_deg=round(pan_deg, 6), tilt_deg=round(tilt_deg, 6))
        return onvif_soap.MOVED


ANSWERS: dict[str, Callable[[VirtualCamera, Request], str]] = {
    "GetSystemDateAndTime": VirtualCamera._date_and_time,
    "GetServices": VirtualCamera._services,
    "GetCapabilities": VirtualCamera._capabilities,
    "GetProfiles": VirtualCamera._profiles,
    "GetStreamUri": VirtualCamera._stream,
    "GetNodes": VirtualCamera._nodes,
    "GetStatus": VirtualCamera._status,
    "AbsoluteMove": VirtualCamera._move,
}


def main(argv: list[str] | None = None) -> int:
    """Run a camera as a process until SIGTERM. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m simulators.peers.camera", description="a virtual ONVIF camera")
    parser.add_argument("--listen", type=host_and_port, default=("127.0.0.1", 0), metavar="HOST:PORT")
    parser.add_argument("--user", default="soundpost", help="password: environment variable CAMERA_PASSWORD")
    parser.add_argument("--pan-span-deg", type=float, nargs=2, default=(-180, 180), metavar=("MIN", "MAX"))
    parser.add_argument("--tilt-span-deg", type=float, nargs=2, default=(-90, 90), metavar=("MIN", "MAX"))
    parser.add_argument("--speed-deg-s", type=float, default=0, help="of each axis; 0: at once")
    parser.add_argument("--log", type=Path, metavar="FILE", help="JSON lines of all orders")
    args = parser.parse_args(argv)

    async def life() -> None:
        camera = VirtualCamera(
            args.listen,
            args.user,
            os.environ.get("CAMERA_PASSWORD", "street"),
            pan_span_deg=tuple(args.pan_span_deg),
            tilt_span_deg=tuple(args.tilt_span_deg),
            speed_deg_s=args.speed_deg_s,
            notebook=Notebook(args.log),
        )
        await live(camera)

    return run("camera", life())


if __name__ == "__main__":
    sys.exit(main())
