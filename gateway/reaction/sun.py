"""Where the sun stands over a site, by astral (its `elevation`, with refraction)."""

from collections.abc import Callable
from datetime import UTC, datetime

import astral
import astral.sun

from dsp.geodesy import Site


def sun_over(site: Site) -> Callable[[int], float | None]:
    """t_us -> the sun's elevation in degrees over the site; None where the time is one that astral cannot place."""
    observer = astral.Observer(site.lat_deg, site.lon_deg, 0.0)

    def elevation_deg(t_us: int) -> float | None:
        try:
            return float(astral.sun.elevation(observer, datetime.fromtimestamp(t_us / 1e6, UTC)))
        except (ValueError, OverflowError, OSError):
            return None

    return elevation_deg
