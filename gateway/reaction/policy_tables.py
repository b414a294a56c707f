"""The tables of gateway.toml that say when lamps, cameras and people are told of a shot."""

from typing import Annotated

from pydantic import Field

from gateway.incident import MAY_BE_GUNSHOT
from gateway.reaction.camera_policy import CameraRules
from gateway.reaction.lamp_policy import LampRules
from gateway.reaction.policy import AnnounceRules, Rules
from gateway.tables import Table

Grade = Annotated[str, Field(pattern=r"^[ABC]$")]
Percent = Annotated[int, Field(ge=0, le=100)]
Share = Annotated[float, Field(ge=0, le=1)]


class LampRulesTable(Table):
    min_grade: Grade = "C"
    min_p_gunshot: Share = MAY_BE_GUNSHOT
    radius_m: float = Field(default=120.0, gt=0, le=5000)
    level_pct: Percent = 100
    hold_s: float = Field(default=300.0, ge=1, le=86_400)
    only_when_dark: bool = True
    dark_below_deg: float = Field(default=-0.833, ge=-18, le=90)
    rest_level_pct: Percent = 30
    fade_s: float = Field(default=0.0, ge=0, le=60)


class CameraRulesTable(Table):
    min_grade: Grade = "C"
    min_p_gunshot: Share = MAY_BE_GUNSHOT


class AnnounceRulesTable(Table):
    min_grade: Grade = "C"
    min_p_gunshot: Share = 0.0
    wait_for_looks_s: float = Field(default=1.5, ge=0, le=1.5)


class PolicyTable(Table):
    incident_gap_s: float = Field(default=30.0, gt=0, le=3600)
    incident_longest_s: float = Field(default=600.0, gt=0, le=3600)
    incident_radius_m: float = Field(default=100.0, gt=0, le=5000)
    rare_h: float = Field(default=72.0, ge=1, le=2000)
    lights: LampRulesTable = LampRulesTable()
    cameras: CameraRulesTable = CameraRulesTable()
    announce: AnnounceRulesTable = AnnounceRulesTable()

    def rules(self) -> Rules:
        """The rules as policy has them."""
        return Rules(
            self.incident_gap_s,
            self.incident_longest_s,
            self.incident_radius_m,
            LampRules(**self.lights.model_dump()),
            CameraRules(**self.cameras.model_dump()),
            AnnounceRules(**self.announce.model_dump()),
        )
