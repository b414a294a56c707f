"""gateway.toml: what a gateway is told about its street, checked whole before anything is opened. Each wing has the
tables of its own things; here they are one file.

Every fault is one line, `FILE: table.field: what is wrong and the legal range`. Files named in it are looked for beside
it. Secrets stand in files of their own that only their owner may read; nothing of them gets into a message.
"""

import functools
import json
import math
import pathlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self

from pydantic import Field, ValidationError, model_validator

from dsp.geodesy import Site
from gateway.evidence.cases import Watcher
from gateway.evidence.tables import EvidenceTable, StreamTable
from gateway.intake.tables import MqttTable, SerialTable
from gateway.reaction.device_tables import CameraTable
from gateway.reaction.lamp_tables import LampBankTable
from gateway.reaction.policy_tables import PolicyTable
from gateway.reaction.region_tables import geojson_text
from gateway.reaction.walls import MOST_BYTES, Wall, read_walls
from gateway.street import Lamp, Mount, Place, Pole, level_m
from gateway.tables import Placed, PoleTable, SiteTable, Table
from gateway.upkeep.tables import AirTable, MediumTable
from hw.linux.settings import all_faults, read_toml, say_old_name

APART_M = 0.5
LEAST_POLE_M, LONGEST_POLE_M = 3.0, 12.0
"""How high over the ground a microphone is, at least and at most."""
LEAST_POLES = 4


class WallsTable(Table):
    """`walls = FILE` as it is read: the file's name, and its lines in metres of the site, each with its height."""

    file: str
    lines: tuple[tuple[float | None, tuple[tuple[float, float], ...]], ...]


class GatewayConfig(Table):
    """The whole file.

    journal : the file that all goes into that came in and was done; a new one is begun where none is.
    journal_max_mb : past this size nothing more is acked, and nodes keep their records; none: no limit but the disk.
    keys_file : one key a node, of `soundpost keys`; changes come into force while the gateway runs.
    requests_keys_file : who may review incidents and be shown evidence, of `soundpost keys`; none: nobody.
    releases : a folder; what is put there as *.release is offered to the boards; none: no updates.
    metrics_file : where figures for Prometheus are written every 15 s, for node_exporter; none: not written.
    site : the origin of all xyz_m.
    pole : the poles; four or more, six must agree for grade A.
    air : the usual weather.
    medium : how the air is learnt.
    policy : what acts on which shot.
    lamp_bank : the lamps, by what switches them.
    camera : the cameras that are turned.
    walls : a GeoJSON file of what cameras cannot see through.
    serial : wired lines to nodes; [[serial]], [mqtt] or both must be there.
    mqtt : the broker that nodes speak through.
    evidence : clips, stills and plates round a shot; none: nothing is kept.
    """

    journal: str = Field(min_length=1)
    journal_max_mb: int | None = Field(default=None, ge=1, le=1_000_000)
    keys_file: str = Field(min_length=1)
    requests_keys_file: str | None = Field(default=None, min_length=1)
    releases: str | None = Field(default=None, min_length=1)
    metrics_file: str | None = Field(default=None, pattern=r"[^/]\.prom$", max_length=500)
    site: SiteTable
    pole: tuple[PoleTable, ...]
    air: AirTable = AirTable()
    medium: MediumTable = MediumTable()
    policy: PolicyTable = PolicyTable()
    lamp_bank: tuple[LampBankTable, ...] = ()
    camera: tuple[CameraTable, ...] = ()
    walls: WallsTable | None = None
    serial: tuple[SerialTable, ...] = ()
    mqtt: MqttTable | None = None
    evidence: EvidenceTable | None = None

    @model_validator(mode="after")
    def _street(self) -> Self:
        names = {
            "lamp name": [lamp.name for bank in self.lamp_bank for lamp in bank.lamps],
            "camera name": [camera.name for camera in self.camera],
            "lamp bank url": [bank.url for bank in self.lamp_bank],
            "serial port": [line.port for line in self.serial],
        }
        checks: list[Callable[[], object]] = [lambda: _check_poles(self.poles()), self.lamps, self.evidence_watchers]
        checks.append(lambda: _check_over_ground(self._standing(), self.poles().values()))
        checks += [functools.partial(_unlike, what, each) for what, each in names.items()]
        faults = [words for check in checks if (words := _fault_of(check))]
        if not self.serial and self.mqtt is None:
            faults.append("no way to the nodes: give [[serial]] or [mqtt]")
        if faults:
            raise ValueError("; ".join(dict.fromkeys(faults)))
        return self

    def the_site(self) -> Site:
        """The origin."""
        return Site(self.site.lat_deg, self.site.lon_deg, self.site.h_m)

    def poles(self) -> dict[str, Pole]:
        """The survey by node. Of two poles with one name ValueError."""
        _unlike("node", [pole.node for pole in self.pole])
        site = self.the_site()
        return {pole.node: Pole(pole.node, _place("pole", pole.node, pole, site), pole.offset_us) for pole in self.pole}

    def lamps(self) -> list[Lamp]:
        """All lamps of all banks."""
        site = self.the_site()
        return [
            Lamp(lamp.name, _place("lamp", lamp.name, lamp, site)) for bank in self.lamp_bank for lamp in bank.lamps
        ]

    def the_walls(self) -> list[Wall]:
        """What cameras cannot see through."""
        return [Wall(line, height_m) for height_m, line in self.walls.lines] if self.walls else []

    def mounts(self) -> list[Mount]:
        """All cameras' mounts."""
        site = self.the_site()
        return [each.mount(_place("camera", each.name, each, site)) for each in self.camera]

    def _standing(self) -> dict[str, Place]:
        """What must not stand below the ground."""
        places = {f"lamp {lamp.name}": lamp.xyz_m for lamp in self.lamps()}
        places |= {f"camera {mount.name}": mount.xyz_m for mount in self.mounts()}
        for reader in self.evidence.reader if self.evidence else ():
            places[f"evidence.reader {reader.name}"] = _place("evidence.reader", reader.name, reader, self.the_site())
        return places

    def evidence_watchers(self) -> list[Watcher]:
        """Where the cameras stand whose video is kept. Raises ValueError naming what is not in place."""
        if self.evidence is None:
            return []
        site = self.the_site()
        for reader in self.evidence.reader:
            _place("evidence.reader", reader.name, reader, site)
        return [self._watcher(each, site) for each in self.evidence.stream]

    def _watcher(self, stream: StreamTable, site: Site) -> Watcher:
        if stream.xyz_m is not None and stream.range_m is not None:
            placed = Placed(xyz_m=stream.xyz_m)
            return Watcher(stream.camera, _place("evidence.stream", stream.camera, placed, site), stream.range_m)
        camera = next((each for each in self.camera if each.name == stream.camera), None)
        if camera is None:
            raise ValueError(
                f"evidence.stream: camera {stream.camera} is none of [[camera]]; else give xyz_m and range_m"
            )
        return Watcher(stream.camera, _place("camera", camera.name, camera, site), camera.range_m)


