"""A virtual ONVIF camera that turns and remembers where it was told to. hw/onvif_camera.py speaks to it.

It answers what turning needs (see ANSWERS), checks the WS-Security token of everything but the time, and shows where
it looks in a moving picture (simulators/peers/rtsp_picture.py) where it is asked to; GetStreamUri gives its address.

usage: python -m simulators.peers.camera --listen 127.0.0.1:0 --log told.jsonl [--speed-deg-s 90] [--picture 1280x720]
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
from simulators.peers.head import Head, Model, Pose
from simulators.peers.mount import scale
from simulators.peers.onvif_soap import Refused, Request
from simulators.peers.peer import Fact, Notebook, host_and_port, live, run, utc_us
from simulators.peers.picture import Look
from simulators.peers.rtsp_picture import RtspPicture, size

GENERIC = (-1.0, 1.0)
OPEN_TO_ALL = {"GetSystemDateAndTime"}


class VirtualCamera:
    """`notebook.entries` holds every order with its UTC; `looks` tells where it looks now.

    address : (host, port) to listen on, port 0 for any free one; after `open`, `url` is what OnvifCamera takes.
    model : what it can; pan_span_deg, tilt_span_deg and speed_deg_s are of the plain one that is taken without. generic
    : what the generic space reaches from and to, pan and tilt, where a camera has it in a way of its own. tls : speak
    https. announced : the address that it gives as its own, where it does not know better (behind NAT).
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
        model: Model | None = None,
        announced: str = "",
        stream_uri: str = "",
        notebook: Notebook | None = None,
        now_us: Callable[[], int] = utc_us,
    ) -> None:
        self.head = Head(model or Model(pan_span_deg, tilt_span_deg, speed_deg_s))
        self.url = ""
        self.notebook = notebook or Notebook(now_us=now_us)
        self.answers = dict(ANSWERS)
        self.delay_s: Callable[[str], float] = lambda operation: 0.0
        self._address = address
        self._user, self._password = user, password
        self.stream_uri = stream_uri
        self._spans_deg = (self.head.model.pan_span_deg, self.head.model.tilt_span_deg)
        self._generic = generic
        self._tls = tls
        self._announced = announced
        self._now_us = now_us
        self._runner: web.AppRunner | None = None

    def look(self) -> Look:
        """What its picture shows now."""
        return self.head.look(self._now_us())

    def looks(self) -> tuple[float, float]:
        """Where it looks now: (pan, tilt) in degrees."""
        return self.head.at(self._now_us())

    def drive_look(self, pan_deg: float, tilt_deg: float, zoom: float | None = None) -> None:
        """Its operator turns it."""
        self.head.send((pan_deg, tilt_deg), zoom, self._now_us())

    async def open(self) -> None:
        """Listen. Raises OSError naming the address where that cannot be done."""
        app = web.Application(client_max_size=onvif_soap.MAX_REQUEST_BYTES)
        app.router.add_post("/onvif/{service}", self.answer)
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

    async def answer(self, http: web.Request) -> web.StreamResponse:
        """What a request gets."""
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

    def _about(self, _request: Request) -> str:
        return onvif_soap.ABOUT

    def _geo_location(self, _request: Request) -> str:
        if self.head.model.pose is None:
            raise Refused("ActionNotSupported", "this camera does not know where it stands")
        return onvif_soap.GEO_LOCATION.format(self.head.model.pose)

    def _services(self, _request: Request) -> str:
        return onvif_soap.services(self._announced or self.url)

    def _capabilities(self, _request: Request) -> str:
        return onvif_soap.CAPABILITIES.format(url=self._announced or self.url)

    def _profiles(self, _request: Request) -> str:
        return onvif_soap.PROFILES

    def _stream(self, _request: Request) -> str:
        if not self.stream_uri:
            raise Refused("ActionNotSupported", "this camera has no stream")
        return onvif_soap.STREAM.format(uri=escape(self.stream_uri))

    def _nodes(self, _request: Request) -> str:
        return onvif_soap.nodes(self.head.model, self._generic)

    def _status(self, _request: Request) -> str:
        now_us = self._now_us()
        x, y = self._shares(self.head.at(now_us))
        zoom = f'<tt:Zoom x="{self.head.zoom:.9g}" space="{onvif_soap.ZOOM_SPACE}"/>' * self.head.model.zooms
        state = "IDLE" if self.head.is_there(now_us) else "MOVING"
        space, time = onvif_soap.GENERIC_SPACE, self._time()
        return onvif_soap.STATUS.format(x=x, y=y, space=space, zoom=zoom, state=state, time=time)

    def _move(self, request: Request) -> str:
        ends = zip(request.position or (), self._generic, strict=False)
        if not self.head.model.turns:
            raise Refused("ActionNotSupported", "this camera takes no angles")
        if request.position is None or not all(low <= share <= high for share, (low, high) in ends):
            raise Refused("InvalidPosition", "pan and tilt must be within the generic space")
        if request.zoom is not None and not 0 <= request.zoom <= 1:
            raise Refused("InvalidPosition", "zoom must be 0 to 1")
        pan_deg, tilt_deg = (
            scale(*each) for each in zip(request.position, self._generic, self._spans_deg, strict=True)
        )
        return self._send(request, (pan_deg, tilt_deg), request.zoom)

    def _geo_move(self, request: Request) -> str:
        try:
            return self._send(request, *self.head.angles_to(request.place or (91.0, 0.0, 0.0), request.width_m))
        except ValueError as error:
            raise Refused("GeoMoveNotSupported", str(error)) from error

    def _presets(self, _request: Request) -> str:
        presets = ""
        for token, looks_deg in self.head.model.presets.items():
            x, y = self._shares(looks_deg)
            where = onvif_soap.PRESET_PLACE.format(x=x, y=y, space=onvif_soap.GENERIC_SPACE)
            presets += onvif_soap.PRESET.format(token=token, where=where * self.head.model.tells_presets)
        return f"<tptz:GetPresetsResponse>{presets}</tptz:GetPresetsResponse>"

    def _to_preset(self, request: Request) -> str:
        if request.preset not in self.head.model.presets:
            raise Refused("NoToken", "this camera has no such preset")
        return self._send(request, self.head.model.presets[request.preset], None)

    def _home(self, request: Request) -> str:
        if self.head.model.home_deg is None:
            raise Refused("NoHomePosition", "this camera has no home")
        return self._send(request, self.head.model.home_deg, self.head.model.view[0][0])

    def _send(self, request: Request, goal_deg: tuple[float, float], zoom: float | None) -> str:
        self.head.send(goal_deg, zoom, self._now_us())
        more: dict[str, Fact] = (
            {} if request.operation == "AbsoluteMove" and zoom is None else {"by": request.operation}
        )
        more |= {} if zoom is None else {"zoom": round(zoom, 6)}
        self.notebook.write(pan_deg=round(goal_deg[0], 6), tilt_deg=round(goal_deg[1], 6), **more)
        return onvif_soap.DONE.format(operation=request.operation)

    def _shares(self, looks_deg: tuple[float, float]) -> list[float]:
        return [scale(*each) for each in zip(looks_deg, self._spans_deg, self._generic, strict=True)]


