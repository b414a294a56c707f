"""The configs that the demo's programs are given, as a person would write them: node.toml and gateway.toml."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from simulators.demo.plan import MQTT, SERIAL, Plan
from simulators.peers.lamp_bank import MOST_WITH_MORE
from simulators.recordings.recording import Track

Table = dict[str, object]
VIEW_DEG = ((0.0, 60.0), (1.0, 3.0))
"""How wide a virtual camera's picture is, by zoom (simulators/peers/camera.py)."""
OPENING = "# Written by `soundpost demo`. Its ports were there while the demo ran.\n"
HOLD_S = 10.0
LOOKS_S = 2.0
POLICY: Table = {
    "incident_radius_m": 30.0,
    "lights": {"min_p_gunshot": 0.5, "hold_s": HOLD_S},
    "cameras": {"min_p_gunshot": 0.5},
}
"""What differs from the gateway's own policy: on a street this small, shootings more than 30 m apart are different
incidents, so that the camera turns for each; what is more likely no gunshot moves nothing; and lamps go back soon, so
that the demo can see it. Each lamp is looked at every LOOKS_S."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where everything can be reached. serial : node -> (the gateway's end, the node's end) of its cable."""

    serial: Mapping[str, tuple[str, str]]
    broker: int | None
    lamp_bank: str | None
    cameras: Mapping[str, str]


def write_node(plan: Plan, track: Track, ports: Ports) -> Path:
    """One node's config, nodes/NODE.toml."""
    node = track.node
    source: Table = {
        "kind": "file",
        "path": f"../sound/{node}.wav",
        "start_us": track.start_us,
        "sigma_us": max(1, track.sigma_us),
        "paced": True,
        "full_scale_db": track.full_scale_db,
    }
    uplink: Table = {"kind": "serial", "port": ports.serial[node][1]} if node in ports.serial else _mqtt(ports, node)
    tables: Table = {
        "node": node,
        "key_file": f"../keys/{node}.key",
        "state_dir": f"../state/{node}",
        "source": source,
        "uplink": uplink,
    }
    return _write(plan.folder / "nodes" / f"{node}.toml", tables)


def write_gateway(plan: Plan, ports: Ports, more: Mapping[str, object]) -> Path:
    """The gateway's config, gateway/gateway.toml. more : further keys and tables."""
    scenario = plan.scenario
    tables: Table = {
        "journal": "journal.sqlite",
        "keys_file": "../keys/keys.toml",
        **more,
        "site": scenario.site.model_dump(),
        "air": scenario.air.model_dump(),
        "policy": POLICY,
        "pole": [{"node": pole.node, "xyz_m": pole.xyz_m} for pole in scenario.poles],
        "serial": [{"port": ports.serial[node][0]} for node in plan.nodes_on(SERIAL)],
    }
    if plan.nodes_on(MQTT):
        tables["mqtt"] = {key: value for key, value in _mqtt(ports, "gateway").items() if key != "kind"}
    if ports.lamp_bank:
        has_more = max(lamp.channel for lamp in scenario.lamps) < MOST_WITH_MORE
        board: Table = {
            "url": ports.lamp_bank, "map": "soundpost-bank" if has_more else "plain", "looks_s": LOOKS_S
        }  # fmt: skip
        tables["lamp_bank"] = [{**board, "lamps": [lamp.model_dump() for lamp in scenario.lamps]}]
    if ports.cameras:
        account = {"user": "soundpost", "password_file": "../keys/cameras.password"}
        tables["camera"] = [
            {**camera.model_dump(), "url": ports.cameras[camera.name], "view_deg": VIEW_DEG, **account}
            for camera in scenario.cameras
        ]
    if scenario.walls:
        tables["walls"] = _write_walls(plan).name
    return _write(plan.folder / "gateway" / "gateway.toml", tables)


def write_secret(path: Path, secret: str) -> None:
    """A new file of one line that only its owner may read, from its first instant on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(secret + "\n")


def to_toml(tables: Mapping[str, object]) -> str:
    """TOML of plain values, then tables, then arrays of tables, one deep; what is None is left out."""
    plain = {key: value for key, value in tables.items() if not _is_table(value)}
    text = _pairs(plain)
    for key, value in tables.items():
        if isinstance(value, dict):
            text += f"\n[{key}]\n{_pairs(value)}"
        elif isinstance(value, list) and _is_table(value):
            text += "".join(f"\n[[{key}]]\n{_pairs(entry)}" for entry in value)
    return text


def _mqtt(ports: Ports, user: str) -> Table:
    return {
        "kind": "mqtt",
        "host": "127.0.0.1",
        "port": ports.broker,
        "tls": False,
        "user": user,
        "password_file": f"../broker/{user}.password",
    }


def _write_walls(plan: Plan) -> Path:
    """The scenario's walls as a city would give them, gateway/walls.geojson."""
    site = plan.scenario.site.site()
    features = []
    for wall in plan.scenario.walls:
        ends = [site.to_geodetic(*end, 0.0) for end in (wall.from_en_m, wall.to_en_m)]
        line = {"type": "LineString", "coordinates": [[lon_deg, lat_deg] for lat_deg, lon_deg, _ in ends]}
        features.append({"type": "Feature", "properties": {"height_m": wall.height_m}, "geometry": line})
    path = plan.folder / "gateway" / "walls.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    return path


def _write(path: Path, tables: Table) -> Path:
    path.write_text(OPENING + to_toml(tables), "utf-8")
    return path


def _is_table(value: object) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))


def _pairs(table: Mapping[str, object]) -> str:
    return "".join(f"{key} = {_value(value)}\n" for key, value in table.items() if value is not None)


def _value(value: object) -> str:
    """One value on one line. JSON's strings, numbers and truths are TOML's too."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_value(each)}" for key, each in value.items() if each is not None) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(each) for each in value) + "]"
    return json.dumps(value, ensure_ascii=False)
