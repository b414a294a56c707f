"""One ONVIF camera's PTZ service: turning, zooming, and what it says of where it looks.

Shapes are those of ptz.wsdl and onvif.xsd. Pan, tilt and zoom are shares here, 0 to 1 from the one end of the travel to
the other (zoom from wide to narrow); hw/onvif_camera.py knows degrees.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from lxml import etree

from hw.ports import GeoPlace
from hw.soap_client import SoapClient

PTZ = "http://www.onvif.org/ver20/ptz/wsdl"
GENERIC_SPACE = "http://www.onvif.org/ver10/tptz/PanTiltSpaces/PositionGenericSpace"
DEGREES_SPACE = "http://www.onvif.org/ver10/tptz/PanTiltSpaces/SphericalPositionSpaceDegrees"
ZOOM_SPACE = "http://www.onvif.org/ver10/tptz/ZoomSpaces/PositionGenericSpace"
MOST_PRESETS = 500
LARGEST, FARTHEST = 1e6, 1e3
"""No number that a camera tells is larger, and no position farther from the ends of its travel, in travels: what is
would overflow whatever is reckoned with it."""
Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Space:
    """A space of positions: what stands for the ends of the travel on the wire."""

    x: Span = (-1.0, 1.0)
    y: Span = (-1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a camera's node says that it can. spaces : those that it takes absolute pan and tilt in, none: it takes no
    angle. zoom : what stands for the ends of its zoom on the wire. geo : takes a place on the globe. home : has a home
    of its own. n_presets : how many it may keep."""

    spaces: Mapping[str, Space]
    zoom: Span | None = None
    geo: bool = False
    home: bool = False
    n_presets: int = 0


@dataclass(frozen=True, slots=True)
class Ptz:
    """One camera's PTZ service, the profile to turn and what it can. hw/onvif_client.py finds them.

    presets : where each of the camera's own looks, shares of pan and tilt, as far as it says so.
    """

    soap: SoapClient
    path: str
    profile: str
    can: Abilities
    presets: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def space(self) -> str:
        """The space that we speak in: the generic one, or whichever there is."""
        return GENERIC_SPACE if GENERIC_SPACE in self.can.spaces else next(iter(self.can.spaces), GENERIC_SPACE)

    def spans_deg(self) -> tuple[Span, Span] | None:
        """The pan and tilt spans, degrees, that the camera declares; None where it declares none.

        A generic space that is wider than -1 to 1, as some declare it, can only be in degrees.
        """
        generic = self.can.spaces.get(GENERIC_SPACE)
        in_degrees = generic if generic is not None and generic.x[1] - generic.x[0] > 2 else None
        space = self.can.spaces.get(DEGREES_SPACE, in_degrees)
        return None if space is None else (space.x, space.y)

    async def move(self, pan: float, tilt: float, zoom: float | None = None) -> None:
        """Turn; returns once the camera has taken the order."""
        space = self.can.spaces[self.space]
        x, y = (low + share * (high - low) for share, (low, high) in ((pan, space.x), (tilt, space.y)))
        where = f'<tt:PanTilt x="{x:.9g}" y="{y:.9g}" space="{self.space}"/>'
        if zoom is not None and self.can.zoom is not None:
            low, high = self.can.zoom
            where += f'<tt:Zoom x="{low + zoom * (high - low):.9g}" space="{ZOOM_SPACE}"/>'
        await self._ask("AbsoluteMove", f"<Position>{where}</Position>")

    async def move_to_place(self, place: GeoPlace) -> None:
        """Turn to a place on the globe, and zoom as far as it fits, which is the camera's own reckoning."""
        target = f'<Target lon="{place.lon_deg:.8f}" lat="{place.lat_deg:.8f}" elevation="{place.h_m:.2f}"/>'
        area = f"<AreaHeight>{place.height_m:.2f}</AreaHeight><AreaWidth>{place.width_m:.2f}</AreaWidth>"
        await self._ask("GeoMove", target + area)

    async def move_to_preset(self, token: str) -> None:
        """Turn to one of the camera's own presets."""
        await self._ask("GotoPreset", f"<PresetToken>{escape(token)}</PresetToken>")

    async def go_home(self) -> None:
        """Turn to the camera's own home."""
        await self._ask("GotoHomePosition")

    async def where(self) -> tuple[float, float, float | None]:
        """Where the camera says it looks, and how far it is zoomed in, where it says that."""
        answer = await self._ask("GetStatus")
        with all_there():
            pan, tilt = self.shares(need(answer.find("{*}PTZStatus/{*}Position/{*}PanTilt")))
            zoom = answer.find("{*}PTZStatus/{*}Position/{*}Zoom")
            if zoom is None or self.can.zoom is None:
                return pan, tilt, None
            return pan, tilt, _share(number(zoom.get("x")), self.can.zoom)

    def shares(self, pan_tilt: "etree._Element") -> tuple[float, float]:
        """A position on the wire. Raises LookupError or ValueError where it is none."""
        space = self.can.spaces.get(pan_tilt.get("space") or self.space, self.can.spaces.get(self.space, Space()))
        pan, tilt = (_share(number(pan_tilt.get(axis)), span) for axis, span in (("x", space.x), ("y", space.y)))
        return pan, tilt

    async def read_presets(self) -> dict[str, tuple[float, float]]:
        """Where the camera's own presets look, as far as it says so."""
        answer, found = await self._ask("GetPresets"), {}
        for preset in answer.findall("{*}Preset")[:MOST_PRESETS]:
            where, token = preset.find("{*}PTZPosition/{*}PanTilt"), preset.get("token")
            if where is not None and token:
                with all_there():
                    found[token] = self.shares(where)
        return found

    async def _ask(self, operation: str, inside: str = "") -> "etree._Element":
        token = f"<ProfileToken>{escape(self.profile)}</ProfileToken>"
        return await self.soap.call(self.path, PTZ, operation, token + inside)


def number(text: str | None) -> float:
    """A number of an answer. Raises ValueError for what is none, and for one that nothing can be reckoned with."""
    return _sane(float(text or ""), LARGEST)


def _share(told: float, span: Span) -> float:
    return _sane((told - span[0]) / (span[1] - span[0]), FARTHEST)


def _sane(found: float, largest: float) -> float:
    if not abs(found) <= largest:  # so written, NaN is none
        raise ValueError("no number that a camera has")
    return found


def need(found: "etree._Element | None") -> "etree._Element":
    """What must be there. Raises LookupError."""
    if found is None:
        raise LookupError
    return found


@contextmanager
def all_there() -> Iterator[None]:
    """Turn what reading an answer may raise into OSError."""
    try:
        yield
    except (LookupError, TypeError, ValueError) as error:
        raise OSError("the camera's answer lacks what it must hold") from error