ANSWERS: dict[str, Callable[[VirtualCamera, Request], str]] = {
    "GetSystemDateAndTime": VirtualCamera._date_and_time,
    "GetServices": VirtualCamera._services,
    "GetCapabilities": VirtualCamera._capabilities,
    "GetProfiles": VirtualCamera._profiles,
    "GetStreamUri": VirtualCamera._stream,
    "GetNodes": VirtualCamera._nodes,
    "GetStatus": VirtualCamera._status,
    "AbsoluteMove": VirtualCamera._move,
    "GeoMove": VirtualCamera._geo_move,
    "GetPresets": VirtualCamera._presets,
    "GotoPreset": VirtualCamera._to_preset,
    "GotoHomePosition": VirtualCamera._home,
    "GetDeviceInformation": VirtualCamera._about,
    "GetGeoLocation": VirtualCamera._geo_location,
}


def main(argv: list[str] | None = None) -> int:
    """Run a camera as a process until SIGTERM. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m simulators.peers.camera", description="a virtual ONVIF camera")
    parser.add_argument("--listen", type=host_and_port, default=("127.0.0.1", 0), metavar="HOST:PORT")
    parser.add_argument("--user", default="soundpost", help="password: environment variable CAMERA_PASSWORD")
    parser.add_argument("--pan-span-deg", type=float, nargs=2, default=(-180, 180), metavar=("MIN", "MAX"))
    parser.add_argument("--tilt-span-deg", type=float, nargs=2, default=(-90, 90), metavar=("MIN", "MAX"))
    parser.add_argument("--speed-deg-s", type=float, default=0, help="of each axis; 0: at once")
    parser.add_argument("--view-deg", type=float, nargs=2, default=(60, 3), metavar=("WIDE", "NARROW"))
    parser.add_argument("--home-deg", type=float, nargs=2, metavar=("PAN", "TILT"), help="it has a home of its own")
    parser.add_argument("--pose", type=float, nargs=4, metavar=("LAT", "LON", "H", "BEARING"), help="it takes places")
    parser.add_argument("--picture", type=size, metavar="WxH", help="show a moving picture over RTSP")
    parser.add_argument("--log", type=Path, metavar="FILE", help="JSON lines of all orders")
    args = parser.parse_args(argv)
    return run("camera", _life(args))


async def _life(args: argparse.Namespace) -> None:
    password = os.environ.get("CAMERA_PASSWORD", "street")
    model = Model(
        tuple(args.pan_span_deg),
        tuple(args.tilt_span_deg),
        args.speed_deg_s,
        view=((0.0, args.view_deg[0]), (1.0, args.view_deg[1])),
        pose=Pose(*args.pose) if args.pose else None,
        home_deg=tuple(args.home_deg) if args.home_deg else None,
    )
    camera = VirtualCamera(args.listen, args.user, password, model=model, notebook=Notebook(args.log))
    if args.picture is None:
        await live(camera)
        return
    address = (args.listen[0], 0)
    picture = RtspPicture(camera.look, address, size=args.picture, user=args.user, password=password)
    await picture.open()
    camera.stream_uri = picture.url
    try:
        await live(camera)
    finally:
        await picture.close()


if __name__ == "__main__":
    sys.exit(main())
