"""What the virtual camera says and hears: SOAP 1.2 with a WS-Security user name token, and ONVIF's answers.

Only the operations that turning a camera needs. Shapes are those of onvif.xsd and the three WSDLs that
onvif-zeep-async bundles; the password digest, Base64(SHA-1(nonce + created + password)), is the WS-Security user name
token profile's as zeep writes it.
"""

import base64
import binascii
import datetime
import hashlib
import hmac
from dataclasses import dataclass

from lxml import etree

from simulators.peers.head import Model

MAX_REQUEST_BYTES = 65536
MAX_AGE_S = 300
"""How far a token's time may be from ours, either way."""
GENERIC_SPACE = "http://www.onvif.org/ver10/tptz/PanTiltSpaces/PositionGenericSpace"
DEGREES_SPACE = "http://www.onvif.org/ver10/tptz/PanTiltSpaces/SphericalPositionSpaceDegrees"
ZOOM_SPACE = "http://www.onvif.org/ver10/tptz/ZoomSpaces/PositionGenericSpace"
NAMESPACES = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "tt": "http://www.onvif.org/ver10/schema",
    "tds": "http://www.onvif.org/ver10/device/wsdl",
    "trt": "http://www.onvif.org/ver10/media/wsdl",
    "tptz": "http://www.onvif.org/ver20/ptz/wsdl",
    "ter": "http://www.onvif.org/ver10/error",
}
SERVICES = {"tds": "device", "trt": "media", "tptz": "ptz"}
ENVELOPE = "<s:Envelope {names}><s:Body>{body}</s:Body></s:Envelope>"
FAULT = (
    "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:{code}</s:Value></s:Subcode></s:Code>"
    '<s:Reason><s:Text xml:lang="en">{reason}</s:Text></s:Reason></s:Fault>'
)
DATE_AND_TIME = (
    "<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:DateTimeType>NTP</tt:DateTimeType>"
    "<tt:DaylightSavings>false</tt:DaylightSavings><tt:UTCDateTime>"
    "<tt:Time><tt:Hour>{0.hour}</tt:Hour><tt:Minute>{0.minute}</tt:Minute><tt:Second>{0.second}</tt:Second></tt:Time>"
    "<tt:Date><tt:Year>{0.year}</tt:Year><tt:Month>{0.month}</tt:Month><tt:Day>{0.day}</tt:Day></tt:Date>"
    "</tt:UTCDateTime></tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>"
)
ABOUT = (
    "<tds:GetDeviceInformationResponse><tds:Manufacturer>Soundpost</tds:Manufacturer><tds:Model>virtual</tds:Model>"
    "<tds:FirmwareVersion>1.0</tds:FirmwareVersion><tds:SerialNumber>0</tds:SerialNumber><tds:HardwareId>none"
    "</tds:HardwareId></tds:GetDeviceInformationResponse>"
)
GEO_LOCATION = (
    '<tds:GetGeoLocationResponse><tds:Location Entity="VideoSource"><tt:GeoLocation lon="{0.lon_deg:.8f}" '
    'lat="{0.lat_deg:.8f}" elevation="{0.h_m:.2f}"/><tt:GeoOrientation yaw="{0.bearing_deg:.3f}"/></tds:Location>'
    "</tds:GetGeoLocationResponse>"
)
SERVICE = (
    "<tds:Service><tds:Namespace>{namespace}</tds:Namespace><tds:XAddr>{url}/onvif/{path}_service</tds:XAddr>"
    "<tds:Version><tt:Major>2</tt:Major><tt:Minor>0</tt:Minor></tds:Version></tds:Service>"
)
CAPABILITIES = (
    "<tds:GetCapabilitiesResponse><tds:Capabilities>"
    "<tt:Device><tt:XAddr>{url}/onvif/device_service</tt:XAddr></tt:Device>"
    "<tt:Media><tt:XAddr>{url}/onvif/media_service</tt:XAddr><tt:StreamingCapabilities/></tt:Media>"
    "<tt:PTZ><tt:XAddr>{url}/onvif/ptz_service</tt:XAddr></tt:PTZ>"
    "</tds:Capabilities></tds:GetCapabilitiesResponse>"
)
PROFILES = (
    '<trt:GetProfilesResponse><trt:Profiles token="street" fixed="true"><tt:Name>street</tt:Name>'
    '<tt:PTZConfiguration token="mount"><tt:Name>mount</tt:Name><tt:UseCount>1</tt:UseCount>'
    "<tt:NodeToken>mount</tt:NodeToken></tt:PTZConfiguration></trt:Profiles></trt:GetProfilesResponse>"
)
STREAM = (
    "<trt:GetStreamUriResponse><trt:MediaUri><tt:Uri>{uri}</tt:Uri><tt:InvalidAfterConnect>false"
    "</tt:InvalidAfterConnect><tt:InvalidAfterReboot>false</tt:InvalidAfterReboot><tt:Timeout>PT0S</tt:Timeout>"
    "</trt:MediaUri></trt:GetStreamUriResponse>"
)
SPACE = (
    "<tt:AbsolutePanTiltPositionSpace><tt:URI>{uri}</tt:URI><tt:XRange><tt:Min>{x[0]:g}</tt:Min><tt:Max>{x[1]:g}"
    "</tt:Max></tt:XRange><tt:YRange><tt:Min>{y[0]:g}</tt:Min><tt:Max>{y[1]:g}</tt:Max></tt:YRange>"
    "</tt:AbsolutePanTiltPositionSpace>"
)
ZOOM = (
    f"<tt:AbsoluteZoomPositionSpace><tt:URI>{ZOOM_SPACE}</tt:URI><tt:XRange><tt:Min>0</tt:Min><tt:Max>1</tt:Max>"
    "</tt:XRange></tt:AbsoluteZoomPositionSpace>"
)
NODES = (
    '<tptz:GetNodesResponse><tptz:PTZNode token="mount"{more}><tt:Name>mount</tt:Name><tt:SupportedPTZSpaces>{spaces}'
    "</tt:SupportedPTZSpaces><tt:MaximumNumberOfPresets>{presets}</tt:MaximumNumberOfPresets>"
    "<tt:HomeSupported>{home}</tt:HomeSupported></tptz:PTZNode></tptz:GetNodesResponse>"
)
PRESET = '<tptz:Preset token="{token}"><tt:Name>{token}</tt:Name>{where}</tptz:Preset>'
PRESET_PLACE = '<tt:PTZPosition><tt:PanTilt x="{x:.9g}" y="{y:.9g}" space="{space}"/></tt:PTZPosition>'
STATUS = (
    '<tptz:GetStatusResponse><tptz:PTZStatus><tt:Position><tt:PanTilt x="{x:.9g}" y="{y:.9g}" space="{space}"/>{zoom}'
    "</tt:Position><tt:MoveStatus><tt:PanTilt>{state}</tt:PanTilt></tt:MoveStatus>"
    "<tt:UtcTime>{time:%Y-%m-%dT%H:%M:%SZ}</tt:UtcTime></tptz:PTZStatus></tptz:GetStatusResponse>"
)
Span = tuple[float, float]
DONE = "<tptz:{operation}Response/>"


