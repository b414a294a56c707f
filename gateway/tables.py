"""What every table of gateway.toml is, and those of what stands somewhere: a place is bounded to the site's street."""

import math
from typing import Annotated, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from dsp.geodesy import Site

FARTHEST_M = 30_000
"""One gateway's streets are of one city; half a degree of latitude, or a sign left out, is farther."""
LEVEL_M, STEEPEST = 100.0, 0.1
"""How far up or down of the site something may stand beside it, and how much farther for each metre away."""

LONGEST_TITLE = 64
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def check_title(text: str) -> str:
    """A name that people give a street, a zone or an event, as it is: nothing in it turns or hides what stands beside
    it. Raises ValueError for any other."""
    if not text.isprintable() or not 1 <= len(text) <= LONGEST_TITLE:
        raise ValueError(f"must be 1 to {LONGEST_TITLE} printable letters")
    return text


Title = Annotated[str, AfterValidator(check_title)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,32}$")]
Metres = Annotated[float, Field(ge=-100_000, le=100_000)]


def web_url(url: str) -> SplitResult:
    """The parts of an http or https url. Raises ValueError for one without a host, with a port that is none, or that
    holds a user or password, which it does not show."""
    legal = "must be http://HOST:PORT... or https://HOST:PORT..., PORT 1 to 65535, without a user or password"
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise ValueError(legal) from None
    if not is_good or "@" in parts.netloc or not url.isascii() or not url.isprintable() or " " in url:
        raise ValueError(legal)
    return parts


class Table(BaseModel):
    """A table of the file: no key but its own, no number but a finite one of its type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class SiteTable(Table):
    """The origin of all metres east, north and up.

    lat_deg : latitude of the origin, WGS 84; take the middle of the street.
    lon_deg : longitude, WGS 84; west of Greenwich below 0.
    h_m : height that up is counted from: the ground's over the ellipsoid, or 0 where the poles' heights are over the
        ground.
    """

    lat_deg: float = Field(ge=-90, le=90)
    lon_deg: float = Field(ge=-180, le=180)
    h_m: float = Field(default=0.0, ge=-500, le=9000)


class Placed(Table):
    """Something that stands somewhere: `xyz_m` in metres of the site, or lat_deg, lon_deg and h_m.

    xyz_m : metres east, north and up of [site]; instead of lat_deg, lon_deg and h_m.
    lat_deg : latitude, WGS 84.
    lon_deg : longitude, WGS 84.
    h_m : height, counted as that of [site].
    """

    xyz_m: tuple[Metres, Metres, Metres] | None = None
    lat_deg: float | None = Field(default=None, ge=-90, le=90)
    lon_deg: float | None = Field(default=None, ge=-180, le=180)
    h_m: float | None = Field(default=None, ge=-500, le=9000)

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        given = sum(value is not None for value in (self.lat_deg, self.lon_deg, self.h_m))
        if given != (3 if self.xyz_m is None else 0):
            raise ValueError("give xyz_m = [east, north, up], or lat_deg, lon_deg and h_m")
        return self

    def place(self, site: Site) -> tuple[float, float, float]:
        """Metres east, north, up of the site. Raises ValueError for what cannot stand in a street at that site."""
        if self.xyz_m is not None:
            place = self.xyz_m
        else:
            assert self.lat_deg is not None and self.lon_deg is not None and self.h_m is not None
            place = site.to_enu(self.lat_deg, self.lon_deg, self.h_m)
        away_m, up_m = math.hypot(*place[:2]), place[2]
        if away_m > FARTHEST_M:
            raise ValueError(
                f"stands {away_m / 1000:.0f} km from the site; must be 0 to {FARTHEST_M / 1000:.0f} km away "
                "(latitude and longitude swapped, or a sign left out?)"
            )
        highest_m = LEVEL_M + STEEPEST * away_m
        if abs(up_m) > highest_m:
            raise ValueError(f"stands {up_m:.0f} m above the site; must be {-highest_m:.0f} to {highest_m:.0f} m there")
        return place


class PoleTable(Placed):
    """A surveyed pole with its node. The place is its microphone's.

    node : the name of the node on it, as its frames and keys have it.
    offset_us : what this node's times are always late by.
    """

    node: Name
    offset_us: int = Field(default=0, ge=-1_000_000, le=1_000_000)
