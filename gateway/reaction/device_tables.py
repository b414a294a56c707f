"""The tables of gateway.toml that say what cameras there are; those of lamps: lamp_tables.py."""

from itertools import pairwise
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from gateway.street import Mount, Place
from gateway.tables import Name, Placed, Table, web_url

PanDeg = Annotated[float, Field(ge=-360, le=360)]
TiltDeg = Annotated[float, Field(ge=-90, le=90)]
Share = Annotated[float, Field(ge=0, le=1)]
WidthDeg = Annotated[float, Field(ge=0.1, le=180)]
MOST_TILT_ZERO_DEG, MOST_LEAN_DEG = 45.0, 20.0


class PresetTable(Table):
    """A preset of the camera's own, and where it looks in the camera's own frame.

    token : the camera's name for it.
    pan_deg : where it looks.
    tilt_deg : where it looks.
    """

    token: str = Field(min_length=1, max_length=64)
    pan_deg: PanDeg
    tilt_deg: TiltDeg


class CameraTable(Placed):
    """A camera that is turned to a shot, by ONVIF. ca_file, fingerprint or verify = false: how an https camera
    shows that it is the one; none of them: by an authority that this host trusts.

    name : its name, in rows and on pages.
    url : of its device service, without a user or password.
    user : as whom the gateway asks.
    password_file : one line, the password.
    ca_file : the authority that signed its certificate.
    fingerprint : SHA-256 of its own certificate.
    verify : false: nothing is verified, and that is said at each start.
    bearing_deg : true bearing of its pan 0; `soundpost camera survey` finds it.
    pan_deg : [lowest, highest] within which it may be turned; -360 to 360.
    tilt_deg : [lowest, highest] within which it may be turned; below 0 is down; -90 to 90.
    pan_span_deg : its whole travel, where it does not say so itself or says it wrong; -360 to 360.
    tilt_span_deg : its whole travel, likewise; -90 to 90.
    range_m : a shot farther away turns it not.
    tilt_zero_deg : where its tilt 0 truly looks; `soundpost camera survey` finds it.
    lean_deg : by how much its mount leans; `soundpost camera survey` finds it.
    lean_to_deg : the bearing that it leans to.
    view_deg : [[zoom, width], ...]: how wide its picture is by zoom; without, it is not told to zoom.
    aspect : its picture's width over its height.
    geo_move : whether it may be told a place instead of angles, where it takes one.
    preset : for one that cannot be turned to an angle.
    home_deg : pan and tilt to go back to; none: its own home.
    """

    name: Name
    url: str = Field(pattern=r"^https?://[^@\s]+$", max_length=200)
    user: str = Field(default="", max_length=64)
    password_file: str | None = None
    ca_file: str | None = Field(default=None, min_length=1)
    fingerprint: str | None = Field(default=None, pattern=r"^([0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}$")
    verify: bool = True
    bearing_deg: float = Field(default=0.0, ge=-360, le=360)
    pan_deg: tuple[float, float] = (-180.0, 180.0)
    tilt_deg: tuple[float, float] = (-90.0, 30.0)
    pan_span_deg: tuple[float, float] | None = None
    tilt_span_deg: tuple[float, float] | None = None
    range_m: float = Field(default=150.0, gt=0, le=5000)
    tilt_zero_deg: float = Field(default=0.0, ge=-MOST_TILT_ZERO_DEG, le=MOST_TILT_ZERO_DEG)
    lean_deg: float = Field(default=0.0, ge=0, le=MOST_LEAN_DEG)
    lean_to_deg: float = Field(default=0.0, ge=-360, le=360)
    view_deg: tuple[tuple[Share, WidthDeg], ...] = ()
    aspect: float = Field(default=16 / 9, ge=0.3, le=5)
    geo_move: bool = True
    preset: tuple[PresetTable, ...] = ()
    home_deg: tuple[PanDeg, TiltDeg] | None = None

    def mount(self, place_m: Place) -> Mount:
        """What it stands on, at this place."""
        return Mount(
            self.name, place_m, self.bearing_deg, self.pan_deg, self.tilt_deg, self.range_m,
            self.tilt_zero_deg, self.lean_deg, self.lean_to_deg, self.view_deg, self.aspect,
        )  # fmt: skip

    @model_validator(mode="after")
    def _view(self) -> Self:
        if len(self.view_deg) == 1:
            raise ValueError("view_deg must be two entries or more, [[zoom, width], ...], or be left out")
        if any(zoom >= more or wide_deg <= less_deg for (zoom, wide_deg), (more, less_deg) in pairwise(self.view_deg)):
            raise ValueError("view_deg must be [[zoom, width], ...] by rising zoom and falling width in degrees")
        return self

    @model_validator(mode="after")
    def _trust(self) -> Self:
        given = (self.ca_file is not None) + (self.fingerprint is not None) + (not self.verify)
        if given > (1 if self.url.startswith("https:") else 0):
            raise ValueError("give one of ca_file, fingerprint and verify = false at most, and only with an https url")
        return self

    @model_validator(mode="after")
    def _limits(self) -> Self:
        for name, legal in (("pan_deg", 360), ("tilt_deg", 90), ("pan_span_deg", 360), ("tilt_span_deg", 90)):
            span = getattr(self, name)
            if span is not None and not -legal <= span[0] < span[1] <= legal:
                raise ValueError(f"{name} must be [lowest, highest] within -{legal} to {legal} degrees")
        for name, angle, (low, high) in zip(
            ("pan", "tilt"), self.home_deg or (), (self.pan_deg, self.tilt_deg), strict=False
        ):
            if not low <= angle <= high:
                raise ValueError(f"home_deg: {name} {angle:g} must be {low:g} to {high:g}, as {name}_deg has it")
        return self

    @model_validator(mode="after")
    def _presets(self) -> Self:
        tokens = [each.token for each in self.preset]
        twice = sorted({token for token in tokens if tokens.count(token) > 1})
        if twice:
            raise ValueError(f"preset: token {twice[0]!r} stands there twice")
        return self

    @field_validator("url")
    @classmethod
    def _reachable(cls, url: str) -> str:
        """With a host, and a port that can be one."""
        web_url(url)
        return url
