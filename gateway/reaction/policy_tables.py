"""The tables of gateway.toml that say when lamps, cameras and people are told of a shot: docs/policy.md."""

from typing import Annotated, Any

from pydantic import Field

from gateway.incident import MAY_BE_GUNSHOT
from gateway.reaction.camera_policy import CameraRules
from gateway.reaction.conditions import ActRules, Change
from gateway.reaction.lamp_policy import LampRules
from gateway.reaction.policy import AnnounceRules, Rules
from gateway.tables import Table

Grade = Annotated[str, Field(pattern=r"^[ABC]$")]
Percent = Annotated[int, Field(ge=0, le=100)]
Share = Annotated[float, Field(ge=0, le=1)]


class ChangeTable(Table):
    """What is otherwise at some hour or place; what it does not name stays as it is."""

    act: bool | None = None
    min_grade: Grade | None = None
    min_p_gunshot: Share | None = None

    def change(self) -> Change:
        """As policy has it."""
        return Change(self.act, self.min_grade, self.min_p_gunshot)


class ActTable(Table):
    """What an act asks for."""

    act: bool = True
    min_grade: Grade = "C"
    min_p_gunshot: Share = MAY_BE_GUNSHOT
    day: ChangeTable = ChangeTable()
    night: ChangeTable = ChangeTable()

    def fields(self) -> dict[str, Any]:
        """Its fields, those of the day and the night as policy has them."""
        told = {name: getattr(self, name) for name in type(self).model_fields}
        return {**told, "day": self.day.change(), "night": self.night.change()}


class LimitedTable(ActTable):
    most_per_h: int | None = Field(default=None, ge=1, le=100_000)


class LampRulesTable(LimitedTable):
    radius_m: float = Field(default=120.0, gt=0, le=5000)
    level_pct: Percent = 100
    hold_s: float = Field(default=300.0, ge=1, le=86_400)
    only_when_dark: bool = True
    dark_below_deg: float = Field(default=-0.833, ge=-18, le=90)
    rest_level_pct: Percent = 30


class AnnounceRulesTable(ActTable):
    """People are told of everything that meets the bar: there is no limit that drops any of it."""

    min_p_gunshot: Share = 0.0
    wait_for_looks_s: float = Field(default=1.5, ge=0, le=1.5)
    at_once: int = Field(default=20, ge=1, le=1000)
    then_s: float = Field(default=5.0, ge=0, le=30)


class PolicyTable(Table):
    incident_gap_s: float = Field(default=30.0, gt=0, le=3600)
    incident_longest_s: float = Field(default=600.0, gt=0, le=3600)
    incident_radius_m: float = Field(default=100.0, gt=0, le=5000)
    rare_h: float = Field(default=72.0, ge=1, le=2000)
    lights: LampRulesTable = LampRulesTable()
    cameras: LimitedTable = LimitedTable()
    clips: LimitedTable = LimitedTable()
    announce: AnnounceRulesTable = AnnounceRulesTable()

    def rules(self) -> Rules:
        """The rules as policy has them."""
        return Rules(
            self.incident_gap_s,
            self.incident_longest_s,
            self.incident_radius_m,
            LampRules(**self.lights.fields()),
            CameraRules(**self.cameras.fields()),
            AnnounceRules(**self.announce.fields()),
            ActRules(**self.clips.fields()),
        )
