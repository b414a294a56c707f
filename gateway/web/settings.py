"""web.toml: what `soundpost web` is told."""

import pathlib

from pydantic import Field, ValidationError

from gateway.tables import Name, Table
from hw.linux.settings import all_faults, read_toml


class TlsTable(Table):
    """A certificate of its own. Without it the process listens on loopback alone, behind a proxy."""

    cert_file: str
    key_file: str


class WebConfig(Table):
    """gateway : its gateway.toml, for poles, lamps, cameras and the journal. database : a file of this process alone.
    request_key_file : of `by`, who is named in the gateway's requests_keys_file; without it nothing can be reviewed.
    map_file : of `soundpost map build`."""

    gateway: str = "gateway.toml"
    database: str = "web.db"
    host: str = "127.0.0.1"
    port: int = Field(default=8443, ge=0, le=65535)
    tls: TlsTable | None = None
    by: Name = "web"
    request_key_file: str | None = None
    map_file: str | None = None


def read_web_config(path: pathlib.Path) -> WebConfig:
    """Raises ValueError or OSError naming the file and everything in it that is wrong."""
    document = read_toml(path)
    try:
        return WebConfig.model_validate(document)
    except ValidationError as error:
        raise ValueError(f"{path}: {all_faults(error, WebConfig, document)}") from error
