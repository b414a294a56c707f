"""The tables of gateway.toml that say what lamps there are, on which boards, and how those are treated."""

from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from gateway.tables import Name, Placed, Table


class LampTable(Placed):
    """rated_w : what it draws at full light; with it a lamp that draws too little or too much is found."""

    name: Name
    channel: int = Field(ge=0, le=65535)
    rated_w: float | None = Field(default=None, gt=0, le=5000)


class LampBankTable(Table):
    """map : the board's register map, by its name or as FILE.toml. answer_s : how long the bank may take for one
    answer; lighting a lamp takes four. fail_s : after how long without this gateway the board puts its lamps back by
    itself, where it can. least_s : no lamp is switched twice within it. override_s : for so long a hand that set a
    lamp wins. looks_s : how often each lamp is looked at. lit_by_night : its lamps burn all night, whatever their
    level says."""

    url: str = Field(min_length=1, max_length=200)
    map: str = Field(default="plain", min_length=1, max_length=200)
    answer_s: float = Field(default=0.5, ge=0.05, le=5)
    fail_s: float = Field(default=6.0, ge=2, le=8)
    least_s: float = Field(default=0.0, ge=0, le=600)
    override_s: float = Field(default=600.0, ge=0, le=86_400)
    looks_s: float = Field(default=5.0, ge=0.5, le=600)
    lit_by_night: bool = False
    lamps: tuple[LampTable, ...] = Field(min_length=1)

    @field_validator("url")
    @classmethod
    def _no_login(cls, url: str) -> str:
        """It is a name in logs, errors and rows."""
        if "@" in urlsplit(url).netloc:
            raise ValueError("must be without a user or password")
        return url

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
