"""What an ONVIF camera says of itself, for a technician: nothing of it turns anything, and none of it is trusted.

Operations of the device (ver10) and media (ver10) services; the shape of a location is common.xsd's LocationEntity.
"""

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit, urlunsplit
from xml.sax.saxutils import escape

from hw.onvif_client import DEVICE, DEVICE_PATH, MEDIA, clock_ahead, paths_of, services
from hw.onvif_ptz import Abilities, Ptz, number
from hw.soap_client import SoapClient

MOST_LETTERS = 80
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stands:
    """Where it believes that it stands, as far as it says so; yaw_deg as it gives it."""

    lat_deg: float
    lon_deg: float
    h_m: float | None
    yaw_deg: float | None


@dataclass(frozen=True, slots=True)
class About:
    """identity : manufacturer, model, firmware, as it says them. ahead_s : its clock before ours; None: it does not
    say. elsewhere : addresses that it gives as its own and under which it is not spoken to. stream : of its picture,
    without a login; "" where it tells none."""

    identity: Mapping[str, str]
    ahead_s: float | None
    elsewhere: tuple[str, ...]
    can: Abilities
    presets: tuple[str, ...]
    stream: str
    stands: Stands | None


async def about(soap: SoapClient, base: str, ptz: Ptz) -> About:
    """Ask. base : http(s)://HOST:PORT of where it is spoken to. What it does not know it leaves out. Raises OSError
    where it does not answer."""
    ahead, told = await clock_ahead(soap), await services(soap)
    presets = tuple(ptz.presets) or (tuple(await _presets(ptz)) if ptz.can.n_presets else ())
    return About(
        await _identity(soap),
        None if ahead is None else ahead.total_seconds(),
        _elsewhere(told, base),
        ptz.can,
        presets,
        await _stream(soap, paths_of(told)[MEDIA], ptz.profile),
        await _stands(soap),
    )


def plain(text: str | None) -> str:
    """What a camera said, fit to be shown: one line of printable letters, not too many."""
    return "".join(each for each in " ".join((text or "").split()) if each.isprintable())[:MOST_LETTERS]


async def _asked(answer: Awaitable[T]) -> T | None:
    """What it answers; None where it refuses, or answers what is none. Raises TimeoutError where it is silent."""
    try:
        return await answer
    except TimeoutError:
        raise
    except OSError:
        return None


async def _identity(soap: SoapClient) -> dict[str, str]:
    answer = await _asked(soap.call(DEVICE_PATH, DEVICE, "GetDeviceInformation"))
    if answer is None:
        return {}
    names = ("Manufacturer", "Model", "FirmwareVersion")
    return {name: told for name in names if (told := plain(soap.hide(answer.findtext("{*}" + name) or "")))}


def _elsewhere(told: list[tuple[str, str]], base: str) -> tuple[str, ...]:
    found = []
    for _, address in told:
        try:
            parts = urlsplit(address)
            port = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError:
            continue
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        origin = plain(f"{parts.scheme}://{host}:{port}")
        if parts.hostname and origin != base and origin not in found:
            found.append(origin)
    return tuple(found)


async def _presets(ptz: Ptz) -> list[str]:
    return [plain(each) for each in await _asked(ptz.read_presets()) or ()]


async def _stream(soap: SoapClient, path: str, profile: str) -> str:
    setup = (
        "<StreamSetup><tt:Stream>RTP-Unicast</tt:Stream><tt:Transport><tt:Protocol>RTSP</tt:Protocol></tt:Transport>"
        f"</StreamSetup><ProfileToken>{escape(profile)}</ProfileToken>"
    )
    answer = await _asked(soap.call(path, MEDIA, "GetStreamUri", setup))
    try:
        parts = urlsplit("" if answer is None else (answer.findtext("{*}MediaUri/{*}Uri") or "").strip())
    except ValueError:
        return ""
    return plain(soap.hide(urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))))


async def _stands(soap: SoapClient) -> Stands | None:
    answer = await _asked(soap.call(DEVICE_PATH, DEVICE, "GetGeoLocation"))
    if answer is None:
        return None
    try:
        place, turn = answer.find("{*}Location/{*}GeoLocation"), answer.find("{*}Location/{*}GeoOrientation")
        if place is None:
            return None
        h_m, yaw_deg = place.get("elevation"), None if turn is None else turn.get("yaw")
        return Stands(
            number(place.get("lat")),
            number(place.get("lon")),
            None if h_m is None else number(h_m),
            None if yaw_deg is None else number(yaw_deg),
        )
    except ValueError:
        return None
