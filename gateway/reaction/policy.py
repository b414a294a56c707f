"""What the street does about a round: which incident it belongs to, and who is lit, turned and told. Pure.

Rounds near in space and time are one incident; its grade is that of its best round (highest grade, then smallest
error ellipse). A round moves something only while it is fresh: at most 30 s old when it became known
(notes/reliability.md, T3), and not from the future by more than a clock may be wrong. Others are written down as
historic. What acts from which grade on is the customer's: the rules come from TOML (conditions.py has how they are
weighed). Beside its orders policy says why it gave them or gave none: `take_reasons`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from gateway.incident import Announce, Arrival, Early, Incident, News, Revised, Round, Unplaced, best, likeliest
from gateway.orders import Aim, Light
from gateway.reaction.acting import FRESH_US, Acting
from gateway.reaction.camera_policy import CameraPolicy, CameraRules
from gateway.reaction.conditions import ActRules, Conditions, Region, Sun
from gateway.reaction.lamp_policy import LampPolicy, LampRules
from gateway.reaction.limits import Spent
from gateway.reaction.provisional import SOON, Provisional, name_of
from gateway.reaction.reasoning import Reasoning
from gateway.reaction.telling import AT_ONCE, THEN_US, Telling
from gateway.reaction.walls import Walls
from gateway.reasons import Because
from gateway.street import Lamp, Mount, level_m

AHEAD_US = 2_000_000
# how long an incident is kept for late arrivals: longer than gateway/placing/memory.py keeps rounds
REVISED_US = 240_000_000


@dataclass(frozen=True, slots=True)
class AnnounceRules(ActRules):
    """What people are told of, and how long that may wait for later looks that the round's poles owe. Of one incident
    `at_once` announcements are told as they come, then one in `then_s`: what waits is told together, none is lost."""

    min_p_gunshot: float = 0.0
    wait_for_looks_s: float = 1.5
    at_once: int = AT_ONCE
    then_s: float = THEN_US / 1e6


@dataclass(frozen=True, slots=True)
class Rules:
    """All of policy. Two rounds within `incident_gap_s` and `incident_radius_m` of each other are one incident, which
    lasts `incident_longest_s` at most: then the next one begins. zones : places with rules of their own; quiet :
    announced events. clips : what is asked for to keep clips."""

    incident_gap_s: float = 30.0
    incident_longest_s: float = 600.0
    incident_radius_m: float = 100.0
    lights: LampRules = field(default_factory=LampRules)
    cameras: CameraRules = field(default_factory=CameraRules)
    announce: AnnounceRules = field(default_factory=AnnounceRules)
    clips: ActRules | None = None
    zones: tuple[Region, ...] = ()
    quiet: tuple[Region, ...] = ()

    def acts(self) -> dict[str, ActRules]:
        """By act, what it asks for. Without rules for clips whoever keeps them goes by its own."""
        acts = {"lights": self.lights, "cameras": self.cameras, "announce": self.announce}
        return acts if self.clips is None else {**acts, "clips": self.clips}


class Policy:
    """Feed it rounds as they are placed, tick it as time passes; it gives back what is to be done.

    sun : t_us -> the sun's elevation in degrees, or None where that is unknown. rules : as they were given.
    """

    def __init__(
        self, rules: Rules, lamps: Iterable[Lamp], mounts: Iterable[Mount], sun: Sun, walls: Walls | None = None
    ) -> None:
        self.rules = rules
        self._telling = Telling(rules.announce.at_once, round(rules.announce.then_s * 1e6))
        dark_deg = rules.lights.dark_below_deg
        self._reasoning = Reasoning()
        self._conditions = Conditions(rules.acts(), sun, dark_deg, rules.zones, rules.quiet)
        movers = LampPolicy(rules.lights, lamps, sun), CameraPolicy(mounts, rules=rules.cameras, walls=walls)
        self._acting = Acting(rules.acts(), self._conditions, self._reasoning, *movers)
        self._provisional = Provisional(rules.lights, rules.incident_radius_m, self._acting, self._conditions)
        self._open: list[Incident] = []
        self._changed_us: dict[str, int] = {}  # by incident, when it last did

    def feed(self, shot: Round, now_us: int) -> list[Announce | Light | Aim]:
        """What a new round asks for: first the lamps and the camera, then the telling."""
        fresh = self._is_fresh(shot, now_us)
        index = self._join(shot, fresh)
        incident = self._open[index] = self._acting.with_clips(self._open[index], shot, now_us, fresh)
        self._changed_us[incident.id] = now_us
        orders: list[Announce | Light | Aim] = [*self._act(incident, shot, now_us, fresh)]
        if self._is_worth_telling(incident, shot, now_us):
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
        grown = self._of(known, (*others, shot), historic=known.historic and not fresh)
        incident = self._open[index] = self._acting.with_clips(grown, shot, now_us, fresh)
        self._changed_us[incident.id] = now_us
        orders: list[Announce | Light | Aim] = [*self._act(incident, shot, now_us, fresh)]
        if self._is_worth_telling(incident, shot, now_us) or self._conditions.meets("announce", known):
            orders += self._telling.feed(incident, shot, now_us, self._wait_until_us(shot, now_us))
        return orders

    def soon(self, shot: Round, now_us: int) -> list[Light | Aim | Early]:
        """What a provisional round asks for: it is of no incident, and told to nobody."""
        return self._provisional.feed(shot, now_us) if self._is_fresh(shot, now_us) else []

    def area(self, group: Unplaced, now_us: int) -> list[Light]:
        """What asks for light where three poles heard something like a shot."""
        return self._provisional.area(group, now_us)

    def tick(self, now_us: int) -> list[Announce | Light | Aim]:
        """What the passing of time asks for: what waited to be told, lamps back to rest, cameras home. Incidents that
        can change no more are forgotten."""
        told = self._telling.tick(now_us)
        horizon_us = now_us - round(self.rules.incident_gap_s * 1e6) - REVISED_US
        for incident in [old for old in self._open if self._changed_us[old.id] < horizon_us]:
            self._open.remove(incident)
            del self._changed_us[incident.id]
            self._acting.forget(incident.id)
            self._telling.forget(incident.id)
        at_rest = self._acting.tick(now_us, {*self._changed_us, *self._provisional.names})
        self._provisional.tick(now_us)
        return [*told, *at_rest]

    @property
    def n_limited(self) -> int:
        """How often an act was not done for a limit."""
        return self._acting.n_limited

    @property
    def n_for_nothing(self) -> int:
        """How often something was lit for a provisional round of which nothing came."""
        return self._provisional.n_for_nothing

    def take_news(self) -> list[News]:
        """What technicians are told since the last call."""
        return self._provisional.take_news()

    def take_reasons(self) -> list[Because]:
        """Why what was ordered since the last call was, and why what was not was not."""
        return self._reasoning.take()

    def recall(self, spent: Iterable[Spent]) -> None:
        """What a gateway before this one did, which counts for the limits: no provisional round does."""
        self._acting.recall(each for each in spent if not each.incident.startswith(SOON))

    def resume(self) -> None:
        """A gateway starts."""
        self._acting.resume()

    def shift(self, by_us: int) -> None:
        """The clock was set by so much."""
        self._changed_us = {name: changed_us + by_us for name, changed_us in self._changed_us.items()}
        self._acting.shift(by_us)
        self._provisional.shift(by_us)
        self._telling.shift(by_us)

    def _act(
        self, incident: Incident, shot: Round, now_us: int, fresh: bool, before: Incident | None = None
    ) -> list[Light | Aim]:
        """What moves for it; what moved already for what may be the same round has been for something."""
        if fresh:
            self._provisional.decided(incident, shot, now_us)
        return self._acting.act(incident, shot, now_us, before, fresh)

    def _look(self, index: int, shot: Round, now_us: int) -> list[Announce | Light | Aim]:
        """What a round asks for that later looks have shown to be otherwise: what it did not ask for before."""
        known = self._open[index]
        rounds = (shot if each.arrivals == shot.arrivals else each for each in known.rounds)
        fresh = self._is_fresh(shot, now_us)
        seen = self._of(known, rounds, known.historic)
        incident = self._open[index] = self._acting.with_clips(seen, shot, now_us, fresh)
        orders: list[Announce | Light | Aim] = [*self._act(incident, shot, now_us, fresh, known)]
        until_us, is_worth = self._wait_until_us(shot, now_us), self._is_worth_telling(incident, shot, now_us)
        return [*orders, *self._telling.look(incident, shot, now_us, until_us, is_worth)]

    def _wait_until_us(self, shot: Round, now_us: int) -> int:
        """How long a round may wait to be told: no longer than its poles owe looks at it."""
        return min(shot.looks_until_us, now_us + round(self.rules.announce.wait_for_looks_s * 1e6))

    def _is_fresh(self, shot: Round, now_us: int) -> bool:
        return -AHEAD_US <= now_us - shot.fix.t_us <= FRESH_US

    def _is_worth_telling(self, incident: Incident, shot: Round, now_us: int) -> bool:
        verdict = self._conditions.weigh("announce", incident, now_us - shot.fix.t_us)
        if verdict.word:
            self._reasoning.does_not("announce", incident.id, verdict, now_us)
        else:
            self._reasoning.goes_on("announce", incident.id, verdict, now_us)
        return not verdict.word

    def _join(self, shot: Round, fresh: bool) -> int:
        """Which incident this round belongs to, grown by it: the one with the nearest round, or a new one."""
        near = [(gap, index) for index, known in enumerate(self._open) if (gap := self._gap(known, shot)) is not None]
        if not near:
            new = Incident(name_of("", shot.fix.t_us, shot.fix.xyz_m[:2]), (shot,), shot.kind, shot.grade)
            self._open.append(self._of(new, (shot,), historic=not fresh))
            return len(self._open) - 1
        _, index = min(near)
        known = self._open[index]
        self._open[index] = self._of(known, (*known.rounds, shot), historic=known.historic and not fresh)
        return index

    def _gap(self, known: Incident, shot: Round) -> float | None:
        """Metres from the round to the nearest round of an incident, or None where it is not of that incident."""
        near_us, longest_us = self.rules.incident_gap_s * 1e6, self.rules.incident_longest_s * 1e6
        if max(abs(shot.fix.t_us - known.rounds[end].fix.t_us) for end in (0, -1)) > longest_us:
            return None
        gaps = [
            level_m(other.fix.xyz_m, shot.fix.xyz_m)
            for other in known.rounds
            if abs(other.fix.t_us - shot.fix.t_us) <= near_us and not other.withdrawn
        ]
        nearest_m = min(gaps, default=None)
        return nearest_m if nearest_m is not None and nearest_m <= self.rules.incident_radius_m else None

    def _of(self, known: Incident, rounds: Iterable[Round], historic: bool) -> Incident:
        """An incident, of these rounds now."""
        in_time = tuple(sorted(rounds, key=lambda each: each.fix.t_us))
        event = self._conditions.event_of(in_time)
        kind, grade, quiet = likeliest(in_time).kind, best(in_time).grade, event.name if event else ""
        return replace(known, rounds=in_time, kind=kind, grade=grade, historic=historic, quiet=quiet)


def _has(known: Incident, arrivals: tuple[Arrival, ...]) -> bool:
    return any(shot.arrivals == arrivals for shot in known.rounds)
