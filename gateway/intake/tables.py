"""The tables of gateway.toml that say how nodes are reached."""

from typing import Annotated, Self

from pydantic import AliasChoices, Field, model_validator

from gateway.tables import LOOPBACK, Name, Table
from hw.linux.settings import Host

Port = Annotated[int, Field(ge=1, le=65535)]


class SerialTable(Table):
    """A wired line to nodes.

    port : the device, as /dev/ttyUSB0.
    baud : its speed, the same on the nodes.
    """

    port: str = Field(min_length=1, max_length=200)
    baud: int = Field(default=115_200, ge=1200, le=4_000_000)


class MqttTable(Table):
    """The broker that nodes speak through.

    host : the broker.
    port : its port.
    identifier : the client id at the broker; none: one of this host and folder.
    user : as whom the gateway signs in, where not by certificate.
    password_file : one line, the password.
    tls : none: TLS on port 8883 and where a certificate is named; a password goes without it on this computer only.
    ca_file : the authority that signed the broker's certificate; none: one that this host trusts.
    cert_file : the gateway's own certificate.
    tls_key_file : the key of cert_file; key_file, its name of before, is still taken.
    """

    host: Host
    port: Port = 8883
    identifier: Name | None = None
    user: str | None = Field(default=None, max_length=64)
    password_file: str | None = None
    tls: bool | None = None
    ca_file: str | None = None
    cert_file: str | None = None
    tls_key_file: str | None = Field(default=None, validation_alias=AliasChoices("tls_key_file", "key_file"))

    @model_validator(mode="after")
    def _clear(self) -> Self:
        if self.password_file is not None and not self.with_tls and self.host not in LOOPBACK:
            raise ValueError(f"tls: a password goes over TLS only, but to {', '.join(LOOPBACK)}")
        return self

    @property
    def with_tls(self) -> bool:
        """As told; where nothing is told, on port 8883 and where a certificate is named."""
        return self.port == 8883 or bool(self.ca_file or self.cert_file) if self.tls is None else self.tls
