"""Where things of the plan stand in the frame that pictures are drawn in: metres east and north of the origin."""

from dsp.geodesy import Site
from gateway.web.records import Plan, Standing

EastNorth = tuple[float, float]


def place_m(plan: Plan, lat_deg: float, lon_deg: float) -> EastNorth:
    """At the height of the site: heights do not show on a map."""
    east_m, north_m, _ = Site(*plan.site).to_enu(lat_deg, lon_deg, plan.site[2])
    return east_m, north_m


def standing(plan: Plan, what: str) -> list[tuple[Standing, EastNorth]]:
    """All of one kind, each with its place. what : `pole`, `lamp`, `camera`."""
    return [(each, place_m(plan, each.lat_deg, each.lon_deg)) for each in plan.standing if each.what == what]
