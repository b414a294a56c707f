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
    """A preset of the camera's own, by its token, and where it looks in the camera's own frame."""

    token: str = Field(min_length=1, max_length=64)
    pan_deg: PanDeg
    tilt_deg: TiltDeg


class CameraTable(Placed):
    """pan_deg, tilt_deg: within which we may turn it. pan_span_deg, tilt_span_deg: its whole travel, where it does not
    say so itself or says it wrong. bearing_deg to lean_to_deg: as `soundpost camera survey` finds them. view_deg: how
    wide its picture is by zoom. geo_move: whether it may be told a place instead of angles, where it takes one. preset:
    for one that cannot be turned to an angle. home_deg: pan and tilt to go back to, instead of its own home. ca_file,
    fingerprint (SHA-256 of its certificate) or verify = false: how an https camera shows that it is the one; none of
    them: by an authority that this host trusts."""

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
