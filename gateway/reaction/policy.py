"""What the street does about a round: which incident it belongs to, and who is lit, turned and told. Pure.

Rounds near in space and time are one incident; its grade is that of its best round (highest grade, then smallest
error ellipse). A round moves something only while it is fresh: at most 30 s old when it became known
(notes/reliability.md, T3), and not from the future by more than a clock may be wrong. Others are written down as
historic. What acts from which grade on is the customer's: the rules come from TOML.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from gateway.incident import Aim, Announce, Arrival, Incident, Light, Revised, Round, best, likeliest
from gateway.reaction.camera_policy import CameraPolicy, CameraRules, followed
from gateway.reaction.lamp_policy import LampPolicy, LampRules, Sun
from gateway.reaction.telling import Telling
from gateway.reaction.walls import Walls
from gateway.street import Lamp, Mount, level_m

FRESH_US = 30_000_000
AHEAD_US = 2_000_000
# how long an incident is kept for late arrivals: longer than gateway/placing/memory.py keeps rounds
REVISED_US = 240_000_000


@dataclass(frozen=True, slots=True)
class AnnounceRules:
    """What people are told of, and how long that may wait for later looks that the round's poles owe."""

    min_grade: str = "C"
    min_p_gunshot: float = 0.0
    wait_for_looks_s: float = 1.5


@dataclass(frozen=True, slots=True)
class Rules:
    """All of policy. Two rounds within `incident_gap_s` and `incident_radius_m` of each other are one incident, which
    lasts `incident_longest_s` at most: then the next one begins."""

    incident_gap_s: float = 30.0
    incident_longest_s: float = 600.0
    incident_radius_m: float = 100.0
    lights: LampRules = field(default_factory=LampRules)
    cameras: CameraRules = field(default_factory=CameraRules)
    announce: AnnounceRules = field(default_factory=AnnounceRules)


