"""The street as a picture that needs nothing: where there is no base map, no WebGL or no script."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dsp.geodesy import Site
from dsp.placing.fix import CHI2_2DOF
from gateway.pictures.street_map import FixSpot, LampSpot, Spot, Street, View, street_map
from gateway.web.maps.layers import AIM_WIDTH_DEG, FULL_PCT
from gateway.web.records import Brief, Plan, Whole
from gateway.web.street import Device, PoleState

MOST_SHOTS = 50
"""Of a plan of the whole street, the newest: more could not be told apart."""
FAR_M = 5000.0
"""A shot farther from the site's origin is not on the plan: the poles would shrink to a dot."""

Degrees = tuple[float, float, float]


def street_plan(
    plan: Plan,
    poles: Sequence[PoleState],
    lamps: Sequence[Device],
    cameras: Sequence[Device],
    briefs: Sequence[Brief] = (),
    title: str = "Map of the street",
) -> str:
    """The newest shots among what stands there, as an HTML <figure>; "" where no pole has a place."""
    fixes = [
        _fix(plan, each.incident, (each.lat_deg, each.lon_deg), each.ellipse_95) for each in briefs[:MOST_SHOTS]
    ]
    return _drawn(plan, poles, lamps, cameras, fixes, title)


def incident_plan(
    plan: Plan,
    poles: Sequence[PoleState],
    lamps: Sequence[Device],
    cameras: Sequence[Device],
    whole: Whole,
    title: str = "Map of the incident",
) -> str:
    """Its rounds, numbered in the order that they were fired, as an HTML <figure>; "" where no pole has a place."""
    rounds = [each.told for each in whole.rounds if not each.told.get("withdrawn")]
    fixes = [
        _fix(plan, str(number), (told["lat_deg"], told["lon_deg"]), tuple(told["ellipse_95"].values()))
        for number, told in enumerate(rounds, 1)
    ]
    return _drawn(plan, poles, lamps, cameras, fixes, title)


def covariance(ellipse_95: tuple[float, float, float]) -> NDArray[np.float64]:
    """(2, 2) of east and north, m2, whose 95 % ellipse has these half axes and azimuth."""
    major_m, minor_m, azimuth_deg = ellipse_95
    turn = math.radians(azimuth_deg)
    axes = np.array([[math.sin(turn), math.cos(turn)], [math.cos(turn), -math.sin(turn)]])
    var_m2 = np.diag([major_m**2, minor_m**2]) / CHI2_2DOF[0.95]
    return np.asarray(axes @ var_m2 @ axes.T, float)


def _drawn(
    plan: Plan,
    poles: Sequence[PoleState],
    lamps: Sequence[Device],
    cameras: Sequence[Device],
    fixes: Sequence[FixSpot],
    title: str,
) -> str:
    spots = {pole.name: (pole.state, _en(plan, pole.lat_deg, pole.lon_deg or 0.0)) for pole in poles if pole.lat_deg}
    if not spots:
        return ""
    street = Street(
        poles=[Spot(name, en_m) for name, (state, en_m) in spots.items() if state == "well"],
        quiet=[Spot(name, en_m) for name, (state, en_m) in spots.items() if state != "well"],
        fixes=[fix for fix in fixes if math.hypot(*fix.en_m) <= FAR_M],
        lamps=[LampSpot(_en(plan, each.standing.lat_deg, each.standing.lon_deg), _is_lit(each)) for each in lamps],
        views=[_view(plan, each) for each in cameras],
    )
    return street_map(street, title)


def _is_lit(lamp: Device) -> bool:
    order = lamp.order
    return order is not None and order.what == "light" and order.done and (order.level_pct or 0) >= FULL_PCT


def _view(plan: Plan, camera: Device) -> View:
    at, order = camera.standing, camera.order
    from_deg, to_deg = at.more.get("view_deg") or (0.0, 360.0)
    azimuth_deg, width_deg = (from_deg + (to_deg - from_deg) % 360 / 2) % 360, AIM_WIDTH_DEG
    if order is not None and order.azimuth_deg is not None:
        azimuth_deg = order.azimuth_deg
    return View(
        at.name, _en(plan, at.lat_deg, at.lon_deg), azimuth_deg, float(at.more.get("range_m") or 60.0), width_deg
    )


def _fix(plan: Plan, name: str, at: tuple[float, float], ellipse_95: tuple[float, ...]) -> FixSpot:
    major_m, minor_m, azimuth_deg = ellipse_95
    return FixSpot(name, _en(plan, *at), covariance((major_m, minor_m, azimuth_deg)))


def _en(plan: Plan, lat_deg: float, lon_deg: float) -> tuple[float, float]:
    return Site(*plan.site).to_enu(lat_deg, lon_deg, plan.site[2])[:2]
