"""gateway.toml: what a gateway is told about its street, checked whole before anything is opened. Each wing has the
tables of its own things; here they are one file.

Every fault is one line, `FILE: table.field: what is wrong and the legal range`. Files named in it are looked for beside
it. Secrets stand in files of their own that only their owner may read; nothing of them gets into a message.
"""

import functools
import json
import math
import pathlib
from collections.abc import Callable, Mapping
from typing import Self

from pydantic import Field, ValidationError, model_validator

from dsp.geodesy import Site
from gateway.intake.tables import MqttTable, SerialTable
from gateway.reaction.device_tables import CameraTable
from gateway.reaction.lamp_tables import LampBankTable
from gateway.reaction.policy_tables import PolicyTable
from gateway.street import Lamp, Mount, Pole
from gateway.tables import Placed, PoleTable, SiteTable, Table
from gateway.upkeep.tables import AirTable, MediumTable
from hw.linux.settings import all_faults, read_toml, say_old_name

APART_M = 0.5
LEAST_POLES = 4


class GatewayConfig(Table):
    """The whole file."""

    journal: str = Field(min_length=1)
    journal_max_mb: int | None = Field(default=None, ge=1, le=1_000_000)
    keys_file: str = Field(min_length=1)
    requests_keys_file: str | None = Field(default=None, min_length=1)
    releases: str | None = Field(default=None, min_length=1)
    site: SiteTable
    pole: tuple[PoleTable, ...]
    air: AirTable = AirTable()
    medium: MediumTable = MediumTable()
    policy: PolicyTable = PolicyTable()
    lamp_bank: tuple[LampBankTable, ...] = ()
    camera: tuple[CameraTable, ...] = ()
    serial: tuple[SerialTable, ...] = ()
    mqtt: MqttTable | None = None

    @model_validator(mode="after")
    def _street(self) -> Self:
        names = {
            "lamp name": [lamp.name for bank in self.lamp_bank for lamp in bank.lamps],
            "camera name": [camera.name for camera in self.camera],
            "lamp bank url": [bank.url for bank in self.lamp_bank],
            "serial port": [line.port for line in self.serial],
        }
        checks: list[Callable[[], object]] = [lambda: _check_poles(self.poles()), self.lamps, self.mounts]
        checks += [functools.partial(_unlike, what, each) for what, each in names.items()]
        faults = [words for check in checks if (words := _fault_of(check))]
        if not self.serial and self.mqtt is None:
            faults.append("no way to the nodes: give [[serial]] or [mqtt]")
        if faults:
            raise ValueError("; ".join(faults))
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

    def mounts(self) -> list[Mount]:
        """All cameras' mounts."""
        site = self.the_site()
        return [
            Mount(
                each.name,
                _place("camera", each.name, each, site),
                each.bearing_deg,
                each.pan_deg,
                each.tilt_deg,
                each.range_m,
            )
            for each in self.camera
        ]


def read_config(path: pathlib.Path) -> GatewayConfig:
    """Read and check a gateway.toml. Raises ValueError of one line, or OSError where the file cannot be read."""
    document = read_toml(path)
    say_old_name(document, "mqtt", "key_file", "tls_key_file", path)
    try:
        return GatewayConfig.model_validate_json(json.dumps(document, default=str))
    except ValidationError as error:
        raise ValueError(f"{path}: {all_faults(error, GatewayConfig, document)}") from None


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