class Policy:
    """Feed it rounds as they are placed, tick it as time passes; it gives back what is to be done.

    sun : t_us -> the sun's elevation in degrees, or None where that is unknown.
    """

    def __init__(
        self, rules: Rules, lamps: Iterable[Lamp], mounts: Iterable[Mount], sun: Sun, walls: Walls | None = None
    ) -> None:
        self._rules = rules
        self._lamps = LampPolicy(rules.lights, lamps, sun)
        self._cameras = CameraPolicy(mounts, rules=rules.cameras, walls=walls)
        self._telling = Telling()
        self._open: list[Incident] = []
        self._changed_us: dict[str, int] = {}  # by incident, when it last did

    def feed(self, shot: Round, now_us: int) -> list[Announce | Light | Aim]:
        """What a new round asks for: first the lamps and the camera, then the telling."""
        fresh = self._is_fresh(shot, now_us)
        incident = self._join(shot, fresh)
        self._changed_us[incident.id] = now_us
        orders: list[Announce | Light | Aim] = [*self._act(incident, shot, now_us)] if fresh else []
        if _meets(incident, self._rules.announce):
            orders += self._telling.feed(incident, shot, now_us, self._wait_until_us(shot, now_us))
        return orders

    def revise(self, revised: Revised, now_us: int) -> list[Announce | Light | Aim]:
        """What a round that is known better asks for: the same, under the same name, where that is still known."""
        index = next((i for i, known in enumerate(self._open) if _has(known, revised.was.arrivals)), None)
        if index is None:
            return [] if revised.now.withdrawn else self.feed(revised.now, now_us)
        known, shot = self._open[index], revised.now
        if shot.arrivals == revised.was.arrivals and not shot.withdrawn:
            return self._look(index, shot, now_us)
        others = (each for each in known.rounds if each.arrivals != revised.was.arrivals)
        fresh = self._is_fresh(shot, now_us) and not shot.withdrawn
        incident = self._open[index] = _of(known, (*others, shot), historic=known.historic and not fresh)
        self._changed_us[incident.id] = now_us
        orders: list[Announce | Light | Aim] = [*self._act(incident, shot, now_us)] if fresh else []
        if any(_meets(each, self._rules.announce) for each in (known, incident)):
            orders += self._telling.feed(incident, shot, now_us, self._wait_until_us(shot, now_us))
        return orders

    def tick(self, now_us: int) -> list[Announce | Light | Aim]:
        """What the passing of time asks for: what waited to be told, lamps back to rest, cameras home. Incidents that
        can change no more are forgotten."""
        told = self._telling.tick(now_us)
        horizon_us = now_us - round(self._rules.incident_gap_s * 1e6) - REVISED_US
        for incident in [old for old in self._open if self._changed_us[old.id] < horizon_us]:
            self._open.remove(incident)
            del self._changed_us[incident.id]
            self._lamps.forget(incident.id)
            self._cameras.forget(incident.id)
            self._telling.forget(incident.id)
        return [*told, *self._lamps.tick(now_us), *self._cameras.tick(now_us)]

    def shift(self, by_us: int) -> None:
        """The clock was set by so much."""
        self._changed_us = {name: changed_us + by_us for name, changed_us in self._changed_us.items()}
        self._lamps.shift(by_us)
        self._cameras.shift(by_us)
        self._telling.shift(by_us)

    def _look(self, index: int, shot: Round, now_us: int) -> list[Announce | Light | Aim]:
        """What a round asks for that later looks have shown to be otherwise: what it did not ask for before."""
        known = self._open[index]
        rounds = (shot if each.arrivals == shot.arrivals else each for each in known.rounds)
        incident = self._open[index] = _of(known, rounds, known.historic)
        fresh = self._is_fresh(shot, now_us)
        orders: list[Announce | Light | Aim] = [*self._act(incident, shot, now_us, known)] if fresh else []
        until_us, is_worth = self._wait_until_us(shot, now_us), _meets(incident, self._rules.announce)
        return [*orders, *self._telling.look(incident, shot, now_us, until_us, is_worth)]

    def _wait_until_us(self, shot: Round, now_us: int) -> int:
        """How long a round may wait to be told: no longer than its poles owe looks at it."""
        return min(shot.looks_until_us, now_us + round(self._rules.announce.wait_for_looks_s * 1e6))

    def _is_fresh(self, shot: Round, now_us: int) -> bool:
        return -AHEAD_US <= now_us - shot.fix.t_us <= FRESH_US

    def _act(self, incident: Incident, shot: Round, now_us: int, before: Incident | None = None) -> list[Light | Aim]:
        """before : what was acted on already."""
        orders: list[Light | Aim] = []
        expires_us = shot.fix.t_us + FRESH_US
        if self._asks(incident, before, self._rules.lights):
            orders += self._lamps.light(incident.id, shot.fix.xyz_m, now_us, expires_us)
        if self._asks(incident, before, self._rules.cameras):
            orders += self._cameras.aim(incident.id, followed(incident.rounds), now_us, expires_us)
        return orders

    def _asks(self, incident: Incident, before: Incident | None, rules: LampRules | CameraRules) -> bool:
        return _meets(incident, rules) and (before is None or not _meets(before, rules))

    def _join(self, shot: Round, fresh: bool) -> Incident:
        """The incident that this round belongs to, grown by it: the one with the nearest round, or a new one."""
        near = [(gap, index) for index, known in enumerate(self._open) if (gap := self._gap(known, shot)) is not None]
        if not near:
            incident = Incident(_name(shot), (shot,), shot.kind, shot.grade, not fresh)
            self._open.append(incident)
            return incident
        _, index = min(near)
        known = self._open[index]
        self._open[index] = _of(known, (*known.rounds, shot), historic=known.historic and not fresh)
        return self._open[index]

    def _gap(self, known: Incident, shot: Round) -> float | None:
        """Metres from the round to the nearest round of an incident, or None where it is not of that incident."""
        near_us, longest_us = self._rules.incident_gap_s * 1e6, self._rules.incident_longest_s * 1e6
        if max(abs(shot.fix.t_us - known.rounds[end].fix.t_us) for end in (0, -1)) > longest_us:
            return None
        gaps = [
            level_m(other.fix.xyz_m, shot.fix.xyz_m)
            for other in known.rounds
            if abs(other.fix.t_us - shot.fix.t_us) <= near_us and not other.withdrawn
        ]
        nearest_m = min(gaps, default=None)
        return nearest_m if nearest_m is not None and nearest_m <= self._rules.incident_radius_m else None


def _of(known: Incident, rounds: Iterable[Round], historic: bool) -> Incident:
    """An incident, of these rounds now."""
    in_time = tuple(sorted(rounds, key=lambda each: each.fix.t_us))
    return replace(known, rounds=in_time, kind=likeliest(in_time).kind, grade=best(in_time).grade, historic=historic)


def _has(known: Incident, arrivals: tuple[Arrival, ...]) -> bool:
    return any(shot.arrivals == arrivals for shot in known.rounds)


def _meets(incident: Incident, rules: LampRules | CameraRules | AnnounceRules) -> bool:
    """Whether an incident is well enough placed, by its best round, and sure enough, by its likeliest. An unknown
    p_gunshot holds nothing back."""
    p_gunshot = likeliest(incident.rounds).p_gunshot
    return incident.grade <= rules.min_grade and (p_gunshot is None or p_gunshot >= rules.min_p_gunshot)


def _name(shot: Round) -> str:
    """A name that a replay gives again: when the first known round was fired, to the second, and a tag of its fix."""
    fix = shot.fix
    tag = hashlib.sha256(f"{fix.t_us} {fix.xyz_m[0]:.1f} {fix.xyz_m[1]:.1f}".encode()).hexdigest()[:6]
    return f"{datetime.fromtimestamp(fix.t_us // 1_000_000, UTC):%Y%m%dT%H%M%SZ}-{tag}"
