"""The street's map as SVG: with nothing on it, or with an incident's rounds, what acted on it and who heard it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup

from gateway.pictures.street_map import FixSpot, LampSpot, Spot, Street, View, street_map
from gateway.pictures.svg import Say
from gateway.web.drawn.frame import standing
from gateway.web.records import Plan, Whole
from gateway.web.street import LIT_PCT

VIEW_M = 60.0


def plain_map(plan: Plan, say: Say) -> Markup | None:
    """Poles, lamps and cameras as they stand; None where no pole is set up."""
    poles = [Spot(each.name, at) for each, at in standing(plan, "pole")]
    lamps = [LampSpot(at, False) for _, at in standing(plan, "lamp")]
    return Markup(street_map(Street(poles=poles, lamps=lamps), say("Map of the street"), say)) if poles else None


def incident_map(plan: Plan, whole: Whole, say: Say) -> Markup | None:
    """None where no pole is set up: there is nothing to see it by."""
    heard = {onset.node for each in whole.rounds for onset in each.onsets}
    heard |= {str(name) for each in whole.rounds for name in each.told.get("nodes", ())}
    poles = [Spot(each.name, at) for each, at in standing(plan, "pole")]
    if not poles:
        return None
    street = Street(
        poles=[pole for pole in poles if pole.name in heard],
        quiet=[pole for pole in poles if pole.name not in heard],
        fixes=_fixes([each.told for each in whole.rounds]),
        lamps=_lamps(plan, whole),
        views=_views(plan, whole),
    )
    return Markup(street_map(street, say("Map of the street"), say))


def _fixes(rounds: Sequence[Mapping[str, Any]]) -> list[FixSpot]:
    """Numbered in the order that they were fired; what was withdrawn, or has no ellipse, is not drawn."""
    numbered = enumerate(rounds, start=1)
    told = [(index, each) for index, each in numbered if not each.get("withdrawn") and each.get("cov_m2")]
    return [
        FixSpot(str(index), (float(each["e_m"]), float(each["n_m"])), np.array(each["cov_m2"], float))
        for index, each in told
    ]


def _lamps(plan: Plan, whole: Whole) -> list[LampSpot]:
    lit = {
        str(each.body.get("device"))
        for each in whole.happened
        if _did(each.what, each.body, "light") and float(each.body.get("level_pct") or 0) >= LIT_PCT
    }
    return [LampSpot(at, each.name in lit) for each, at in standing(plan, "lamp")]


def _views(plan: Plan, whole: Whole) -> list[View]:
    """Each camera that was turned, as it was turned last."""
    aimed = {
        str(each.body.get("device")): float(each.body["azimuth_deg"])
        for each in whole.happened
        if _did(each.what, each.body, "aim") and each.body.get("azimuth_deg") is not None
    }
    return [
        View(each.name, at, aimed[each.name], min(float(each.more.get("range_m") or VIEW_M), VIEW_M))
        for each, at in standing(plan, "camera")
        if each.name in aimed
    ]


def _did(what: str, body: Mapping[str, Any], deed: str) -> bool:
    return what == "effect" and body.get("what") == deed and bool(body.get("done"))