class Refused(ValueError):
    """A request that the camera answers with a SOAP fault: `code` is ONVIF's subcode."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked: the operation's name, the token if one was sent, and where to turn, as far as it says: position
    and zoom in their generic spaces, a place (latitude, longitude, height) and its width in metres, a preset."""

    operation: str
    token: dict[str, str]
    position: tuple[float, float] | None = None
    zoom: float | None = None
    place: tuple[float, float, float] | None = None
    width_m: float | None = None
    preset: str = ""


def parse(body: bytes) -> Request:
    """Read a request; no entities, no DTD, nothing fetched. Raises Refused for anything that is not one."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        envelope = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Refused("WellFormed", "the request is not XML") from error
    asked = envelope.find("s:Body/*", NAMESPACES)
    if asked is None or not isinstance(asked.tag, str):
        raise Refused("InvalidArgs", "the request has no SOAP body")
    token = {etree.QName(e).localname: (e.text or "") for e in envelope.iterfind(".//{*}UsernameToken/{*}*")}
    return Request(
        etree.QName(asked).localname,
        token,
        _position(asked.find(".//tt:PanTilt", NAMESPACES)),
        _numbers(asked.find(".//tt:Zoom", NAMESPACES), "x")[0],
        _place(asked.find("tptz:Target", NAMESPACES)),
        _metres(asked.findtext("tptz:AreaWidth", None, NAMESPACES)),
        asked.findtext("tptz:PresetToken", "", NAMESPACES),
    )


def _position(pan_tilt: "etree._Element | None") -> tuple[float, float] | None:
    if pan_tilt is None:
        return None
    if pan_tilt.get("space", GENERIC_SPACE) != GENERIC_SPACE:
        raise Refused("SpaceNotSupported", f"the space of a move must be {GENERIC_SPACE}")
    x, y = _numbers(pan_tilt, "x", "y")
    return (x, y) if x is not None and y is not None else None


def _place(target: "etree._Element | None") -> tuple[float, float, float] | None:
    lat, lon, h = _numbers(target, "lat", "lon", "elevation")
    return None if lat is None or lon is None or h is None else (lat, lon, h)


def _numbers(element: "etree._Element | None", *names: str) -> list[float | None]:
    if element is None:
        return [None] * len(names)
    try:
        return [float(element.get(name)) for name in names]
    except (TypeError, ValueError) as error:
        raise Refused("InvalidPosition", f"{' and '.join(names)} must be numbers") from error


def _metres(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError as error:
        raise Refused("InvalidArgs", "an area must be in metres") from error


def authorised(token: dict[str, str], user: str, password: str, now: datetime.datetime) -> bool:
    """Whether a user name token is this user's, made with this password, within MAX_AGE_S of now."""
    try:
        created = datetime.datetime.fromisoformat(token["Created"].replace("Z", "+00:00"))
        nonce = base64.b64decode(token["Nonce"], validate=True)
        fresh = abs((now - created).total_seconds()) <= MAX_AGE_S
        named, digest = token["Username"].encode(), token["Password"].encode()
    except (KeyError, TypeError, ValueError, OverflowError, binascii.Error):
        return False
    inner = hashlib.sha1(nonce + token["Created"].encode() + password.encode(), usedforsecurity=False).digest()
    return fresh and hmac.compare_digest(named, user.encode()) and hmac.compare_digest(digest, base64.b64encode(inner))


def envelope(body: str) -> str:
    """An answer's body in its envelope."""
    names = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())
    return ENVELOPE.format(names=names, body=body)


def services(url: str) -> str:
    """GetServices' answer for a camera at `url`."""
    listed = "".join(SERVICE.format(namespace=NAMESPACES[p], url=url, path=path) for p, path in SERVICES.items())
    return f"<tds:GetServicesResponse>{listed}</tds:GetServicesResponse>"


def nodes(model: Model, generic: tuple[Span, Span] = ((-1, 1), (-1, 1))) -> str:
    """GetNodes' answer: the generic space, and the same in degrees, where it takes angles; and what else it can."""
    spaces = SPACE.format(uri=GENERIC_SPACE, x=generic[0], y=generic[1])
    spaces += SPACE.format(uri=DEGREES_SPACE, x=model.pan_span_deg, y=model.tilt_span_deg)
    return NODES.format(
        spaces=spaces * model.turns + ZOOM * model.zooms,
        presets=len(model.presets),
        home="false" if model.home_deg is None else "true",
        more="" if model.pose is None else ' GeoMove="true"',
    )
