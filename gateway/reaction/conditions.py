"""Whether an act is asked for: by grade and p(gunshot), by day and night, by zone and announced event. Pure.

Each act has a bar: the grade and the p(gunshot) that an incident must reach. What its table says of the day or the
night, then the first zone that the incident lies in, then the announced event that it is of, replaces of the bar only
what it names. The place and the time are those of the incident's best round. Where nobody knows the sun, it is night.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from gateway.incident import MAY_BE_GUNSHOT, Incident, Round, best, likeliest
from gateway.reaction.zones import Zone
from gateway.reasons import Weighed
from gateway.street import Place

Sun = Callable[[int], float | None]
NO_GRADE = "none"  # of what has no fix
DARK_BELOW_DEG = -0.833  # the sunset of almanacs: the sun's upper edge on the horizon (from general knowledge)


@dataclass(frozen=True, slots=True)
class Change:
    """What is otherwise at some hour or place; None: as it was. act : whether it is done at all."""

    act: bool | None = None
    min_grade: str | None = None
    min_p_gunshot: float | None = None


@dataclass(frozen=True, slots=True)
class ActRules:
    """What an act asks for. most_per_h : so many incidents in an hour at most are acted on; None: all."""

    min_grade: str = "C"
    min_p_gunshot: float = MAY_BE_GUNSHOT
    act: bool = True
    day: Change = Change()
    night: Change = Change()
    most_per_h: int | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """What is otherwise of one act at a place: at any hour, by day, by night."""

    always: Change = Change()
    day: Change = Change()
    night: Change = Change()


@dataclass(frozen=True, slots=True)
class Region:
    """A place with rules of its own, and the hours that they hold in: from from_us until before until_us, UTC, or
    always. parts : by act."""

    name: str
    zone: Zone
    parts: Mapping[str, Part] = field(default_factory=dict)
    from_us: int | None = None
    until_us: int | None = None

    def holds(self, xyz_m: Place, t_us: int) -> bool:
        """Whether a place lies there, and a time then."""
        if self.from_us is not None and t_us < self.from_us:
            return False
        if self.until_us is not None and t_us >= self.until_us:
            return False
        return self.zone.holds(xyz_m)


@dataclass(frozen=True, slots=True)
class _Bar:
    """What an act asks for at some hour and place, and the tables that say so."""

    act: bool
    min_grade: str
    min_p_gunshot: float
    act_rule: str
    grade_rule: str
    p_rule: str

    def changed(self, rule: str, change: Change) -> "_Bar":
        """With what a further table says."""
        return _Bar(
            self.act if change.act is None else change.act,
            change.min_grade or self.min_grade,
            self.min_p_gunshot if change.min_p_gunshot is None else change.min_p_gunshot,
            self.act_rule if change.act is None else rule,
            rule if change.min_grade else self.grade_rule,
            self.p_rule if change.min_p_gunshot is None else rule,
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """word : what stands against an act (`off`, `grade`, `p_gunshot`), or "". rule : the table that says so."""

    word: str
    rule: str
    weighed: Weighed


class Conditions:
    """acts : the rules of each act. zones, quiet : places with rules of their own, and announced events."""

    def __init__(
        self,
        acts: Mapping[str, ActRules],
        sun: Sun,
        dark_below_deg: float = DARK_BELOW_DEG,
        zones: Iterable[Region] = (),
        quiet: Iterable[Region] = (),
    ) -> None:
        self._acts = acts
        self._sun = sun
        self._dark_below_deg = dark_below_deg
        self._zones = tuple(zones)
        self._quiet = tuple(quiet)

    def event_of(self, rounds: Iterable[Round]) -> Region | None:
        """The announced event that all these rounds lie in: with one outside of it, it is not what they are of."""
        there = [shot for shot in rounds if not shot.withdrawn]
        places = [(shot.fix.xyz_m, shot.fix.t_us) for shot in there]
        return next((each for each in self._quiet if there and all(each.holds(*place) for place in places)), None)

    def meets(self, act: str, incident: Incident) -> bool:
        """Whether an incident is well enough placed for it, by its best round, and sure enough, by its likeliest."""
        return self.weigh(act, incident, 0).word == ""

    def weigh(self, act: str, incident: Incident, age_us: int) -> Verdict:
        """How an act stands. An unknown p_gunshot holds nothing back. age_us : of the round that asks."""
        shot, p_gunshot = best(incident.rounds), likeliest(incident.rounds).p_gunshot
        event = self.event_of(incident.rounds)
        return self._weigh(act, (shot.fix.xyz_m, shot.fix.t_us), incident.grade, p_gunshot, age_us, event)

    def weigh_area(self, act: str, xyz_m: Place, t_us: int, p_gunshot: float, age_us: int) -> Verdict:
        """How an act stands for what has no fix and no grade: it is done where the worst grade is good enough."""
        return self._weigh(act, (xyz_m, t_us), NO_GRADE, p_gunshot, age_us, None)

    def _weigh(
        self, act: str, there: tuple[Place, int], grade: str, p_gunshot: float | None, age_us: int, event: Region | None
    ) -> Verdict:
        zone = next((each for each in self._zones if each.holds(*there)), None)
        sun_deg = self._sun(there[1])
        is_night = sun_deg is None or not sun_deg >= self._dark_below_deg
        bar = self._bar(act, is_night, zone, event)
        names = (zone.name if zone else "", event.name if event else "")
        asked = (bar.min_grade, bar.min_p_gunshot, bar.grade_rule, bar.p_rule)
        weighed = Weighed(grade, p_gunshot, *asked, is_night, sun_deg, age_us, *names)
        if not bar.act:
            return Verdict("off", bar.act_rule, weighed)
        if ("C" if grade == NO_GRADE else grade) > bar.min_grade:
            return Verdict("grade", bar.grade_rule, weighed)
        if p_gunshot is not None and not p_gunshot >= bar.min_p_gunshot:
            return Verdict("p_gunshot", bar.p_rule, weighed)
        return Verdict("", f"policy.{act}", weighed)

    def _bar(self, act: str, is_night: bool, zone: Region | None, event: Region | None) -> _Bar:
        """What its table asks for, and what is otherwise at that hour and place, the most particular last."""
        rules, rule = self._acts[act], f"policy.{act}"
        bar = _Bar(rules.act, rules.min_grade, rules.min_p_gunshot, rule, rule, rule)
        hour = "night" if is_night else "day"
        bar = bar.changed(f"{rule}.{hour}", rules.night if is_night else rules.day)
        for kind, region in (("zone", zone), ("quiet", event)):
            if region is not None and act in region.parts:
                part, table = region.parts[act], f"policy.{kind} {region.name}.{act}"
                bar = bar.changed(table, part.always)
                bar = bar.changed(f"{table}.{hour}", part.night if is_night else part.day)
        return bar
