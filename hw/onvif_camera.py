"""A pan and tilt camera on ONVIF: degrees in, shares of the camera's travel to hw/onvif_client.py.

The ends of the space that the camera is told in are the ends of its travel (+x clockwise, +y up), so a span in degrees
turns one into the other: the configured span, or the one the camera declares in its space in degrees.
"""

import asyncio
import contextlib
import importlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_S = 3.0
"""For each call. Turning and telling are one call each; connecting is five."""
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

    pan_span_deg, tilt_span_deg : what the camera's travel is, (least, most) degrees; None: as it declares. It connects
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
        self._timeout_s = timeout_s
        self._soap: Any = None
        self._link: _Link | None = None
        self._connecting: asyncio.Task[_Link] | None = None

    async def aim(self, pan_deg: float, tilt_deg: float) -> None:
        """Turn the camera; pan may be given any turn round (-10 is 350). Returns once it has taken the order."""
        async with self._conversation() as link:
            pan = _share(wind(pan_deg, link.pan_span_deg), link.pan_span_deg)
            tilt = _share(check_reach("tilt", tilt_deg, link.tilt_span_deg), link.tilt_span_deg)
            await link.ptz.move(pan, tilt)

    async def read_aim(self) -> tuple[float, float]:
        """Where the camera says it looks: (pan, tilt), degrees."""
        async with self._conversation() as link:
            pan, tilt = await link.ptz.where()
            return _degrees(pan, link.pan_span_deg), _degrees(tilt, link.tilt_span_deg)

    async def close(self) -> None:
        """Hang up. The next order would connect again."""
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.gather(self._connecting, return_exceptions=True)
            self._connecting = None
        self._link = None
        if self._soap is not None:
            soap, self._soap = self._soap, None
            await soap.close()

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
        ptz = await self._onvif.Ptz.open(self._soap, guess_space=None not in self._asked_deg)
        declared_deg = ptz.spans_deg() or (None, None)
        pan_deg, tilt_deg = (asked or own for asked, own in zip(self._asked_deg, declared_deg, strict=True))
        if pan_deg is None or tilt_deg is None:
            raise OSError("the camera does not declare its travel in degrees; configure its pan and tilt span")
        self._link = _Link(ptz, pan_deg, tilt_deg)
        return self._link


@dataclass(frozen=True, slots=True)
class _Link:
    """A camera that can be turned: all of this is known, or there is no link."""

    ptz: Any
    pan_span_deg: Span
    tilt_span_deg: Span


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
