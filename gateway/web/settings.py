"""web.toml: what `soundpost web` is told."""

import pathlib
from typing import Self

from pydantic import Field, ValidationError, model_validator

from gateway.tables import Name, Table
from gateway.web.accounts.settings import LOOPBACK, DoorTable
from hw.linux.settings import all_faults, read_toml


class TlsTable(Table):
    """A certificate of its own. Without it the process listens on loopback alone, behind a proxy.

    cert_file : the certificate, with those that lead to its authority.
    key_file : its key.
    """

    cert_file: str
    key_file: str


class WebConfig(Table):
    """The whole file.

    gateway : its gateway.toml, for poles, lamps, cameras and the journal.
    database : a file of this process alone: accounts, sessions, what it read of the journal.
    host : the address to listen at; another than this computer's own only with [tls].
    port : the port to listen at; 0: one that is free.
    tls : a certificate of its own.
    by : who asks the gateway for reviews; named in its requests_keys_file.
    request_key_file : the key of `by`; without it nothing can be reviewed.
    evidence_key_file : the key that [evidence] of gateway.toml keeps clips under; without it none can be shown.
    second_person : a review is done only when two people gave one.
    keep_past_days : of the poles' past.
    keep_arrivals_days : of single arrivals, beyond those of incidents.
    nice : how far the gateway goes before: 19 makes way for everything, 0 for nothing.
    map_file : of `soundpost map build`; without it the street is drawn as it is.
    door : how people sign in.
    """

    gateway: str = "gateway.toml"
    database: str = "web.db"
    host: str = "127.0.0.1"
    port: int = Field(default=8443, ge=0, le=65535)
    tls: TlsTable | None = None
    by: Name = "web"
    request_key_file: str | None = None
    evidence_key_file: str | None = None
    second_person: bool = False
    keep_past_days: int = Field(default=60, ge=1, le=3660)
    keep_arrivals_days: int = Field(default=3, ge=1, le=60)
    nice: int = Field(default=5, ge=0, le=19)
    map_file: str | None = None
    door: DoorTable = DoorTable()

    @property
    def is_secure(self) -> bool:
        """Whether browsers reach this process by TLS: its own, or a proxy's."""
        return self.tls is not None or (self.door.public_url or "").startswith("https:")

    @model_validator(mode="after")
    def _tells_no_password_to_the_street(self) -> Self:
        if self.tls is None and self.host not in LOOPBACK:
            raise ValueError("host must be loopback (127.0.0.1, ::1) where there is no [tls]: passwords cross the wire")
        return self


def read_web_config(path: pathlib.Path) -> WebConfig:
    """Raises ValueError or OSError naming the file and everything in it that is wrong."""
    document = read_toml(path)
    try:
        return WebConfig.model_validate(document)
    except ValidationError as error:
        raise ValueError(f"{path}: {all_faults(error, WebConfig, document)}") from error
