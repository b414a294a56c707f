"""What is told where three poles heard something like a shot: an area that it may have been made in, and no fix.

One line for people, one record for machines; never where a pole stands, and no grade, as there is nothing to grade.
"""

from typing import Any

from dsp.geodesy import Site
from dsp.placing.area import Area
from dsp.placing.fix import ellipse
from gateway.alerts.clock_time import clock_time
from gateway.incident import Heard, Unplaced


def area_line(heard: Heard, site: Site) -> str:
    """For people."""
    group, area = heard.group, _of(heard.group)
    lat_deg, lon_deg, _ = site.to_geodetic(*area.en_m, 0.0)
    shape = ellipse(area.cov_m2)
    nodes = ", ".join(sorted(each.node for each in group.arrivals))
    return (
        f"{clock_time(area.t_us)}  AREA, NO FIX: like a shot, heard by {len(group.arrivals)} poles ({nodes})  about "
        f"{lat_deg:.4f} {lon_deg:.4f} (e {area.en_m[0]:.0f} m, n {area.en_m[1]:.0f} m)  95 % within "
        f"{shape.major_m:.0f} x {shape.minor_m:.0f} m at {shape.azimuth_deg:.0f} deg  {group.why}"
    )


def area_record(heard: Heard, site: Site) -> dict[str, Any]:
    """For machines. t_us : when it was made, about. p_gunshot : the least that one of its poles told."""
    group, area = heard.group, _of(heard.group)
    arrivals = sorted(group.arrivals, key=lambda each: each.t_us)
    lat_deg, lon_deg, _ = site.to_geodetic(*area.en_m, 0.0)
    shape = ellipse(area.cov_m2)
    return {
        "what": "area",
        "t_us": area.t_us,
        "why": group.why,
        "nodes": [each.node for each in arrivals],
        "arrivals_us": [each.t_us for each in arrivals],
        "p_gunshot": min((each.p_gunshot for each in arrivals if each.p_gunshot is not None), default=None),
        "area": {
            "e_m": round(area.en_m[0]),
            "n_m": round(area.en_m[1]),
            "lat_deg": round(lat_deg, 5),
            "lon_deg": round(lon_deg, 5),
            "ellipse_95": {
                "major_m": round(shape.major_m),
                "minor_m": round(shape.minor_m),
                "azimuth_deg": round(shape.azimuth_deg),
            },
        },
    }


def _of(group: Unplaced) -> Area:
    if group.area is None:
        raise ValueError("a group without an area")
    return group.area
