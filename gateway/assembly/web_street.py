"""The street of a gateway.toml, as the web process shows it and reckons with it."""

import pathlib
from collections.abc import Iterable

from dsp.geodesy import Site
from gateway.config import GatewayConfig
from gateway.reaction.conditions import Region
from gateway.reaction.region_tables import Ground
from gateway.street import Mount, Place
from gateway.web.records import Plan, Standing
from gateway.web.store.survey import Near, Survey


def plan_of(config: GatewayConfig, folder: pathlib.Path) -> Plan:
    """The street as it was set up. folder : where the files lie that it names. Raises ValueError or OSError naming one
    that cannot be used."""
    site, origin = config.the_site(), config.site
    zones = config.policy.rules(Ground(folder, site)).zones
    standing = [_standing("pole", each.node, each.xyz_m, site, {}) for each in config.poles().values()]
    for bank in config.lamp_bank:
        for lamp in bank.lamps:
            more = {"bank": bank.url, "channel": lamp.channel, "map": bank.map, "zone": _zone(zones, lamp.place(site))}
            standing.append(_standing("lamp", lamp.name, lamp.place(site), site, more))
    standing += [_standing("camera", each.name, each.xyz_m, site, _seen(each)) for each in config.mounts()]
    return Plan((origin.lat_deg, origin.lon_deg, origin.h_m), tuple(standing))


def survey_of(config: GatewayConfig, near: Near) -> Survey:
    """Where poles stand, the air before the gateway renews it, and who tells the nearest address."""
    poles = config.poles()
    places = {name: pole.xyz_m for name, pole in poles.items()}
    return Survey(places, {name: pole.offset_us for name, pole in poles.items()}, config.air.air(), near)


def _standing(what: str, name: str, place_m: Place, site: Site, more: dict[str, object]) -> Standing:
    lat_deg, lon_deg, _ = site.to_geodetic(*place_m)
    return Standing(what, name, lat_deg, lon_deg, more)


def _seen(mount: Mount) -> dict[str, object]:
    """How far a camera sees, and between which true bearings it turns; None where all round."""
    low, high = mount.pan_deg
    view = None if high - low >= 360 else ((mount.bearing_deg + low) % 360, (mount.bearing_deg + high) % 360)
    return {"range_m": mount.range_m, "view_deg": view, "bearing_deg": mount.bearing_deg % 360}


def _zone(zones: Iterable[Region], place_m: Place) -> str:
    """The names of the zones of policy that a place lies in."""
    return ", ".join(each.name for each in zones if each.zone.holds(place_m))
