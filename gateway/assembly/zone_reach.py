"""Where a zone's own table says when lamps come up or cameras turn, there must be a lamp or a camera that does so for a
shot in it: else the table says what never happens, and mostly the zone's file is another place's."""

from collections.abc import Iterable, Sequence

from gateway.reaction.conditions import Region
from gateway.reaction.lamp_policy import LampRules
from gateway.reaction.policy import Rules
from gateway.reaction.zones import Zone
from gateway.street import Lamp, Mount, Place, level_m

STEP_M = 10.0
"""How fine outlines are walked, and how far off them still counts: nothing is refused by less than that."""


def check_zones(rules: Rules, lamps: Sequence[Lamp], mounts: Sequence[Mount]) -> None:
    """Raises ValueError naming a zone with a table for lights or cameras that no shot in it can bring to act. Walls and
    what stands in a camera's way are not asked for."""
    for region in rules.zones:
        if _may("lights", region) and not any(_lights(rules.lights, region.zone, lamp) for lamp in lamps):
            radius_m = rules.lights.radius_m
            along = f", nor along a street within {rules.lights.street_radius_m:g} m" if rules.lights.streets else ""
            words = f"has a lights table, and no lamp in it or within {radius_m:g} m{along}"
            raise ValueError(f"policy.zone {region.name}: {words}; {_nearest(region, (each.xyz_m for each in lamps))}")
        if _may("cameras", region) and not any(region.zone.gap_m(each.xyz_m) <= each.range_m for each in mounts):
            words = "has a cameras table, and no camera sees so far as that"
            raise ValueError(f"policy.zone {region.name}: {words}; {_nearest(region, (each.xyz_m for each in mounts))}")


def _may(act: str, region: Region) -> bool:
    return act in region.parts and region.parts[act].always.act is not False


def _lights(rules: LampRules, zone: Zone, lamp: Lamp) -> bool:
    """Whether there is a place in the zone for a shot that brings up this lamp (gateway/reaction/lamp_policy.py)."""
    if zone.gap_m(lamp.xyz_m) <= rules.radius_m:
        return True
    streets = [street for street in rules.streets if street.holds(lamp.xyz_m)]
    return any(_near(_shared(street, zone), lamp.xyz_m, rules.street_radius_m) for street in streets)


def _shared(street: Zone, zone: Zone) -> Iterable[Place]:
    """Places of the outline of either that lie in both, or not farther than STEP_M beside."""
    for one, other in ((street, zone), (zone, street)):
        for east_m, north_m in one.outline_m(STEP_M):
            if other.gap_m((east_m, north_m, 0.0)) <= one.within_m + STEP_M:
                yield east_m, north_m, 0.0


def _near(places_m: Iterable[Place], lamp_m: Place, radius_m: float) -> bool:
    return any(level_m(each, lamp_m) <= radius_m + STEP_M for each in places_m)


def _nearest(region: Region, places_m: Iterable[Place]) -> str:
    near_m = min((region.zone.gap_m(each) for each in places_m), default=None)
    return "there are none" if near_m is None else f"the nearest stands {near_m:.0f} m off"
