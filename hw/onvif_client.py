"""The conversation with an ONVIF camera's device, media and PTZ services, as far as turning it needs.

Imported only when a camera is configured (hw/onvif_camera.py): it needs the extra `camera`. Names and shapes are those
of onvif.xsd and of the device (ver10), media (ver10) and PTZ (ver20) WSDLs that onvif-zeep-async bundles.
"""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from lxml import etree

from hw.soap_client import Refused, SoapClient

DEVICE = "http://www.onvif.org/ver10/device/wsdl"
MEDIA = "http://www.onvif.org/ver10/media/wsdl"
PTZ = "http://www.onvif.org/ver20/ptz/wsdl"
GENERIC_SPACE = "http://www.onvif.org/ver10/tptz/PanTiltSpaces/PositionGenericSpace"
DEGREES_SPACE = "http://www.onvif.org/ver10/tptz/PanTiltSpaces/SphericalPositionSpaceDegrees"
DEVICE_PATH = "/onvif/device_service"
YEARS = range(1970, 2200)
Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Space:
    """A space of positions: what stands for the ends of the travel on the wire."""

    x: Span = (-1.0, 1.0)
    y: Span = (-1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Ptz:
    """One camera's PTZ service, the profile to turn and the spaces it may be told in. Build it with `Ptz.open`.

    `move` and `where` speak of shares of the travel, 0 to 1 from its one end to its other.
    """

    soap: SoapClient
    path: str
    profile: str
    spaces: Mapping[str, Space]

    @property
    def space(self) -> str:
        """The space that we speak in: the generic one, or whichever there is."""
        return GENERIC_SPACE if GENERIC_SPACE in self.spaces else next(iter(self.spaces))

    def spans_deg(self) -> tuple[Span, Span] | None:
        """The pan and tilt spans, degrees, that the camera declares; None where it declares none.

        A generic space that is wider than -1 to 1, as some declare it, can only be in degrees.
        """
        generic = self.spaces.get(GENERIC_SPACE)
        in_degrees = generic if generic is not None and generic.x[1] - generic.x[0] > 2 else None
        space = self.spaces.get(DEGREES_SPACE, in_degrees)
        return None if space is None else (space.x, space.y)

    async def move(self, pan: float, tilt: float) -> None:
        """Turn; returns once the camera has taken the order."""
        space = self.spaces[self.space]
        x, y = (low + share * (high - low) for share, (low, high) in ((pan, space.x), (tilt, space.y)))
        where = f'<Position><tt:PanTilt x="{x:.9g}" y="{y:.9g}" space="{self.space}"/></Position>'
        await self._ask("AbsoluteMove", where)

    async def where(self) -> tuple[float, float]:
        """Where the camera says it looks."""
        answer = await self._ask("GetStatus")
        with _all_there():
            found = _need(answer.find("{*}PTZStatus/{*}Position/{*}PanTilt"))
            space = self.spaces.get(found.get("space") or self.space, self.spaces[self.space])
            shares = [
                (_number(found.get(axis)) - low) / (high - low)
                for axis, (low, high) in (("x", space.x), ("y", space.y))
            ]
            return shares[0], shares[1]

    async def _ask(self, operation: str, inside: str = "") -> "etree._Element":
        token = f"<ProfileToken>{escape(self.profile)}</ProfileToken>"
        return await self.soap.call(self.path, PTZ, operation, token + inside)

    @classmethod
    async def open(cls, soap: SoapClient, *, guess_space: bool) -> Self:
        """Find the services, the profile to turn and its spaces. Raises OSError where the camera cannot be used.

        The camera's services are sought at the configured address, whatever address it announces. guess_space : where
        it does not tell its spaces, take the generic one.
        """
        soap.ahead = await _clock_ahead(soap)
        paths = await _paths(soap)
        profile, node = await _profile(soap, paths[MEDIA])
        return cls(soap, paths[PTZ], profile, await _spaces(soap, paths[PTZ], node, guess_space=guess_space))


async def _clock_ahead(soap: SoapClient) -> timedelta:
    """How far the camera's clock is ahead of ours, so that it takes our tokens; nothing where it does not say."""
    try:
        answer = await soap.call(DEVICE_PATH, DEVICE, "GetSystemDateAndTime", with_token=False)
        utc = _need(answer.find(".//{*}UTCDateTime"))
        names = ("Date/{*}Year", "Date/{*}Month", "Date/{*}Day", "Time/{*}Hour", "Time/{*}Minute", "Time/{*}Second")
        there = datetime(*(int(utc.findtext("{*}" + name)) for name in names), tzinfo=UTC)  # type: ignore[arg-type, misc]
    except (Refused, LookupError, TypeError, ValueError):
        return timedelta(0)
    return there - datetime.now(UTC) if there.year in YEARS else timedelta(0)


async def _paths(soap: SoapClient) -> dict[str, str]:
    """Path of the media and of the PTZ service."""
    try:
        wanted = "<IncludeCapability>false</IncludeCapability>"
        answer = await soap.call(DEVICE_PATH, DEVICE, "GetServices", wanted)
        told = [(each.findtext("{*}Namespace"), each.findtext("{*}XAddr")) for each in answer.iterfind("{*}Service")]
    except Refused:  # older cameras know only this
        answer = await soap.call(DEVICE_PATH, DEVICE, "GetCapabilities", "<Category>All</Category>")
        names = {MEDIA: "Media", PTZ: "PTZ"}
        told = [(space, answer.findtext(f"{{*}}Capabilities/{{*}}{name}/{{*}}XAddr")) for space, name in names.items()]
    paths = {}
    for namespace, name in ((MEDIA, "media"), (PTZ, "PTZ")):
        with _all_there():
            parts = [urlsplit((address or "").strip()) for space, address in told if space == namespace and address]
        if not parts or not parts[0].path.startswith("/"):
            raise OSError(f"the camera has no {name} service")
        paths[namespace] = parts[0].path + (f"?{parts[0].query}" if parts[0].query else "")
    return paths


async def _profile(soap: SoapClient, path: str) -> tuple[str, str]:
    """Token of the first profile that can turn, and of its PTZ node."""
    for profile in (await soap.call(path, MEDIA, "GetProfiles")).iterfind("{*}Profiles"):
        turning = profile.find("{*}PTZConfiguration")
        if turning is not None and profile.get("token"):
            return profile.get("token"), turning.findtext("{*}NodeToken") or ""
    raise OSError("the camera has no profile that can turn")


async def _spaces(soap: SoapClient, path: str, node: str, *, guess_space: bool) -> dict[str, Space]:
    """The spaces in which the node takes absolute positions."""
    try:
        answer = await soap.call(path, PTZ, "GetNodes")
    except Refused:
        if guess_space:
            return {GENERIC_SPACE: Space()}
        raise
    nodes = answer.findall("{*}PTZNode")
    ours = [each for each in nodes if each.get("token") == node] or nodes
    found = {}
    with _all_there():
        for space in ours[0].iterfind("{*}SupportedPTZSpaces/{*}AbsolutePanTiltPositionSpace") if ours else ():
            found[(space.findtext("{*}URI") or "").strip()] = Space(_range(space, "XRange"), _range(space, "YRange"))
    known = {uri: found[uri] for uri in (GENERIC_SPACE, DEGREES_SPACE) if uri in found}
    if not known:
        raise OSError("the camera cannot be turned to an angle: it has no AbsoluteMove")
    return known


def _range(space: "etree._Element", name: str) -> Span:
    low, high = (_number(space.findtext(f"{{*}}{name}/{{*}}{end}")) for end in ("Min", "Max"))
    if not low < high:
        raise ValueError(f"a range of {low:g} to {high:g}")
    return low, high


def _number(text: str | None) -> float:
    number = float(text or "")
    if not math.isfinite(number):
        raise ValueError("not a finite number")
    return number


def _need(found: "etree._Element | None") -> "etree._Element":
    if found is None:
        raise LookupError
    return found


@contextmanager
def _all_there() -> Iterator[None]:
    """Turn what reading an answer may raise into OSError."""
    try:
        yield
    except (LookupError, TypeError, ValueError) as error:
        raise OSError("the camera's answer lacks what it must hold") from error
