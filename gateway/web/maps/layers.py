"""What the map in the browser draws over its base, as GeoJSON layer by layer: shots, rounds, poles, lamps, cameras and
what they look at.

Ellipses are not drawn here: a shot carries its 95 % half axes and azimuth, and the browser draws those that are in
sight, each with the scales of `SCALES`.
"""

import math
from collections.abc import Sequence
from typing import Any

from dsp.placing.fix import CHI2_2DOF
from gateway.web.maps.shapes import collection, point, sector
from gateway.web.maps.words import Words
from gateway.web.records import Brief, Whole
from gateway.web.street import LIT_PCT, Device, PoleState
from gateway.web.unforeseen import shown_of

SCALES = {f"{100 * p:.0f}": round(math.sqrt(CHI2_2DOF[p] / CHI2_2DOF[0.95]), 5) for p in (0.95, 0.90, 0.50)}
"""Per cent -> how long an axis of that ellipse is, of the 95 % one's: a root of the quantile (dsp/placing/fix.py)."""
AIM_WIDTH_DEG = 30.0
"""Of the sector that shows where a camera was aimed to; its lens is not known here."""

Layers = dict[str, Any]


def street_layers(
    poles: Sequence[PoleState], lamps: Sequence[Device], cameras: Sequence[Device], words: Words
) -> Layers:
    """What stands in the street."""
    return {
        "poles": collection([_pole(each, words) for each in poles if each.lat_deg is not None]),
        "lamps": collection([_lamp(each, words) for each in lamps]),
        "cameras": collection([_camera(each, words) for each in cameras]),
        "views": collection([view for each in cameras for view in _views(each)]),
    }


def shot_layers(briefs: Sequence[Brief], words: Words) -> Layers:
    """Incidents, each at its best round's place; the newest come first."""
    shots = shown_of(briefs, lambda each: _shot(each, words), lambda each: each.incident)
    return {"shots": collection(shots), "scales": SCALES}


def incident_layers(whole: Whole, words: Words) -> Layers:
    """One incident with its rounds, numbered in the order that they were fired. What was withdrawn keeps its number,
    and is not drawn."""
    told = [(number, each.told) for number, each in enumerate(whole.rounds, 1) if not each.told.get("withdrawn")]
    rounds = shown_of(told, lambda each: _round(each[1], each[0], words), lambda _: whole.brief.incident)
    return {**shot_layers([whole.brief], words), "rounds": collection(rounds)}


def _shot(brief: Brief, words: Words) -> dict[str, Any]:
    major_m, minor_m, azimuth_deg = brief.ellipse_95
    return point(
        brief.lat_deg,
        brief.lon_deg,
        name=brief.incident,
        grade=brief.grade,
        words=words.shot(brief),
        state="quiet" if brief.quiet or brief.historic else brief.review_state,
        major_m=major_m,
        minor_m=minor_m,
        azimuth_deg=azimuth_deg,
    )


def _round(told: Any, number: int, words: Words) -> dict[str, Any]:
    shape = told["ellipse_95"]
    return point(
        told["lat_deg"],
        told["lon_deg"],
        name=str(number),
        grade=told["grade"],
        words=words.round(told["t_us"], told["grade"], told["kind"]),
        major_m=shape["major_m"],
        minor_m=shape["minor_m"],
        azimuth_deg=shape["azimuth_deg"],
    )


def _pole(pole: PoleState, words: Words) -> dict[str, Any]:
    assert pole.lat_deg is not None and pole.lon_deg is not None
    return point(pole.lat_deg, pole.lon_deg, name=pole.name, state=pole.state, words=words.pole(pole))


def _lamp(lamp: Device, words: Words) -> dict[str, Any]:
    order = lamp.order
    is_lit = order is not None and order.what == "light" and order.done and (order.level_pct or 0) >= LIT_PCT
    state = "fault" if lamp.fault else "lit" if is_lit else "rest"
    at = lamp.standing
    return point(at.lat_deg, at.lon_deg, name=at.name, state=state, words=words.lamp(lamp, state))


def _camera(camera: Device, words: Words) -> dict[str, Any]:
    at = camera.standing
    return point(at.lat_deg, at.lon_deg, name=at.name, words=words.camera(camera))


def _views(camera: Device) -> list[dict[str, Any]]:
    """What a camera can see, and where it was aimed to last."""
    at, order = camera.standing, camera.order
    range_m = at.more.get("range_m")
    if not range_m:
        return []
    from_deg, to_deg = at.more.get("view_deg") or (0.0, 360.0)
    views = [sector(at.lat_deg, at.lon_deg, from_deg, to_deg, range_m, name=at.name, state="can")]
    if order is not None and order.what == "aim" and order.done and order.azimuth_deg is not None:
        sides = (order.azimuth_deg - AIM_WIDTH_DEG / 2, order.azimuth_deg + AIM_WIDTH_DEG / 2)
        views.append(sector(at.lat_deg, at.lon_deg, *sides, range_m, name=at.name, state="aimed"))
    return views
