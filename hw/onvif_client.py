"""How an ONVIF camera is met: its clock, its services, the profile to turn and what its node can.

Imported only when a camera is configured (hw/onvif_camera.py): it needs the extra `camera`. Names and shapes are those
of onvif.xsd and of the device (ver10), media (ver10) and PTZ (ver20) WSDLs that onvif-zeep-async bundles.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from lxml import etree

from hw.onvif_ptz import (
    DEGREES_SPACE,
    GENERIC_SPACE,
    PTZ,
    ZOOM_SPACE,
    Abilities,
    Ptz,
    Space,
    Span,
    all_there,
    need,
    number,
)
from hw.soap_client import Refused, SoapClient

DEVICE = "http://www.onvif.org/ver10/device/wsdl"
MEDIA = "http://www.onvif.org/ver10/media/wsdl"
DEVICE_PATH = "/onvif/device_service"
YEARS = range(1970, 2200)


async def open_ptz(soap: SoapClient, *, guess_space: bool) -> Ptz:
    """Find the services, the profile to turn and what it can. Raises OSError where the camera cannot be used.

    The camera's services are sought at the configured address, whatever address it announces. guess_space : where it
    does not tell its spaces, take the generic one. Of a camera that takes no angle its presets are asked for.
    """
    soap.ahead = await clock_ahead(soap) or timedelta(0)
    paths = paths_of(await services(soap))
    profile, node = await _profile(soap, paths[MEDIA])
    ptz = Ptz(soap, paths[PTZ], profile, await _abilities(soap, paths[PTZ], node, guess_space=guess_space))
    if ptz.can.spaces or not ptz.can.n_presets:
        return ptz
    return replace(ptz, presets=await ptz.read_presets())


async def clock_ahead(soap: SoapClient) -> timedelta | None:
    """How far the camera's clock is ahead of ours, so that it takes our tokens; None where it does not say."""
    try:
        answer = await soap.call(DEVICE_PATH, DEVICE, "GetSystemDateAndTime", with_token=False)
        utc = need(answer.find(".//{*}UTCDateTime"))
        names = ("Date/{*}Year", "Date/{*}Month", "Date/{*}Day", "Time/{*}Hour", "Time/{*}Minute", "Time/{*}Second")
        there = datetime(*(int(utc.findtext("{*}" + name)) for name in names), tzinfo=UTC)  # type: ignore[arg-type, misc]
    except (Refused, LookupError, TypeError, ValueError):
        return None
    return there - datetime.now(UTC) if there.year in YEARS else None


async def services(soap: SoapClient) -> list[tuple[str, str]]:
    """(namespace, address) of each service, as the camera tells them."""
    try:
        wanted = "<IncludeCapability>false</IncludeCapability>"
        answer = await soap.call(DEVICE_PATH, DEVICE, "GetServices", wanted)
        told = [(each.findtext("{*}Namespace"), each.findtext("{*}XAddr")) for each in answer.iterfind("{*}Service")]
    except Refused:  # older cameras know only this
        answer = await soap.call(DEVICE_PATH, DEVICE, "GetCapabilities", "<Category>All</Category>")
        names = {MEDIA: "Media", PTZ: "PTZ"}
        told = [(space, answer.findtext(f"{{*}}Capabilities/{{*}}{name}/{{*}}XAddr")) for space, name in names.items()]
    return [(space.strip(), address.strip()) for space, address in told if space and address and address.strip()]


def paths_of(told: list[tuple[str, str]]) -> dict[str, str]:
    """Path of the media and of the PTZ service; the host that is told with it is not heeded."""
    paths = {}
    for namespace, name in ((MEDIA, "media"), (PTZ, "PTZ")):
        with all_there():
            parts = [urlsplit(address) for space, address in told if space == namespace]
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


async def _abilities(soap: SoapClient, path: str, node: str, *, guess_space: bool) -> Abilities:
    """What the node says that it can."""
    try:
        answer = await soap.call(path, PTZ, "GetNodes")
    except Refused:
        if guess_space:
            return Abilities({GENERIC_SPACE: Space()}, (0.0, 1.0))
        raise
    nodes = answer.findall("{*}PTZNode")
    ours = [each for each in nodes if each.get("token") == node] or nodes
    if not ours:
        raise OSError("the camera has no PTZ node")
    with all_there():
        return read_node(ours[0])


def read_node(node: "etree._Element") -> Abilities:
    """A PTZNode. Raises LookupError or ValueError where it is none."""
    spaces, zooms = {}, {}
    for space in node.iterfind("{*}SupportedPTZSpaces/{*}AbsolutePanTiltPositionSpace"):
        spaces[(space.findtext("{*}URI") or "").strip()] = Space(_range(space, "XRange"), _range(space, "YRange"))
    for space in node.iterfind("{*}SupportedPTZSpaces/{*}AbsoluteZoomPositionSpace"):
        zooms[(space.findtext("{*}URI") or "").strip()] = _range(space, "XRange")
    return Abilities(
        {uri: spaces[uri] for uri in (GENERIC_SPACE, DEGREES_SPACE) if uri in spaces},
        zooms.get(ZOOM_SPACE),
        _is_true(node.get("GeoMove")),
        _is_true(node.findtext("{*}HomeSupported")),
        int(node.findtext("{*}MaximumNumberOfPresets") or "0"),
    )


def _is_true(text: str | None) -> bool:
    """xs:boolean."""
    return (text or "").strip() in ("true", "1")


def _range(space: "etree._Element", name: str) -> Span:
    low, high = (number(space.findtext(f"{{*}}{name}/{{*}}{end}")) for end in ("Min", "Max"))
    if not low < high:
        raise ValueError(f"a range of {low:g} to {high:g}")
    return low, high
