"""`soundpost camera check`: asks each camera of a gateway.toml what it can, and turns none."""

import argparse
import asyncio
import json
import pathlib
from dataclasses import dataclass
from typing import Any

from dsp.geodesy import Site, bearing
from gateway.assembly.gateway import camera_of
from gateway.config import GatewayConfig, read_config
from gateway.reaction.device_tables import CameraTable
from gateway.street import Mount, angle_deg
from hw.onvif_camera import OnvifCamera
from hw.ports import Look

WORDS = "ask cameras what they can, how far off their clocks are, where they look and what they say of themselves"
STILL_S = 2.0
CLOCK_S = 5.0
"""Its own times, in pictures and events, are off by as much."""
APART_M, TURNED_DEG = 10.0, 3.0


@dataclass(frozen=True, slots=True)
class Found:
    """What was found of one camera. about : an hw.onvif_about.About. later : where it looked STILL_S after `look`."""

    table: CameraTable
    mount: Mount
    about: Any
    spans_deg: tuple[tuple[float, float], tuple[float, float]] | None
    look: Look | None
    later: Look | None


async def run(args: argparse.Namespace) -> int:
    """0 where all of them can be used."""
    config, folder = read_config(args.config), args.config.parent
    tables = {table.name: table for table in config.camera}
    for name in args.camera:
        if name not in tables:
            raise ValueError(f"camera {name!r}: there is none of that name in {args.config}")
    wanted = [name for name in tables if not args.camera or name in args.camera]
    if not wanted:
        raise ValueError(f"{args.config}: names no camera")
    texts = await asyncio.gather(*(_one(config, folder, tables[name], as_json=args.json) for name in wanted))
    for text, _ in texts:
        print(text)
    return 0 if all(good for _, good in texts) else 1


async def _one(config: GatewayConfig, folder: pathlib.Path, table: CameraTable, *, as_json: bool) -> tuple[str, bool]:
    mount = next(each for each in config.mounts() if each.name == table.name)
    camera = camera_of(table, folder)
    try:
        found = await _ask(table, mount, camera)
    except OSError as error:
        why = str(error)
        return json.dumps({"camera": table.name, "url": table.url, "fault": why}) if as_json else (
            f"{table.name}\n  cannot be used  {why}"
        ), False
    finally:
        await camera.close()
    site = config.the_site()
    return json.dumps(_record(found, site)) if as_json else _table(found, site), True


async def _ask(table: CameraTable, mount: Mount, camera: OnvifCamera) -> Found:
    about, spans_deg, look = await camera.about(), await camera.spans_deg(), await camera.read_look()
    await asyncio.sleep(STILL_S if look is not None else 0)
    return Found(table, mount, about, spans_deg, look, await camera.read_look())


def _record(found: Found, site: Site) -> dict[str, Any]:
    """For programs."""
    about, look = found.about, found.look
    return {
        "camera": found.table.name,
        "url": found.table.url,
        "identity": dict(about.identity),
        "clock_ahead_s": about.ahead_s,
        "announces": list(about.elsewhere),
        "takes": {
            "place": about.can.geo, "angles": found.spans_deg is not None, "zoom": about.can.zoom is not None,
            "home": about.can.home, "presets": list(about.presets),
        },
        "spans_deg": found.spans_deg,
        "look": None if look is None else {"pan_deg": look.pan_deg, "tilt_deg": look.tilt_deg, "zoom": look.zoom},
        "moves_by_itself": _moves(found),
        "off_survey_m": _off_m(found, site),
        "stream": about.stream,
        "notes": _notes(found, site),
    }  # fmt: skip


def _table(found: Found, site: Site) -> str:
    """For people."""
    about, look = found.about, found.look
    takes = [
        *(["places (GeoMove)"] if about.can.geo else []),
        *(["angles (AbsoluteMove)"] if found.spans_deg else []),
        *(["zoom"] if about.can.zoom else []),
        *(["home"] if about.can.home else []),
        *([f"presets {', '.join(about.presets)}"] if about.presets else []),
    ]
    zoom = "" if look is None or look.zoom is None else f", zoom {look.zoom:.3f}"
    rows = [
        ("at", found.table.url),
        ("says it is", ", ".join(f"{name} {value}" for name, value in about.identity.items()) or "nothing"),
        ("clock", "does not say" if about.ahead_s is None else f"{about.ahead_s:+.1f} s against this host's"),
        ("takes", ", ".join(takes) or "nothing"),
        ("turns", "-" if found.spans_deg is None else "pan {:g} to {:g}, tilt {:g} to {:g} degrees".format(
            *found.spans_deg[0], *found.spans_deg[1])),
        ("looks", "does not say" if look is None else f"pan {look.pan_deg:.2f}, tilt {look.tilt_deg:.2f}{zoom}"),
        ("stream", about.stream or "tells none"),
    ]  # fmt: skip
    lines = [f"  {name:15} {value}" for name, value in rows]
    return "\n".join([found.table.name, *lines, *(f"  note            {each}" for each in _notes(found, site))])


def _notes(found: Found, site: Site) -> list[str]:
    """What a technician should know."""
    about, notes = found.about, []
    if about.ahead_s is None:
        notes.append("it does not tell its time; it is spoken to by this host's, and must keep the same")
    elif abs(about.ahead_s) > CLOCK_S:
        notes.append("its clock is wrong; it turns all the same, but the times in its pictures and events are off")
    for origin in about.elsewhere:
        notes.append(f"its answers point to {origin}; it is spoken to at {found.table.url} only (NAT?)")
    if found.spans_deg is None:
        notes.append("it takes no angles in degrees: whether it looks where it should cannot be read back")
    if _moves(found):
        notes.append("it moves by itself: with operator_s above 0 a camera on patrol would never be turned")
    if about.can.zoom is None and found.table.view_deg:
        notes.append("view_deg is configured, and it does not zoom")
    if about.can.zoom is not None and not found.table.view_deg:
        notes.append("it zooms; give view_deg, so that the ellipse fits its picture")
    return [*notes, *_where_notes(found, site)]


def _where_notes(found: Found, site: Site) -> list[str]:
    off_m, stands = _off_m(found, site), found.about.stands
    if not found.about.can.geo:
        return []
    if off_m is None:
        return ["it takes places and does not say where it believes that it stands"]
    notes = (
        [] if off_m <= APART_M else [f"it believes that it stands {off_m:.0f} m from its survey: GeoMove will be off"]
    )
    if stands.yaw_deg is not None and angle_deg((stands.yaw_deg, 0), (found.mount.bearing_deg, 0)) > TURNED_DEG:
        notes.append(f"it gives {stands.yaw_deg:.1f} degrees as its yaw, its survey {found.mount.bearing_deg:.1f}")
    return notes


def _off_m(found: Found, site: Site) -> float | None:
    """How far from its survey it believes that it stands, over ground."""
    stands = found.about.stands
    if stands is None or not (-90 <= stands.lat_deg <= 90 and -180 <= stands.lon_deg <= 180):
        return None
    east_m, north_m, _ = site.to_enu(stands.lat_deg, stands.lon_deg, site.h_m)
    return bearing((east_m, north_m, 0.0), (found.mount.xyz_m[0], found.mount.xyz_m[1], 0.0))[2]


def _moves(found: Found) -> bool:
    if found.look is None or found.later is None:
        return False
    looks = [(each.pan_deg, each.tilt_deg) for each in (found.look, found.later)]
    return angle_deg(looks[0], looks[1]) > 0.5
