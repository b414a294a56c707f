"""node.toml: what a Linux node is told, checked whole before anything is opened.

Every fault is one line, `FILE: table.field: what is wrong and the legal range`. Files named in it are looked for beside
it. The key stands in a file of its own that only its owner may read; nothing of it gets into a message.
"""

import json
import pathlib
import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal, Self

from pydantic import AliasChoices, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from hw.linux.settings import Host, all_faults, read_toml, say_old_name

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,32}$")]
File = Annotated[str, Field(min_length=1, max_length=500)]
KINDS = {
    "file": ("path",),
    "pipe": ("path", "rate_hz"),
    "microphone": ("rate_hz",),
}
"""Kind of source -> what it cannot do without."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Table(BaseModel):
    """A table of the file: no key but its own, no number but a finite one of its type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class PoleTable(Table):
    """Where the node hangs; for people, and for what reads node.toml. The gateway has its own survey.

    lat_deg : latitude, WGS 84.
    lon_deg : longitude, WGS 84.
    h_m : height.
    """

    lat_deg: float = Field(ge=-90, le=90)
    lon_deg: float = Field(ge=-180, le=180)
    h_m: float = Field(default=0.0, ge=-500, le=9000)


class SourceTable(Table):
    """What the node listens to.

    kind : `microphone`, `file` (with path) or `pipe` (of 16-bit samples, with path and rate_hz).
    path : of a file or a pipe.
    start_us : UTC of the first sample, microseconds since 1970; or start_utc; not of a microphone.
    start_utc : the same as a time with its offset.
    sigma_us : one sigma of the first sample's time.
    paced : a file plays at its own time; false: as fast as it can be heard.
    rate_hz : of a microphone or a pipe; a file has its own.
    n_channels : of the source.
    backend : what opens a microphone.
    device : a microphone's number or part of its name: `soundpost node --devices`; none: the usual one.
    full_scale_db : dB SPL of full scale, where the microphone is calibrated.
    block_ms : so much of a microphone's sound comes at once; its time is known to a part of that only.
    """

    kind: Literal["file", "pipe", "microphone"]
    path: File | None = None
    start_us: int | None = Field(default=None, ge=0, le=1 << 53)
    start_utc: AwareDatetime | None = None
    sigma_us: int = Field(default=1, ge=1, le=10_000_000)
    paced: bool = True
    rate_hz: int | None = Field(default=None, ge=8_000, le=96_000)
    n_channels: int = Field(default=1, ge=1, le=64)
    backend: Literal["pyaudio", "sounddevice"] = "pyaudio"
    device: str | int | None = None
    block_ms: float = Field(default=20.0, ge=1, le=1000)
    full_scale_db: float | None = Field(default=None, ge=60, le=200)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        for name in KINDS[self.kind]:
            if getattr(self, name) is None:
                raise ValueError(f"a {self.kind} needs {name}")
        if self.start_us is not None and self.start_utc is not None:
            raise ValueError("give start_us or start_utc, not both")
        if self.kind == "microphone" and self.first_us is not None:
            raise ValueError("a microphone starts when it starts: no start_us or start_utc")
        return self

    @property
    def first_us(self) -> int | None:
        """UTC of the first sample, microseconds, if it is told."""
        if self.start_utc is None:
            return self.start_us
        return (self.start_utc - EPOCH) // timedelta(microseconds=1)


class UplinkTable(Table):
    """The way to the gateway.

    kind : `serial` or `mqtt`.
    wait : do not try the line before listening begins: the gateway's side may not be there yet.
    port : serial: the device, as /dev/ttyUSB0; mqtt: the broker's port, 1 to 65535.
    baud : serial: its speed, the same at the gateway.
    host : mqtt: the broker.
    user : mqtt: as whom the node signs in, where not by certificate.
    password_file : one line, the password.
    ca_file : the authority that signed the broker's certificate; none: one that this host trusts.
    cert_file : the node's own certificate.
    tls_key_file : the key of cert_file; key_file, its name of before, is still taken.
    tls : none: on any port but 1883, and where a certificate is named.
    """

    kind: Literal["serial", "mqtt"]
    wait: bool = False
    port: str | int
    baud: int = Field(default=115_200, ge=1200, le=4_000_000)
    host: Host | None = None
    user: str | None = Field(default=None, max_length=64)
    password_file: File | None = None
    ca_file: File | None = None
    cert_file: File | None = None
    tls_key_file: File | None = Field(default=None, validation_alias=AliasChoices("tls_key_file", "key_file"))
    tls: bool | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.kind == "serial" and not (isinstance(self.port, str) and self.port):
            raise ValueError('a serial uplink needs port, for example "/dev/ttyUSB0"')
        if self.kind == "mqtt" and not (isinstance(self.port, int) and 1 <= self.port <= 65535):
            raise ValueError("an MQTT uplink needs port, 1 to 65535")
        if self.kind == "mqtt" and not self.host:
            raise ValueError("an MQTT uplink needs host")
        return self

    @property
    def with_tls(self) -> bool:
        """As told; where nothing is told, on any port but 1883, and where a certificate is named."""
        return self.port != 1883 or bool(self.ca_file or self.cert_file) if self.tls is None else self.tls


class NodeConfig(Table):
    """The whole file.

    node : its name, as the gateway's survey and keys have it.
    key_file : 64 hexadecimal digits, of `soundpost keys`.
    state_dir : a folder; what the gateway has not acknowledged waits here.
    clips : send the 20 ms round each onset with it; without, places are less sharp.
    metrics_file : where its figures are written for node_exporter; the name ends in .prom.
    pole : where it hangs.
    source : what it listens to.
    uplink : the way to the gateway.
    """

    node: Name
    key_file: File
    state_dir: File
    clips: bool = True
    metrics_file: str | None = Field(default=None, pattern=r"[^/]\.prom$", max_length=500)
    pole: PoleTable | None = None
    source: SourceTable
    uplink: UplinkTable


def read_config(path: pathlib.Path) -> NodeConfig:
    """Read and check a node.toml; its file names come out as paths from here. ValueError of one line, or OSError."""
    document = read_toml(path)
    say_old_name(document, "uplink", "key_file", "tls_key_file", path)
    try:
        return NodeConfig.model_validate_json(json.dumps(document, default=str))
    except ValidationError as error:
        raise ValueError(f"{path}: {all_faults(error, NodeConfig, document)}") from None


def read_key(path: pathlib.Path) -> bytes:
    """The node's key: 64 hexadecimal digits in a file that only its owner may read. ValueError or OSError naming it."""
    text = _private(path).strip()
    if not re.fullmatch(r"[0-9a-fA-F]{64}", text):
        raise ValueError(f"{path}: must hold a key, 64 hexadecimal digits (soundpost keys makes one)")
    return bytes.fromhex(text)


def read_password(path: pathlib.Path) -> str:
    """The one line of a password file that only its owner may read."""
    secret = _private(path).strip("\r\n")
    if not secret or "\n" in secret:
        raise ValueError(f"{path}: must hold one line, the password")
    return secret


def _private(path: pathlib.Path) -> str:
    mode = path.stat().st_mode
    if mode & 0o077:
        raise ValueError(f"{path}: mode {mode & 0o777:04o} lets others read it; must be 0600 (chmod 600 {path})")
    return path.read_text("utf-8-sig", errors="replace")
