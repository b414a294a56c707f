"""The tables of gateway.toml that say what lamps there are, on which boards, and how those are treated."""

from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from gateway.tables import Name, Placed, Table

KINDS = ("dali", "gpio", "talq+http", "talq+https")  # of urls, beside those of Modbus boards
LEAST_FAIL_S, MOST_FAIL_S = 2.0, 8.0
"""What `fail_s` may be: the lamps of a gateway that has died are back within 10 s."""
DEVICE = r"^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"


class LampTable(Placed):
    """A lamp of a bank.

    name : its name, in rows and on pages.
    device : of a lamp behind TALQ: the address of its device and its actuator's function, DEVICE/FUNCTION.
    channel : which of the bank's it is, from 0; on DALI the short address, on pins the number of the line.
    rated_w : what it draws at full light; with it a lamp that draws too little or too much is found.
    """

    name: Name
    device: str | None = Field(default=None, pattern=DEVICE + "/[A-Za-z0-9._-]{1,64}$")
    channel: int = Field(ge=0, le=65535)
    rated_w: float | None = Field(default=None, gt=0, le=5000)


class TalqTable(Table):
    """How a lighting management knows us.

    client : the address, a UUID, that it knows us by.
    user : for basic authorisation.
    password_file : one line, the password.
    ca_file : the authority that signed its certificate; none: one that this host trusts.
    cert_file : our own certificate, where it asks for one.
    tls_key_file : the key of cert_file.
    """

    client: str = Field(pattern=DEVICE + "$")
    user: str = Field(default="", max_length=64, pattern="^[^:]*$")
    password_file: str | None = Field(default=None, min_length=1)
    ca_file: str | None = Field(default=None, min_length=1)
    cert_file: str | None = Field(default=None, min_length=1)
    tls_key_file: str | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _pairs(self) -> Self:
        if bool(self.user) != bool(self.password_file):
            raise ValueError("give both user and password_file, or neither")
        if bool(self.cert_file) != bool(self.tls_key_file):
            raise ValueError("give both cert_file and tls_key_file, or neither")
        return self


class LampBankTable(Table):
    """Lamps that are switched through one thing: a board, a bus, a lighting management.

    url : tcp://, rtu://, dali://, gpio:// or talq+https://: docs/how-to/lamps.md has each.
    map : the board's register map: its name, or FILE.toml.
    answer_s : how long the bank may take for one answer; lighting a lamp takes four; below fail_s.
    fail_s : after how long without this gateway the board puts its lamps back by itself, where it can.
    least_s : no lamp is switched twice within it.
    override_s : for so long somebody who set a lamp himself is left his way.
    looks_s : how often each lamp is looked at.
    lit_by_night : its lamps burn all night, whatever their level says; one that does not has failed.
    talq : with a talq+https:// url, and only then.
    lamps : one or more, each on a channel of its own.
    """

    url: str = Field(min_length=1, max_length=200)
    map: str = Field(default="plain", min_length=1, max_length=200)
    answer_s: float = Field(default=0.5, ge=0.05, le=5)
    fail_s: float = Field(default=6.0, ge=LEAST_FAIL_S, le=MOST_FAIL_S)
    least_s: float = Field(default=0.0, ge=0, le=600)
    override_s: float = Field(default=600.0, ge=0, le=86_400)
    looks_s: float = Field(default=5.0, ge=0.5, le=600)
    lit_by_night: bool = False
    talq: TalqTable | None = None
    lamps: tuple[LampTable, ...] = Field(min_length=1)

    @field_validator("url")
    @classmethod
    def _no_login(cls, url: str) -> str:
        """It is a name in logs, errors and rows."""
        if "@" in urlsplit(url).netloc:
            raise ValueError("must be without a user or password")
        return url

    @model_validator(mode="after")
    def _fits(self) -> Self:
        """What only one kind of bank has stands with that kind alone."""
        if self.answer_s >= self.fail_s:
            raise ValueError(f"answer_s {self.answer_s:g}: must be below fail_s, {self.fail_s:g} s")
        scheme = self.url.partition(":")[0]
        is_talq = scheme.startswith("talq+")
        if is_talq != (self.talq is not None):
            raise ValueError(
                "a talq+https:// url needs a talq table (client = UUID ...)"
                if is_talq
                else "talq is for talq+https:// urls"
            )
        for lamp in self.lamps:
            if is_talq != (lamp.device is not None):
                needs = "needs device = DEVICE/FUNCTION" if is_talq else "device is for talq+https:// urls"
                raise ValueError(f"lamp {lamp.name}: {needs}")
        if "map" in self.model_fields_set and scheme not in ("tcp", "rtu") and scheme in KINDS:
            raise ValueError(f"map is for Modbus boards (tcp://, rtu://), not for {scheme}://")
        return self

    @model_validator(mode="after")
    def _apart(self) -> Self:
        names: dict[int, str] = {}
        for lamp in self.lamps:
            if lamp.channel in names:
                raise ValueError(f"lamps {names[lamp.channel]} and {lamp.name} are both on channel {lamp.channel}")
            names[lamp.channel] = lamp.name
        return self

    def channels(self) -> dict[str, int]:
        """The channel of each lamp, by name."""
        return {lamp.name: lamp.channel for lamp in self.lamps}
