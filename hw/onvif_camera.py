"""A pan and tilt camera on ONVIF: degrees in, ONVIF's generic -1 to 1 on the wire.

The generic space's ends are the ends of the camera's travel (+x clockwise, +y up), so a span in degrees turns one into
the other: the configured span, or the one the camera declares in its space in degrees.
"""

import asyncio
import contextlib
import importlib
import logging
from collections.abc import AsyncIterator
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_S = 3.0
"""For one order, connecting included."""
Span = tuple[float, float]


class OnvifCamera:
    """A Camera (hw/ports.py) at `url`, http://HOST:PORT.

    pan_span_deg, tilt_span_deg : what the camera's travel is, (least, most) degrees; None: as it declares. It connects
    when first asked, and again after a failure; one order at a time. Raises ValueError for a url or an angle that makes
    no sense, OSError naming the url (never the password) when the camera is away, silent for timeout_s or refuses, and
    OSError when the extra `camera` is not installed.
    """

    def __init__(
        self,
        url: str,
        user: str,
        password: str,
        *,
        pan_span_deg: Span | None = None,
        tilt_span_deg: Span | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        for name, span_deg in (("pan", pan_span_deg), ("tilt", tilt_span_deg)):
            if span_deg is not None and not -360 <= span_deg[0] < span_deg[1] <= 360:
                raise ValueError(f"{name} span {span_deg} degrees: must be (least, most) within -360 to 360")
        host, port = _split(url)
        library = _load()
        self.url = url
        self._address = library.Address(host, port, user, password)
        self._open = library.Ptz.open
        self._asked_deg = (pan_span_deg, tilt_span_deg)
        self._spans_deg: tuple[Span, Span] = ((0.0, 0.0), (0.0, 0.0))
        self._timeout_s = timeout_s
        self._ptz: Any = None
        self._alone = asyncio.Lock()

    async def aim(self, pan_deg: float, tilt_deg: float) -> None:
        """Turn the camera; pan may be given any turn round (-10 is 350). Returns once it has taken the order."""
        async with self._conversation() as ptz:
            pan_span_deg, tilt_span_deg = self._spans_deg
            x = _to_generic(wind(pan_deg, pan_span_deg), pan_span_deg)
            y = _to_generic(check_reach("tilt", tilt_deg, tilt_span_deg), tilt_span_deg)
            await ptz.move(x, y)

    async def read_aim(self) -> tuple[float, float]:
        """Where the camera says it looks: (pan, tilt), degrees."""
        async with self._conversation() as ptz:
            x, y = await ptz.where()
            return _to_degrees(x, self._spans_deg[0]), _to_degrees(y, self._spans_deg[1])

    async def close(self) -> None:
        """Hang up. The next order would connect again."""
        if self._ptz is not None:
            ptz, self._ptz = self._ptz, None
            await ptz.close()

    @contextlib.asynccontextmanager
    async def _conversation(self) -> AsyncIterator[Any]:
        """The connected PTZ service for one order; after a failure the connection is given up."""
        async with self._alone:
            try:
                async with asyncio.timeout(self._timeout_s):
                    if self._ptz is None:
                        await self._connect()
                    yield self._ptz
            except TimeoutError as error:
                await self.close()
                raise OSError(f"{self.url}: the camera does not answer within {self._timeout_s:g} s") from error
            except OSError as error:
                await self.close()
                raise OSError(f"{self.url}: {error}") from error

    async def _connect(self) -> None:
        self._ptz = await self._open(self._address)
        pan_span_deg, tilt_span_deg = self._asked_deg
        if pan_span_deg is None or tilt_span_deg is None:
            declared = await self._ptz.spans_deg()
            if declared is None:
                raise OSError("the camera does not declare its travel in degrees; configure its pan and tilt span")
            pan_span_deg, tilt_span_deg = pan_span_deg or declared[0], tilt_span_deg or declared[1]
        self._spans_deg = (pan_span_deg, tilt_span_deg)


def _load() -> ModuleType:
    """hw.onvif_client, without the log set-up that onvif-zeep-async 4.3 forces on the program that imports it."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    try:
        return importlib.import_module("hw.onvif_client")
    except ModuleNotFoundError as error:
        raise OSError("cameras need the extra `camera`: pip install 'soundpost[camera]'") from error
    finally:
        root.handlers[:] = before
        root.setLevel(level)


def _split(url: str) -> tuple[str, int]:
    """Host (with https:// where asked) and port. A url that holds a password is refused without showing it."""
    parts = urlsplit(url)
    if parts.username or parts.password:
        raise ValueError("camera url: must not hold a user or password; they have fields of their own")
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise ValueError(f"camera url {url!r}: must be http://HOST:PORT") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"camera url {url!r}: must be http://HOST:PORT")
    return ("https://" if parts.scheme == "https" else "") + parts.hostname, port


def wind(pan_deg: float, span_deg: Span) -> float:
    """The pan that looks the same way and lies within the span. Raises ValueError where there is none."""
    wound_deg = span_deg[0] + (pan_deg - span_deg[0]) % 360
    return check_reach("pan", pan_deg if span_deg[0] <= pan_deg <= span_deg[1] else wound_deg, span_deg)


def check_reach(name: str, angle_deg: float, span_deg: Span) -> float:
    """The same angle. Raises ValueError naming the span where the angle is outside, or no number."""
    if not span_deg[0] <= angle_deg <= span_deg[1]:
        raise ValueError(f"{name} {angle_deg:g} degrees: this camera turns {span_deg[0]:g} to {span_deg[1]:g}")
    return angle_deg


def _to_generic(angle_deg: float, span_deg: Span) -> float:
    return 2 * (angle_deg - span_deg[0]) / (span_deg[1] - span_deg[0]) - 1


def _to_degrees(share: float, span_deg: Span) -> float:
    return span_deg[0] + (share + 1) / 2 * (span_deg[1] - span_deg[0])
