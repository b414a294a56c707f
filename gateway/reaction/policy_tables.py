"""The tables of gateway.toml that say when lamps, cameras and people are told of a shot: docs/how-to/policy.md."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from gateway.incident import MAY_BE_GUNSHOT
from gateway.reaction.camera_policy import CameraRules
from gateway.reaction.conditions import ActRules
from gateway.reaction.lamp_policy import LampRules
from gateway.reaction.policy import AnnounceRules, Rules
from gateway.reaction.region_tables import ChangeTable, Grade, Ground, PartTable, QuietTable, RegionTable, Share
from gateway.tables import Table

Percent = Annotated[int, Field(ge=0, le=100)]
MOST_REGIONS = 200


class ActTable(Table):
    """What an act asks for.

    act : false: never.
    min_grade : of the incident's best round: A six poles or more agree, B five, C four.
    min_p_gunshot : of the incident's likeliest round: gunshot from 0.5 on, possible gunshot from 0.15.
    day : what is otherwise by day.
    night : what is otherwise while the sun is below lights.dark_below_deg.
    """

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
    """An act that can be held back.

    most_per_h : so many incidents in an hour at most; none: no limit.
    """

    most_per_h: int | None = Field(default=None, ge=1, le=100_000)


class LampRulesTable(LimitedTable):
    """When lamps come up, which, and how.

    radius_m : how far from the shot.
    level_pct : to what level.
    hold_s : for how long after the last round.
    only_when_dark : false: by day, too.
    dark_below_deg : the sun's elevation below which it is dark; as it is, that of sunset.
    rest_level_pct : where lamps go by night after hold_s if it is not known what they were; by day to 0; level_pct at
        most.
    fade_s : how long going back takes, where lamps can fade; they come up at once.
    soon : light as soon as six poles agree, before it is decided: docs/explanation/soon.md.
    min_poles : 4: lamps between three poles do not come up for what only they heard; none, and 3: they do, where
        min_grade is C.
    streets : a GeoJSON file; the lamps of the street that a shot was fired in come up farther along, too.
    street_width_m : of streets; lamps and shots within half of it of a line are in the street.
    street_radius_m : how far along the street.
    """

    radius_m: float = Field(default=120.0, gt=0, le=5000)
    level_pct: int = Field(default=100, ge=1, le=100)
    hold_s: float = Field(default=300.0, ge=1, le=86_400)
    only_when_dark: bool = True
    dark_below_deg: float = Field(default=-0.833, ge=-18, le=90)
    rest_level_pct: Percent = 30
    fade_s: float = Field(default=0.0, ge=0, le=60)
    soon: bool = True
    min_poles: Literal[3, 4] | None = None
    streets: str | None = Field(default=None, min_length=1, max_length=200)
    street_width_m: float = Field(default=20.0, gt=0, le=200)
    street_radius_m: float = Field(default=300.0, gt=0, le=5000)

    @model_validator(mode="after")
    def _sense(self) -> Self:
        if self.rest_level_pct > self.level_pct:
            raise ValueError(f"rest_level_pct {self.rest_level_pct}: must be 0 to level_pct, {self.level_pct}")
        if self.streets is None:
            for name in ("street_radius_m", "street_width_m"):
                if name in self.model_fields_set:
                    raise ValueError(f"{name}: without streets = FILE it stands for nothing")
        return self

    def rules(self, ground: Ground | None) -> LampRules:
        """As policy has them. Raises ValueError for a file that cannot be used."""
        told = {name: value for name, value in self.fields().items() if name not in ("streets", "street_width_m")}
        if self.streets is None:
            return LampRules(**told)
        assert ground is not None
        field = "policy.lights.streets"
        return LampRules(**told, streets=ground.zones(field, self.streets, self.street_width_m / 2))


class CameraRulesTable(LimitedTable):
    """When cameras turn, and how many.

    at_once : so many turn to an incident, from sides of their own.
    home_s : they go back after so long without news of it; 0: they stay.
    operator_s : a camera that somebody else moved is left to him for so long; 0: not at all.
    """

    at_once: int = Field(default=2, ge=1, le=8)
    home_s: float = Field(default=300.0, ge=0, le=86_400)
    operator_s: float = Field(default=120.0, ge=0, le=86_400)


class AnnounceRulesTable(ActTable):
    """People are told of everything that meets the bar: there is no limit that drops any of it.

    min_p_gunshot : at 0 people are told of other sounds, too, by what they are.
    wait_for_looks_s : people may wait so long for later looks that Linux nodes owe; lamps never wait.
    at_once : so many announcements of an incident go as they come.
    then_s : after these one every so often, with all that came meanwhile.
    """

    min_p_gunshot: Share = 0.0
    wait_for_looks_s: float = Field(default=1.5, ge=0, le=1.5)
    at_once: int = Field(default=20, ge=1, le=1000)
    then_s: float = Field(default=5.0, ge=0, le=30)


class PolicyTable(Table):
    """What acts on which shot.

    incident_gap_s : rounds so near in time and space are one incident.
    incident_longest_s : an incident that goes on for longer is told as a new one.
    incident_radius_m : rounds so near in space.
    rare_h : what four poles or more all hear more rarely than this is at least a possible gunshot.
    lights : lamps.
    cameras : cameras.
    clips : whether evidence is kept; none: [evidence] goes by its own settings.
    announce : what people and programs are told.
    zone : what is otherwise at a place; the first zone that the shot lies in holds.
    quiet : announced events.
    """

    incident_gap_s: float = Field(default=30.0, gt=0, le=3600)
    incident_longest_s: float = Field(default=600.0, gt=0, le=3600)
    incident_radius_m: float = Field(default=100.0, gt=0, le=5000)
    rare_h: float = Field(default=72.0, ge=1, le=2000)
    lights: LampRulesTable = LampRulesTable()
    cameras: CameraRulesTable = CameraRulesTable()
    clips: LimitedTable | None = None
    announce: AnnounceRulesTable = AnnounceRulesTable()
    zone: tuple[RegionTable, ...] = Field(default=(), max_length=MOST_REGIONS)
    quiet: tuple[QuietTable, ...] = Field(default=(), max_length=MOST_REGIONS)

    @model_validator(mode="after")
    def _names(self) -> Self:
        if self.lights.min_poles is not None and not self._may_light():
            raise ValueError("lights: min_poles says when lamps come up, and act = false that they never do")
        if self.lights.min_poles == 3 and "C" not in self._grades_that_light():
            raise ValueError(
                "lights: min_poles = 3 lights lamps for what has no grade, and min_grade asks for a better one than C "
                'everywhere and always; take min_grade = "C", or leave min_poles out'
            )
        for what, regions in (("zone", self.zone), ("quiet", self.quiet)):
            names = [each.name for each in regions]
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{what} {twice[0]!r} stands there twice")
        return self

    def _may_light(self) -> bool:
        """Whether lamps come up at some hour and place."""
        changed = (each.lights for each in self.zone if each.lights)
        parts: list[ActTable | PartTable] = [self.lights, *changed]
        return any(told.act for part in parts for told in (part, part.day, part.night))

    def _grades_that_light(self) -> set[str | None]:
        """What is asked for to light lamps, at any hour and place."""
        parts: list[ActTable | PartTable] = [self.lights, *(each.lights for each in self.zone if each.lights)]
        changes = [change for part in parts for change in (part.day, part.night)]
        return {*(part.min_grade for part in parts), *(change.min_grade for change in changes)}

    def rules(self, ground: Ground | None = None) -> Rules:
        """The rules as policy has them. ground : reads the files that it names; needed where it names a place. Raises
        ValueError naming a place or file that cannot be used."""
        if ground is None and (self.zone or self.quiet or self.lights.streets):
            raise ValueError("policy: names places, and nobody says where its files lie")
        return Rules(
            self.incident_gap_s,
            self.incident_longest_s,
            self.incident_radius_m,
            self.lights.rules(ground),
            CameraRules(**self.cameras.fields()),
            AnnounceRules(**self.announce.fields()),
            self._clips(),
            tuple(each.region(ground) for each in self.zone if ground),
            tuple(each.region(ground) for each in self.quiet if ground),
        )

    def _clips(self) -> ActRules | None:
        """None where nothing is said of clips: then whoever keeps them goes by its own settings alone."""
        parts = [*(each.clips for each in self.zone), *(each.clips for each in self.quiet)]
        named = self.clips is not None or any(part is not None for part in parts)
        return ActRules(**(self.clips or LimitedTable()).fields()) if named else None

    def files(self) -> Iterator[str]:
        """The files that it names."""
        named = (self.lights.streets, *(each.file for each in self.zone), *(each.file for each in self.quiet))
        yield from dict.fromkeys(file for file in named if file is not None)
