"""The tables of gateway.toml that say what cameras there are; those of lamps: lamp_tables.py."""

from typing import Self

from pydantic import Field, model_validator

from gateway.tables import Name, Placed


class CameraTable(Placed):
    """pan_deg, tilt_deg: within which we may turn it. pan_span_deg, tilt_span_deg: its whole travel, where it does not
    say so itself or says it wrong. ca_file, fingerprint (SHA-256 of its certificate) or verify = false: how an https
    camera shows that it is the one; none of them: by an authority that this host trusts."""

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
        return self
