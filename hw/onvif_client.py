"""The conversation with an ONVIF camera's PTZ service, through onvif-zeep-async and its bundled WSDLs.

Imported only when a camera is configured (hw/onvif_camera.py): it needs the extra `camera`. Positions here are in
ONVIF's generic space, -1 to 1. Whatever goes wrong is OSError in a few words, without address or password.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import aiohttp
import onvif
from lxml import etree
from zeep import exceptions as zeep_exceptions

GENERIC_SPACE = "http://www.onvif.org/ver10/tptz/PanTiltSpaces/PositionGenericSpace"
DEGREES_SPACE = "http://www.onvif.org/ver10/tptz/PanTiltSpaces/SphericalPositionSpaceDegrees"
Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Address:
    """Where a camera's device service is, and as whom to speak to it."""

    host: str
    port: int
    user: str
    password: str

    def __repr__(self) -> str:
        return f"Address({self.host!r}, {self.port})"


class Ptz:
    """One camera's PTZ service and the profile to turn. Build it with `Ptz.open`, and `close` it."""

    def __init__(self, camera: onvif.ONVIFCamera) -> None:
        self._camera = camera
        self._service: Any = None
        self._profile: Any = None

    @classmethod
    async def open(cls, address: Address) -> Self:
        """Find the services and the first profile that can turn. Raises OSError where the camera cannot be used.

        The camera's own clock is asked first, so that a camera whose clock is wrong still takes our tokens; its
        services are sought at the configured address, whatever address it announces.
        """
        ptz = cls(
            onvif.ONVIFCamera(
                address.host, address.port, address.user, address.password,
                no_cache=True, adjust_time=True, nat_override=True,
            )
        )  # fmt: skip
        try:
            with _in_few_words():
                await ptz._find()
        except BaseException:
            await ptz.close()
            raise
        return ptz

    async def _find(self) -> None:
        await self._camera.update_xaddrs()
        media = await self._camera.create_media_service()
        self._service = await self._camera.create_ptz_service()
        turning = [profile for profile in await media.GetProfiles() or [] if profile.PTZConfiguration is not None]
        if not turning:
            raise OSError("the camera has no profile that can turn")
        self._profile = turning[0]

    async def spans_deg(self) -> tuple[Span, Span] | None:
        """The pan and tilt spans, degrees, that the camera declares; None where it declares none."""
        with _in_few_words():
            for node in await self._service.GetNodes() or []:
                for space in node.SupportedPTZSpaces.AbsolutePanTiltPositionSpace or []:
                    if space.URI == DEGREES_SPACE:
                        return _range(space.XRange), _range(space.YRange)
        return None

    async def move(self, x: float, y: float) -> None:
        """Turn to a position of the generic space; returns once the camera has taken the order."""
        where = {"PanTilt": {"x": x, "y": y, "space": GENERIC_SPACE}}
        with _in_few_words():
            await self._service.AbsoluteMove({"ProfileToken": self._profile.token, "Position": where})

    async def where(self) -> tuple[float, float]:
        """The position, generic space, where the camera says it looks."""
        with _in_few_words():
            status = await self._service.GetStatus({"ProfileToken": self._profile.token})
            return float(status.Position.PanTilt.x), float(status.Position.PanTilt.y)

    async def close(self) -> None:
        """Hang up."""
        await self._camera.close()


def _range(span: Any) -> Span:
    low, high = float(span.Min), float(span.Max)
    if not low < high:
        raise ValueError(f"a span of {low:g} to {high:g}")
    return low, high


@contextmanager
def _in_few_words() -> Iterator[None]:
    """Turn whatever the libraries raise into OSError."""
    try:
        yield
    except zeep_exceptions.Fault as fault:
        raise OSError(f"the camera refuses: {_short(fault.message)}") from fault
    except (onvif.ONVIFError, zeep_exceptions.Error, etree.XMLSyntaxError) as error:
        raise OSError(f"the camera does not speak ONVIF as it should ({type(error).__name__})") from error
    except (aiohttp.ClientError, ConnectionError) as error:
        raise OSError(f"the camera cannot be reached ({type(error).__name__})") from error
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise OSError("the camera's answer lacks what it must hold") from error


def _short(text: object) -> str:
    return " ".join(str(text).split())[:120]