def read_config(path: pathlib.Path) -> GatewayConfig:
    """Read and check a gateway.toml. Raises ValueError of one line, or OSError where a file cannot be read."""
    document = read_toml(path)
    say_old_name(document, "mqtt", "key_file", "tls_key_file", path)
    if isinstance(document.get("walls"), str):
        document["walls"] = _walls(path, document)
    try:
        return GatewayConfig.model_validate_json(json.dumps(document, default=str))
    except ValidationError as error:
        raise ValueError(f"{path}: {all_faults(error, GatewayConfig, document)}") from None


def _walls(path: pathlib.Path, document: Mapping[str, Any]) -> dict[str, Any] | None:
    """The file of walls, read beside the config; without a site, which is told as a fault of its own, none."""
    named = path.parent / document["walls"]
    try:
        site = SiteTable.model_validate_json(json.dumps(document.get("site"), default=str))
    except ValidationError:
        return None
    try:
        walls = read_walls(json.loads(geojson_text(named, MOST_BYTES)), Site(site.lat_deg, site.lon_deg, site.h_m))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}: walls: {named}: is not GeoJSON ({error})") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: walls: {named}: {error}") from None
    except OSError as error:
        raise OSError(f"{path}: walls: {named}: {error.strerror}") from None
    return {"file": document["walls"], "lines": [(wall.height_m, wall.en_m) for wall in walls]}


def _place(what: str, name: str, table: Placed, site: Site) -> tuple[float, float, float]:
    try:
        return table.place(site)
    except ValueError as error:
        raise ValueError(f"{what} {name}: {error}") from None


def _check_poles(poles: Mapping[str, Pole]) -> None:
    if len(poles) < LEAST_POLES:
        raise ValueError(f"pole: {len(poles)} poles; a place needs at least {LEAST_POLES}")
    places = list(poles.values())
    for index, pole in enumerate(places):
        for other in places[:index]:
            if math.dist(pole.xyz_m, other.xyz_m) < APART_M:
                raise ValueError(f"pole: nodes {other.node} and {pole.node} stand less than {APART_M} m apart")


def _check_over_ground(standing: Mapping[str, Place], poles: Iterable[Pole]) -> None:
    """Where the poles stand high the ground is the site's; on a slope it is not known better than a pole is long."""
    places = [pole.xyz_m for pole in poles]
    for what, xyz_m in standing.items():
        pole_m = min(places, key=lambda pole_m: level_m(pole_m, xyz_m))[2]
        ground_m = 0.0 if pole_m >= LEAST_POLE_M else pole_m - LONGEST_POLE_M
        if xyz_m[2] <= ground_m and not (what.startswith("lamp ") and xyz_m[2] == 0.0):
            raise ValueError(
                f"{what}: stands {xyz_m[2]:.1f} m above the site, which is below the ground there; "
                f"must be above {ground_m:.1f} m"
            )


def _fault_of(check: Callable[[], object]) -> str:
    """What a check complains of, or ""."""
    try:
        check()
    except ValueError as error:
        return str(error)
    return ""


def _unlike(what: str, names: list[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{what} {twice[0]} stands there twice")
