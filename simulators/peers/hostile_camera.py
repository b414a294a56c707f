"""A camera that answers as no camera should: each answer drawn from KINDS, true ones between so that one gets far.

It counts what it gave in `given`. elsewhere : where its redirects point.

usage: python -m simulators.peers.hostile_camera --cameras 24 [--seed 1] [--elsewhere http://127.0.0.1:8080]
The password comes in the environment variable CAMERA_PASSWORD. First it prints one line, {"urls": [...]}; at its end a
second one of what they gave, {"true": 9021, "fault": 812, ...}.
"""

import argparse
import asyncio
import contextlib
import gzip
import json
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import Awaitable, Callable

from aiohttp import web

from simulators.peers import onvif_soap
from simulators.peers.camera import VirtualCamera
from simulators.peers.head import Model, Pose
from simulators.peers.peer import run

SILENT_S = 5.0
TRUE = 0.5
"""The share of its answers that are as they should be."""
LONG = 100_000_000
LAUGHS = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10 if i else "ha" * 10}">' for i in range(12))
ODD_NUMBERS = ("NaN", "INF", "-INF", "1e308", "-1e308", "0x10", "", "12,5", "1" * 400, "&#48;", "ten")


class HostileCamera(VirtualCamera):
    """silent_share : how many of its bad answers are none at all, or drip; each costs whoever waits its patience."""

    def __init__(
        self,
        address: tuple[str, int] = ("127.0.0.1", 0),
        user: str = "soundpost",
        password: str = "street",  # noqa: S107 - of a camera that is not there
        *,
        seed: int = 1,
        elsewhere: str = "http://127.0.0.1:9",
        silent_share: float = 0.01,
    ) -> None:
        model = Model(view=((0.0, 60.0), (1.0, 3.0)), pose=Pose(38.9, -77.0, 25.0), home_deg=(0.0, 0.0))
        super().__init__(address, user, password, model=model)
        self.given: Counter[str] = Counter()
        self.elsewhere = elsewhere
        self._dice = random.Random(seed)  # noqa: S311 - which answer comes is no secret
        self._silent_share = silent_share

    async def answer(self, http: web.Request) -> web.StreamResponse:
        """As a camera, or as none should."""
        told = await super().answer(http)
        if self._dice.random() < TRUE:
            self.given["true"] += 1
            return told
        slow = self._dice.random() < self._silent_share
        name = self._dice.choice([each for each in KINDS if (each in SLOW) == slow])
        self.given[name] += 1
        body = told.text if isinstance(told, web.Response) and told.text else ""
        return await KINDS[name](self, http, body)

    async def _fault(self, _http: web.Request, _body: str) -> web.StreamResponse:
        reason = self._dice.choice(["", "no", "x" * 50_000, f"\u202e\n\r password: {self._password}", "<b>bold</b>"])
        reason = "".join(each for each in reason if each.isprintable() or each in "\n\r").replace("<", "&lt;")
        status = self._dice.choice([200, 400, 401, 403, 500, 503])
        fault = onvif_soap.FAULT.format(code="ActionNotSupported", reason=reason)
        return web.Response(text=onvif_soap.envelope(fault), status=status, content_type="application/soap+xml")

    async def _redirect(self, http: web.Request, _body: str) -> web.StreamResponse:
        status = self._dice.choice([301, 302, 303, 307, 308])
        return web.Response(status=status, headers={"Location": self.elsewhere + http.path})

    async def _laughs(self, _http: web.Request, body: str) -> web.StreamResponse:
        return _soap(f"<!DOCTYPE a [{LAUGHS}]>" + body.replace("</s:Body>", "&l11;</s:Body>"))

    async def _entity(self, _http: web.Request, body: str) -> web.StreamResponse:
        return _soap(f'<!DOCTYPE a [<!ENTITY x SYSTEM "{self.elsewhere}/x">]>' + body.replace(">0<", ">&x;<"))

    async def _deep(self, _http: web.Request, _body: str) -> web.StreamResponse:
        n = self._dice.choice([100, 1000, 50_000])
        return _soap(onvif_soap.envelope("<a>" * n + "</a>" * n))

    async def _wide(self, _http: web.Request, body: str) -> web.StreamResponse:
        more = "".join(f"<tptz:PTZNode token='{i}'/>" for i in range(10_000))
        return _soap(body.replace("</s:Body>", more + "</s:Body>"))

    async def _cut(self, _http: web.Request, body: str) -> web.StreamResponse:
        return _soap(body[: self._dice.randrange(max(1, len(body)))])

    async def _flipped(self, _http: web.Request, body: str) -> web.StreamResponse:
        raw = bytearray(body.encode())
        for _ in range(self._dice.randrange(1, 20)):
            raw[self._dice.randrange(len(raw))] ^= 1 << self._dice.randrange(8)
        return web.Response(body=bytes(raw), content_type="application/soap+xml")

    async def _another(self, _http: web.Request, _body: str) -> web.StreamResponse:
        return _soap(onvif_soap.envelope(self._dice.choice([onvif_soap.PROFILES, onvif_soap.ABOUT, "<a/>", ""])))

    async def _numbers(self, _http: web.Request, body: str) -> web.StreamResponse:
        odd = self._dice.choice(ODD_NUMBERS)
        for name in self._dice.sample(["x", "y", "token", "space"], 2):
            start = body.find(f' {name}="')
            if start >= 0:
                body = body[: start + len(name) + 3] + odd + body[body.find('"', start + len(name) + 3) :]
        return _soap(body.replace("<tt:Min>-", f"<tt:Min>{odd}", 1))

    async def _noise(self, _http: web.Request, _body: str) -> web.StreamResponse:
        return web.Response(body=self._dice.randbytes(self._dice.randrange(5000)), status=self._dice.choice([200, 500]))

    async def _long(self, http: web.Request, body: str) -> web.StreamResponse:
        return await _stream(http, body.encode(), b" " * 65_536, LONG // 65_536)

    async def _packed(self, http: web.Request, body: str) -> web.StreamResponse:
        packed = _bomb(body)
        if self._dice.random() < 0.5:
            packed = packed[: len(packed) // 2]
        return web.Response(body=packed, headers={"Content-Encoding": "gzip"})

    async def _hung_up(self, http: web.Request, body: str) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(len(body) + 1000)})
        with contextlib.suppress(ConnectionError):
            await response.prepare(http)
            await response.write(body.encode()[: len(body) // 2])
        if http.transport is not None:
            http.transport.abort()
        return response

    async def _not_http(self, http: web.Request, _body: str) -> web.StreamResponse:
        if http.transport is not None:
            http.transport.write(
                self._dice.choice([b"\x00" * 100, b"HTTP/1.1 200\r\n" * 3, b"SSH-2.0-x\r\n", b"x" * 99_999])
            )
            http.transport.close()
        return web.Response()

    async def _headers(self, http: web.Request, body: str) -> web.StreamResponse:
        return web.Response(text=body, headers={f"X-{i}": "y" * 7000 for i in range(self._dice.choice([2, 200]))})

    async def _silent(self, _http: web.Request, _body: str) -> web.StreamResponse:
        await asyncio.sleep(SILENT_S)
        return web.Response()

    async def _drip(self, http: web.Request, body: str) -> web.StreamResponse:
        return await _stream(http, b"", body.encode()[:1], 100, each_s=SILENT_S / 100)


def _soap(text: str) -> web.Response:
    return web.Response(text=text, content_type="application/soap+xml")


def _bomb(body: str) -> bytes:
    return gzip.compress(body.encode() + b" " * 5_000_000, 1)


async def _stream(http: web.Request, first: bytes, part: bytes, times: int, each_s: float = 0.0) -> web.StreamResponse:
    """As far as anybody listens."""
    response = web.StreamResponse()
    with contextlib.suppress(ConnectionError):
        await response.prepare(http)
        await response.write(first)
        for _ in range(times):
            await response.write(part)
            await asyncio.sleep(each_s)
    return response


Kind = Callable[[HostileCamera, web.Request, str], Awaitable[web.StreamResponse]]
KINDS: dict[str, Kind] = {
    "fault": HostileCamera._fault,
    "redirect": HostileCamera._redirect,
    "billion laughs": HostileCamera._laughs,
    "outside entity": HostileCamera._entity,
    "deep": HostileCamera._deep,
    "wide": HostileCamera._wide,
    "cut short": HostileCamera._cut,
    "flipped bits": HostileCamera._flipped,
    "another answer": HostileCamera._another,
    "odd numbers": HostileCamera._numbers,
    "noise": HostileCamera._noise,
    "100 MB": HostileCamera._long,
    "bomb in gzip": HostileCamera._packed,
    "hung up": HostileCamera._hung_up,
    "not HTTP": HostileCamera._not_http,
    "great headers": HostileCamera._headers,
    "silent": HostileCamera._silent,
    "drips": HostileCamera._drip,
}
SLOW = ("silent", "drips")


def main(argv: list[str] | None = None) -> int:
    """Run some as a process until SIGTERM. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m simulators.peers.hostile_camera", description="hostile cameras")
    parser.add_argument("--cameras", type=int, default=1, help="so many, each at a port of its own")
    parser.add_argument("--seed", type=int, default=1, help="of the first")
    parser.add_argument("--silent-share", type=float, default=0.01, help="of the bad answers")
    parser.add_argument("--elsewhere", default="http://127.0.0.1:9", metavar="URL")
    args = parser.parse_args(argv)
    return run("hostile camera", _life(args))


async def _life(args: argparse.Namespace) -> None:
    stopped, password = asyncio.Event(), os.environ.get("CAMERA_PASSWORD", "street")
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    cameras = [
        HostileCamera(password=password, seed=args.seed + i, elsewhere=args.elsewhere, silent_share=args.silent_share)
        for i in range(args.cameras)
    ]
    for camera in cameras:
        await camera.open()
    sys.stdout.write(json.dumps({"urls": [camera.url for camera in cameras]}) + "\n")
    sys.stdout.flush()
    await stopped.wait()
    given: Counter[str] = Counter()
    for camera in cameras:
        await camera.close()
        given.update(camera.given)
    sys.stdout.write(json.dumps(given) + "\n")


if __name__ == "__main__":
    sys.exit(main())
