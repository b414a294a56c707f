"""What the street does before it is sure: for a provisional round, and for an area that only three poles heard. Pure.

A provisional round (gateway/placing/soon.py) brings lamps up and turns a camera under a name of its own, which begins
with SOON, and is announced to nobody. Others near it, while it lasts, are the same. The round that the association then
decides orders all that it would have ordered without: its lamps are up by then, and it holds them longer, so that none
goes down and up. What no such round has claimed within SOON_S goes back, is counted, and told to technicians.

An area's lamps are those between the three poles, held as long as an incident's, where lamps come up for any grade at
that hour and place: it has none. Its name begins with AREA.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from gateway.incident import Arrival, Early, Incident, News, Round, Unplaced
from gateway.orders import Aim, Light
from gateway.reaction.acting import AREA_RULE, FRESH_US, Acting
from gateway.reaction.conditions import Conditions
from gateway.reaction.lamp_policy import NO_AREAS, SOON_S, LampRules
from gateway.street import Place, level_m

SOON, AREA = "soon-", "area-"
SOON_US = round(SOON_S * 1e6)


@dataclass(slots=True)
class _Early:
    """A provisional round that moved something. until_us : when it is over. became : incidents that rest on some of its
    arrivals. is_claimed : one of them lit lamps. moved : it moved something that was not up already."""

    name: str
    place_m: Place
    first_us: int
    until_us: int
    arrivals: set[Arrival] = field(default_factory=set)
    became: set[str] = field(default_factory=set)
    is_claimed: bool = False
    moved: bool = False


class Provisional:
    """radius_m : of an incident. n_for_nothing : provisional rounds that came to nothing."""

    def __init__(self, rules: LampRules, radius_m: float, acting: Acting, conditions: Conditions) -> None:
        self.n_for_nothing = 0
        self._rules = rules
        self._radius_m = radius_m
        self._acting = acting
        self._conditions = conditions
        self._early: list[_Early] = []
        self._news: list[News] = []

    @property
    def names(self) -> Collection[str]:
        """Those that may still ask for something."""
        return [early.name for early in self._early]

    def feed(self, shot: Round, now_us: int) -> list[Light | Aim | Early]:
        """What a provisional round asks for."""
        if not self._rules.soon or now_us - shot.fix.t_us > FRESH_US:
            return []
        near = (early for early in self._early if level_m(early.place_m, shot.fix.xyz_m) <= self._radius_m)
        known = next(near, None)
        early = known or _Early(name_of(SOON, shot.fix.t_us, shot.fix.xyz_m[:2]), shot.fix.xyz_m, now_us, now_us)
        incident = Incident(early.name, (shot,), shot.kind, shot.grade)
        orders = self._acting.soon(incident, shot, now_us)
        if orders and known is None:
            self._early.append(early)
        early.moved = early.moved or any(not each.again for each in orders)
        early.until_us = now_us + SOON_US
        early.arrivals.update(shot.arrivals)
        return [*orders, *self._acting.early(incident, shot, now_us)]

    def decided(self, incident: Incident, shot: Round, now_us: int) -> None:
        """A round was decided: what it rests on was not lit for nothing, if it asks for light."""
        own = [early for early in self._early if not early.arrivals.isdisjoint(shot.arrivals)]
        for early in own:
            if incident.id not in early.became:
                early.became.add(incident.id)
                self._acting.became(early.name, incident.id, now_us)
        if own and self._conditions.meets("lights", incident):
            for early in own:
                early.is_claimed = True

    def area(self, group: Unplaced, now_us: int) -> list[Light]:
        """What asks for light where only three poles heard it."""
        area = group.area
        if area is None or self._rules.min_poles == NO_AREAS or now_us - area.t_us > FRESH_US:
            return []
        p_gunshot = min((one.p_gunshot or 0.0 for one in group.arrivals), default=0.0)
        middle_m = (*area.en_m, 0.0)
        verdict = self._conditions.weigh_area("lights", middle_m, area.t_us, p_gunshot, now_us - area.t_us)
        if verdict.word:
            return []
        corners_m = [one.xyz_m for one in group.arrivals]
        asked = replace(verdict, rule=AREA_RULE)
        return self._acting.between(area_name(group), corners_m, asked, now_us, area.t_us)

    def take_news(self) -> list[News]:
        """What came to nothing since the last call."""
        news, self._news = self._news, []
        return news

    def tick(self, now_us: int) -> None:
        """Let go of what is over. Its lamps have gone back by themselves."""
        over = [early for early in self._early if early.until_us <= now_us]
        self._early = [early for early in self._early if early.until_us > now_us]
        for early in over:
            self._acting.forget(early.name)
        told = [News("soon", _words(early), now_us) for early in over if early.moved and not early.is_claimed]
        self.n_for_nothing += len(told)
        self._news += told

    def shift(self, by_us: int) -> None:
        """The clock was set by so much."""
        for early in self._early:
            early.first_us, early.until_us = early.first_us + by_us, early.until_us + by_us


def name_of(begins: str, t_us: int, en_m: tuple[float, ...]) -> str:
    """A name that a replay gives again: when it was, to the second, and a tag of when and where."""
    tag = hashlib.sha256(f"{t_us} {en_m[0]:.1f} {en_m[1]:.1f}".encode()).hexdigest()[:6]
    return f"{begins}{datetime.fromtimestamp(t_us // 1_000_000, UTC):%Y%m%dT%H%M%SZ}-{tag}"


def area_name(group: Unplaced) -> str:
    """That of a group with an area. ValueError for one without."""
    if group.area is None:
        raise ValueError("a group without an area has no name")
    return name_of(AREA, group.area.t_us, group.area.en_m)


def _words(early: _Early) -> str:
    poles = len({arrival.node for arrival in early.arrivals})
    return f"{early.name}: {poles} poles agreed, and nothing came of it; what was lit goes back"
