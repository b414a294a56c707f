"""A pan and tilt camera on ONVIF: degrees in, shares of the camera's travel to hw/onvif_ptz.py.

The ends of the space that the camera is told in are the ends of its travel (+x clockwise, +y up), so a span in degrees
turns one into the other: the configured span, or the one the camera declares in its space in degrees. A camera that
takes a place (GeoMove) is told that first, and angles if it refuses; one that takes neither goes to its nearest preset.
"""

import asyncio
import contextlib
import importlib
import math
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from hw.ports import GeoPlace, Look

TIMEOUT_S = 3.0
"""For each call. Turning and telling are one call each; connecting is five."""
NEAREST_DEG = 30.0
"""A preset that looks farther off than this shows nothing of the place."""
Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Trust:
    """How an https:// camera shows that it is the one that is meant, one of the three: a certificate that an authority
    of `ca_file` signed (None: one that this host trusts), the certificate whose SHA-256 is `fingerprint` (64 hex
    digits, colons between or none), or nothing at all where `verify` is False.
    """

    ca_file: str | None = None
    fingerprint: str | None = None
    verify: bool = True


class OnvifCamera:
    """A Camera (hw/ports.py) at `url`, http://HOST:PORT or https://HOST:PORT.

    pan_span_deg, tilt_span_deg : what the camera's travel is, (least, most) degrees; None: as it declares. presets :
    (pan, tilt) of its own presets by token, for those of which it does not say itself where they look. It connects
    when first asked, and again after a failure, whole or not at all; an order that is given up while it connects does
    not end the connecting. Raises ValueError for a url or an angle that makes no sense, OSError naming the url (never
    the password) when the camera is away, silent for timeout_s in one call or refuses, OSError naming a ca_file that
    cannot be used, and OSError when the extra `camera` is not installed.
    """

    def __init__(
        self,
        url: str,
        user: str,
        password: str,
        *,
        pan_span_deg: Span | None = None,
        tilt_span_deg: Span | None = None,
        presets: Mapping[str, tuple[float, float]] | None = None,
        trust: Trust | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        for name, span_deg in (("pan", pan_span_deg), ("tilt", tilt_span_deg)):
            if span_deg is not None and not -360 <= span_deg[0] < span_deg[1] <= 360:
                raise ValueError(f"{name} span {span_deg} degrees: must be (least, most) within -360 to 360")
        self._base = _checked(url)
        self._onvif, self._soap_client = _load("hw.onvif_client"), _load("hw.soap_client")
        self.url = url
        self._account = self._soap_client.Account(user, password)
        trust = trust or Trust()
        self._verify = self._soap_client.verification(trust.ca_file, trust.fingerprint, verify=trust.verify)
        self._asked_deg = (pan_span_deg, tilt_span_deg)
        self._presets = dict(presets or {})
        self._takes_no_place = False
        self._timeout_s = timeout_s
        self._soap: Any = None
        self._link: _Link | None = None
        self._connecting: asyncio.Task[_Link] | None = None

    async def aim(
        self, pan_deg: float, tilt_deg: float, zoom: float | None = None, place: GeoPlace | None = None
    ) -> str:
        """Turn the camera; pan may be given any turn round (-10 is 350). Returns once it has taken the order: how."""
        async with self._conversation() as link:
            if place is not None and link.ptz.can.geo and not self._takes_no_place:
                try:
                    await link.ptz.move_to_place(place)
                    return "place"
                except self._soap_client.Refused:
                    if link.spans_deg is None:
                        raise
                    self._takes_no_place = True  # until it is connected to anew
            if link.spans_deg is None:
                token = _nearest(pan_deg, tilt_deg, link.presets_deg)
                await link.ptz.move_to_preset(token)
                return f"preset {token}"
            pan_span_deg, tilt_span_deg = link.spans_deg
            pan = _share(wind(pan_deg, pan_span_deg), pan_span_deg)
            tilt = _share(check_reach("tilt", tilt_deg, tilt_span_deg), tilt_span_deg)
            await link.ptz.move(pan, tilt, zoom)
            return "angles"

    async def read_look(self) -> Look | None:
        """Where the camera says it looks; None where it does not say so in degrees."""
        async with self._conversation() as link:
            if link.spans_deg is None:
                return None
            pan, tilt, zoom = await link.ptz.where()
            return Look(_degrees(pan, link.spans_deg[0]), _degrees(tilt, link.spans_deg[1]), zoom)

    async def read_aim(self) -> tuple[float, float]:
        """(pan, tilt) of where it looks, degrees. Raises OSError where it does not say so."""
        look = await self.read_look()
        if look is None:
            raise OSError(f"{self.url}: the camera does not tell in degrees where it looks")
        return look.pan_deg, look.tilt_deg

    async def go_home(self) -> None:
        """Turn it to its own home. Raises ValueError where it has none."""
        async with self._conversation() as link:
            if not link.ptz.can.home:
                raise ValueError("the camera has no home of its own")
            await link.ptz.go_home()

    async def about(self) -> Any:
        """What it says of itself: an hw.onvif_about.About."""
        async with self._conversation() as link:
            return await _load("hw.onvif_about").about(self._soap, self._base, link.ptz)

    async def spans_deg(self) -> tuple[Span, Span] | None:
        """Its travel of pan and tilt; None where it takes no angles."""
        async with self._conversation() as link:
            return link.spans_deg

    async def close(self) -> None:
        """Hang up. The next order would connect again."""
        connecting, self._connecting = self._connecting, None
        soap, self._soap = self._soap, None
        self._link = None
        if connecting is not None:
            connecting.cancel()
        if soap is not None:
            await soap.close()  # first: connecting may not end
        if connecting is not None:
            await asyncio.gather(connecting, return_exceptions=True)

    @contextlib.asynccontextmanager
    async def _conversation(self) -> AsyncIterator["_Link"]:
        """What is known of the camera, for one order.

        It is asked anew of a camera that is gone (it may be another when it is back), and beside the orders of one that
        refuses (its clock may have been set); not of one that is slow.
        """
        try:
            yield await self._connected()
        except TimeoutError as error:
            raise OSError(f"{self.url}: the camera does not answer within {self._timeout_s:g} s") from error
        except OSError as error:
            if not isinstance(error, self._soap_client.Refused):
                self._link = None
            elif self._link is not None:
                self._begin_to_connect()
            raise OSError(f"{self.url}: {error}") from error

    async def _connected(self) -> "_Link":
        if self._link is not None:
            return self._link
        return await asyncio.shield(self._begin_to_connect())

    def _begin_to_connect(self) -> "asyncio.Task[_Link]":
        if self._connecting is None or self._connecting.done():
            self._connecting = asyncio.create_task(self._connect(), name=f"connect to {self.url}")
            self._connecting.add_done_callback(_heed)
        return self._connecting

    async def _connect(self) -> "_Link":
        if self._soap is None:
            self._soap = self._soap_client.SoapClient(self._base, self._account, self._verify, self._timeout_s)
        ptz = await self._onvif.open_ptz(self._soap, guess_space=None not in self._asked_deg)
        declared_deg = ptz.spans_deg() or (None, None)
        pan_deg, tilt_deg = (asked or own for asked, own in zip(self._asked_deg, declared_deg, strict=True))
        spans_deg = (pan_deg, tilt_deg) if ptz.can.spaces and pan_deg and tilt_deg else None
        presets_deg = dict(self._presets)
        if pan_deg and tilt_deg:
            own_deg = {token: (_degrees(x, pan_deg), _degrees(y, tilt_deg)) for token, (x, y) in ptz.presets.items()}
            presets_deg = own_deg | presets_deg
        if spans_deg is None and not presets_deg and not ptz.can.geo:
            raise OSError(
                "the camera does not declare its travel in degrees; configure its pan and tilt span"
                if ptz.can.spaces
                else "the camera cannot be turned to an angle: it has no AbsoluteMove"
            )
        self._takes_no_place = False
        self._link = _Link(ptz, spans_deg, presets_deg)
        return self._link


@dataclass(frozen=True, slots=True)
class _Link:
    """A camera that can be turned. spans_deg : of pan and tilt; None: it takes no angle. presets_deg : by token."""

    ptz: Any
    spans_deg: tuple[Span, Span] | None
    presets_deg: Mapping[str, tuple[float, float]]


def _nearest(pan_deg: float, tilt_deg: float, presets_deg: Mapping[str, tuple[float, float]]) -> str:
    """The preset that looks nearest to this way. Raises ValueError where none does by far."""
    off_deg = {token: _apart_deg((pan_deg, tilt_deg), each) for token, each in presets_deg.items()}
    token = min(off_deg, key=lambda each: (off_deg[each], each), default=None)
    if token is None or off_deg[token] > NEAREST_DEG:
        raise ValueError(f"no preset within {NEAREST_DEG:g} degrees of pan {pan_deg:g}, tilt {tilt_deg:g}")
    return token


def _apart_deg(a: tuple[float, float], b: tuple[float, float]) -> float:
    """The angle between two directions, (pan, tilt): by the chord between them."""
    ends = [
        (math.cos(tilt) * math.sin(pan), math.cos(tilt) * math.cos(pan), math.sin(tilt))
        for pan, tilt in ((math.radians(pan), math.radians(tilt)) for pan, tilt in (a, b))
    ]
    return math.degrees(2 * math.asin(min(1.0, math.dist(*ends) / 2)))


def _heed(task: "asyncio.Task[_Link]") -> None:
    """Take note of how connecting ended, for where nobody waits for it any more."""
    if not task.cancelled():
        task.exception()


def _load(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise OSError("cameras need the extra `camera`: pip install -e '.[camera]'") from error


def _checked(url: str) -> str:
    """The url without a path. One that holds a password is refused without showing it."""
    parts = urlsplit(url)
    if parts.username or parts.password:
        raise ValueError("camera url: must not hold a user or password; they have fields of their own")
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise ValueError(f"camera url {url!r}: must be http://HOST:PORT or https://HOST:PORT") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"camera url {url!r}: must be http://HOST:PORT or https://HOST:PORT")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}:{port}"


def wind(pan_deg: float, span_deg: Span) -> float:
    """The pan that looks the same way and lies within the span. Raises ValueError where there is none."""
    wound_deg = span_deg[0] + (pan_deg - span_deg[0]) % 360
    return check_reach("pan", pan_deg if span_deg[0] <= pan_deg <= span_deg[1] else wound_deg, span_deg)


def check_reach(name: str, angle_deg: float, span_deg: Span) -> float:
    """The same angle. Raises ValueError naming the span where the angle is outside, or no number."""
    if not span_deg[0] <= angle_deg <= span_deg[1]:
        raise ValueError(f"{name} {angle_deg:g} degrees: this camera turns {span_deg[0]:g} to {span_deg[1]:g}")
    return angle_deg


def _share(angle_deg: float, span_deg: Span) -> float:
    return (angle_deg - span_deg[0]) / (span_deg[1] - span_deg[0])


def _degrees(share: float, span_deg: Span) -> float:
    return span_deg[0] + share * (span_deg[1] - span_deg[0])
