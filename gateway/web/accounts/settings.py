"""The table `[door]` of web.toml: how people sign in, and from where requests may come."""

import ipaddress
import urllib.parse
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from gateway.tables import Table

Role = Literal["viewer", "dispatcher", "analyst", "technician", "administrator"]
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def check_network(text: str) -> str:
    """An address or a network, as it is. Raises ValueError for what is neither."""
    try:
        ipaddress.ip_network(text)
    except ValueError:
        raise ValueError("must be an IP address, or a network as 10.0.0.0/8") from None
    return text


def check_origin(text: str) -> str:
    """`https://name[:port]`; plain http only of loopback. Raises ValueError for anything else."""
    parts = urllib.parse.urlsplit(text)
    if not parts.hostname or parts.username or parts.query or parts.fragment or parts.path not in ("", "/"):
        raise ValueError("must be https://name or https://name:port, and no more")
    return check_https(text).rstrip("/")


def check_https(text: str) -> str:
    """An address of https, or of http on loopback. Raises ValueError for anything else."""
    parts = urllib.parse.urlsplit(text)
    is_loopback = parts.scheme == "http" and parts.hostname in LOOPBACK
    if not parts.hostname or (parts.scheme != "https" and not is_loopback):
        raise ValueError("must begin with https:// (http:// only of loopback)")
    return text


class OidcTable(Table):
    """Single sign-on by OpenID Connect.

    issuer : as the provider's own configuration names it.
    client_id : as the provider knows this process.
    client_secret_file : one line, the secret.
    label : what the button says.
    scopes : what is asked for; openid must be among it.
    name_claim : where the ID token has the person's name.
    role_claim : where it has what roles are given by.
    roles : from a value of role_claim to a role; of several the last in the order of gateway/web/grants.py counts;
        without any, no entry.
    """

    issuer: Annotated[str, AfterValidator(check_https)]
    client_id: str = Field(min_length=1, max_length=256)
    client_secret_file: str
    label: str = Field(default="single sign-on", min_length=1, max_length=64)
    scopes: list[str] = Field(default_factory=lambda: ["openid", "profile"])
    name_claim: str = "preferred_username"
    role_claim: str = "groups"
    roles: dict[str, Role] = Field(min_length=1)

    @model_validator(mode="after")
    def _asks_for_openid(self) -> Self:
        if "openid" not in self.scopes:
            raise ValueError("scopes must hold openid")
        return self


class DoorTable(Table):
    """How people sign in, and from where requests may come.

    public_url : what the reader's browser has in its address bar; needed behind a proxy and for single sign-on.
    trusted_proxies : whose X-Forwarded-For is believed; needed behind a proxy.
    session_h : after which a session ends, whatever is done.
    idle_min : after which it ends without use; a live page that is open counts as use.
    metrics_on_loopback : /metrics asks nobody on this machine for a key; not behind a proxy that says nothing of whom
        it speaks for.
    key_per_min : requests of one API key in a minute; beyond them it is answered 429.
    oidc : single sign-on; none: passwords alone.
    """

    public_url: Annotated[str, AfterValidator(check_origin)] | None = None
    trusted_proxies: list[Annotated[str, AfterValidator(check_network)]] = Field(default_factory=list)
    session_h: int = Field(default=12, ge=1, le=168)
    idle_min: int = Field(default=60, ge=5, le=1440)
    metrics_on_loopback: bool = False
    key_per_min: int = Field(default=600, ge=10, le=60_000)
    oidc: OidcTable | None = None

    @model_validator(mode="after")
    def _has_an_address_of_its_own(self) -> Self:
        if self.oidc is not None and self.public_url is None:
            raise ValueError("public_url is missing; with oidc the provider sends people back there")
        return self
