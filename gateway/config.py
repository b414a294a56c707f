"""gateway.toml: what a gateway is told about its street, checked whole before anything is opened.

Every fault is one line, `FILE: table.field: what is wrong and the legal range`. Files named in it are looked for beside
it. Secrets stand in files of their own that only their owner may read; nothing of them gets into a message.
"""

import json
import math
import pathlib
from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field, ValidationError, model_validator

from dsp.air import Air, wind_from
from dsp.geodesy import Site
from dsp.placing.medium import Medium
from gateway.placed_tables import Name, Placed, PoleTable, SiteTable, Table
from gateway.reaction.policy_tables import PolicyTable
from gateway.street import Lamp, Mount, Pole
from hw.linux.settings import all_faults, read_toml

APART_M = 0.5
SURE = 1e-3
LEAST_POLES = 4
Port = Annotated[int, Field(ge=1, le=65535)]


class LampTable(Placed):
    name: Name
    channel: int = Field(ge=0, le=65535)


class LampBankTable(Table):
    """answer_s : how long the bank may take for one answer; lighting a lamp takes three."""

    url: str = Field(min_length=1, max_length=200)
    answer_s: float = Field(default=0.5, ge=0.05, le=5)
    lamps: tuple[LampTable, ...] = Field(min_length=1)

    def channels(self) -> dict[str, int]:
        """The channel of each lamp, by name."""
        return {lamp.name: lamp.channel for lamp in self.lamps}


class CameraTable(Placed):
    """pan_deg, tilt_deg: within which we may turn it. pan_span_deg, tilt_span_deg: its whole travel, where it does not
    say so itself or says it wrong. ca_file, fingerprint (SHA-256 of its certificate) or verify = false: how an https
    camera shows that it is the one; none of them: by an authority that this host trusts."""

    name: Name
    url: str = Field(pattern=r"^https?://[^@\s]+$", max_length=200)
    user: str = Field(default="", max_length=64)
    password_file: str | None = None
    ca_file: str | None = Field(default=None, min_length=1)
    fingerprint: str | None = Field(default=None, pattern=r"^([0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}$")
    verify: bool = True
    bearing_deg: float = Field(default=0.0, ge=-360, le=360)
    pan_deg: tuple[float, float] = (-180.0, 180.0)
    tilt_deg: tuple[float, float] = (-90.0, 30.0)
    pan_span_deg: tuple[float, float] | None = None
    tilt_span_deg: tuple[float, float] | None = None
    range_m: float = Field(default=150.0, gt=0, le=5000)

    @model_validator(mode="after")
    def _trust(self) -> Self:
        given = (self.ca_file is not None) + (self.fingerprint is not None) + (not self.verify)
        if given > (1 if self.url.startswith("https:") else 0):
            raise ValueError("give one of ca_file, fingerprint and verify = false at most, and only with an https url")
        return self

    @model_validator(mode="after")
    def _limits(self) -> Self:
        for name, legal in (("pan_deg", 360), ("tilt_deg", 90), ("pan_span_deg", 360), ("tilt_span_deg", 90)):
            span = getattr(self, name)
            if span is not None and not -legal <= span[0] < span[1] <= legal:
                raise ValueError(f"{name} must be [lowest, highest] within -{legal} to {legal} degrees")
        return self


class AirTable(Table):
    temperature_c: float = Field(default=20.0, ge=-60, le=60)
    humidity_pct: float = Field(default=50.0, ge=0, le=100)
    wind_mps: float = Field(default=0.0, ge=0, le=60)
    wind_from_deg: float = Field(default=0.0, ge=0, le=360)

    def air(self) -> Air:
        """The air as dsp has it."""
        return Air(self.temperature_c, self.humidity_pct, wind_from(self.wind_mps, self.wind_from_deg))


class MediumTable(Table):
    """learn : find the air from shots and thermometers, too. The sigmas say how far [air] may be off."""

    learn: bool = True
    temperature_sigma_c: float = Field(default=10.0, gt=0, le=30)
    wind_sigma_mps: float = Field(default=4.0, gt=0, le=20)

    def medium(self, weather: Air) -> Medium:
        """The medium as dsp has it; where it is not to learn, one that is sure of the weather."""
        if not self.learn:
            return Medium(weather, SURE, SURE)
        return Medium(weather, self.temperature_sigma_c, self.wind_sigma_mps)


class SerialTable(Table):
    port: str = Field(min_length=1, max_length=200)
    baud: int = Field(default=115_200, ge=1200, le=4_000_000)


class MqttTable(Table):
    host: str = Field(min_length=1, max_length=253)
    port: Port = 8883
    identifier: Name | None = None
    user: str | None = Field(default=None, max_length=64)
    password_file: str | None = None
    tls: bool | None = None
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None

    @property
    def with_tls(self) -> bool:
        """As told; where nothing is told, on port 8883 and where a certificate is named."""
        return self.port == 8883 or bool(self.ca_file or self.cert_file) if self.tls is None else self.tls


class GatewayConfig(Table):
    """The whole file."""

    journal: str = Field(min_length=1)
    journal_max_mb: int | None = Field(default=None, ge=1, le=1_000_000)
    keys_file: str = Field(min_length=1)
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
        _check_poles(self.poles())
        self.lamps()
        self.mounts()
        _unlike("lamp name", [lamp.name for bank in self.lamp_bank for lamp in bank.lamps])
        _unlike("camera name", [camera.name for camera in self.camera])
        _unlike("lamp bank url", [bank.url for bank in self.lamp_bank])
        _unlike("serial port", [line.port for line in self.serial])
        if not self.serial and self.mqtt is None:
            raise ValueError("no way to the nodes: give [[serial]] or [mqtt]")
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


def _unlike(what: str, names: list[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{what} {twice[0]} stands there twice")
