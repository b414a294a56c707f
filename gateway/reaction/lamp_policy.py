"""Which lamps come up for a shot, how long they stay up, and when they go back. Pure.

A lamp within `radius_m` of a round comes up to `level_pct` if it is dark, and if nobody can say whether it is; so do
those of the street that the round was fired in, within `street_radius_m`. Further rounds of the incident hold it
longer, and ask for it again (at most every AGAIN_S): it may have gone down meanwhile, or never have been reached. Who
carries that out tells a lamp nothing that is up. That policy asks whatever the lamps say of themselves keeps it pure:
frames alone decide, in every replay. When the last hold has run out it goes back to `rest_level_pct`, or to nothing if
it is day by then. A provisional round (gateway/reaction/provisional.py) holds a lamp for SOON_S, unless an incident
holds it longer; it asks again for those, too. What a gateway before this one may have left lit is taken to be held from
the first tick on, and from each start on that a journal tells of.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gateway.orders import Light
from gateway.reaction.conditions import DARK_BELOW_DEG, ActRules, Sun
from gateway.reaction.zones import Zone
from gateway.reasons import Near
from gateway.street import Lamp, Place, from_triangle_m, level_m

SOON_S = 20.0  # what is lit for a provisional round that comes to nothing
AGAIN_S = 1.0  # chosen: an order is under way for about as long; shots in a burst ask once
NO_AREAS = 4
BESIDE_M = 30.0  # chosen: across the street from the poles
START = "start"  # stands for the incident where none is known: lamps that an earlier run of the gateway may have left


@dataclass(frozen=True, slots=True)
class LampRules(ActRules):
    """What lights up and when. `dark_below_deg`: the sun's elevation under which it is dark. `fade_s`: how long going
    back takes, where lamps can fade; they come up at once. streets : which lamps belong together, however far along the
    street they stand, up to `street_radius_m` from the round. soon : for provisional rounds, too. min_poles : NO_AREAS
    where the lamps between three poles never come up for what only they heard; else they do where, at that hour and
    place, any grade lights lamps."""

    radius_m: float = 120.0
    level_pct: int = 100
    hold_s: float = 300.0
    only_when_dark: bool = True
    dark_below_deg: float = DARK_BELOW_DEG
    rest_level_pct: int = 30
    fade_s: float = 0.0
    street_radius_m: float = 300.0
    streets: tuple[Zone, ...] = ()
    soon: bool = True
    min_poles: int | None = None


class LampPolicy:
    """Remembers which lamp is held up, by which incident, until when."""

    def __init__(self, rules: LampRules, lamps: Iterable[Lamp], sun: Sun) -> None:
        self._rules = rules
        self._lamps: Mapping[str, Place] = {lamp.name: lamp.xyz_m for lamp in lamps}
        self._sun = sun
        self._soon_s = min(SOON_S, rules.hold_s)
        self._of_street = {
            street.name: {name for name, xyz_m in self._lamps.items() if street.holds(xyz_m)}
            for street in rules.streets
        }
        self._held_until_us: dict[str, int] = {}
        self._held_for: dict[str, str] = {}
        self._asked_us: dict[tuple[str, str], int] = {}  # by incident and lamp, when it was asked for last
        self._started = False

    def light(self, incident: str, place_m: Place, now_us: int, expires_us: int) -> list[Light]:
        """The lamps to bring up for a round at this place: those that this incident has not asked for yet, and those
        that it asks for again."""
        near = [each.name for each in self.near(place_m)]
        again = self._again(near, incident, now_us, expires_us)
        return [*self.bring_up(near, incident, now_us, expires_us), *again]

    def soon(self, name: str, place_m: Place, now_us: int, expires_us: int) -> list[Light]:
        """The same for a provisional round of this name; those that somebody else holds longer are asked for again."""
        until_us = now_us + round(self._soon_s * 1e6)
        held = {lamp for lamp, held_us in self._held_until_us.items() if held_us >= until_us}
        near = [each.name for each in self.near(place_m)]
        free = [lamp for lamp in near if lamp not in held or self._held_for[lamp] in (START, name)]
        up = [lamp for lamp in near if lamp not in free]
        again = self._again(free, name, now_us, expires_us, up)
        return [*self.bring_up(free, name, now_us, expires_us, self._soon_s), *again]

    def bring_up(
        self, lamps: Iterable[str], incident: str, now_us: int, expires_us: int, hold_s: float | None = None
    ) -> list[Light]:
        """These lamps, where it is dark: held, and asked for if this incident has not yet. hold_s : None: as usual."""
        if self._is_day(now_us):
            return []
        wanted = list(lamps)
        for lamp in wanted:
            self._hold(lamp, incident, now_us, self._rules.hold_s if hold_s is None else hold_s)
        new = tuple(lamp for lamp in wanted if (incident, lamp) not in self._asked_us)
        return self._ask(new, incident, now_us, expires_us, again=False)

    def between(self, places_m: Sequence[Place]) -> list[str]:
        """The lamps between three places, or no farther from that than BESIDE_M."""
        return [name for name, xyz_m in self._lamps.items() if from_triangle_m(xyz_m, places_m) <= BESIDE_M]

    def near(self, place_m: Place) -> tuple[Near, ...]:
        """The lamps that belong to a round at this place, and how far off they are."""
        along = {
            name for street in self._rules.streets if street.holds(place_m) for name in self._of_street[street.name]
        }
        away = [Near(name, level_m(xyz_m, place_m)) for name, xyz_m in self._lamps.items()]
        return tuple(each for each in away if self._reaches(each, along))

    def why_not(self, place_m: Place, now_us: int) -> tuple[str, tuple[Near, ...], float | None]:
        """What stands against light at this place now (`day`, `far`; "" where it is lit already), the nearest lamp, and
        what that is measured by."""
        if self._is_day(now_us):
            return "day", (), self._rules.dark_below_deg
        if self.near(place_m):
            return "", (), None
        away = [Near(name, level_m(xyz_m, place_m)) for name, xyz_m in self._lamps.items()]
        return "far", tuple(sorted(away, key=lambda each: each.away_m or 0.0)[:1]), self._rules.radius_m

    def holds(self, incident: str) -> bool:
        """Whether lamps are still up for this incident."""
        return incident in self._held_for.values()

    def tick(self, now_us: int) -> list[Light]:
        """The lamps whose last hold has run out go back, one effect for each incident that held them."""
        if not self._started:
            self._started = True
            for name in self._lamps.keys() - self._held_until_us.keys():
                self._hold(name, START, now_us, self._rules.hold_s)
        over = [name for name, until_us in self._held_until_us.items() if until_us <= now_us]
        # a later round must ask anew
        self._asked_us = {key: at_us for key, at_us in self._asked_us.items() if key[1] not in over}
        lamps_of: dict[str, list[str]] = {}
        for name in sorted(over):
            del self._held_until_us[name]
            lamps_of.setdefault(self._held_for.pop(name), []).append(name)
        is_day = bool(over) and self._is_day(now_us)
        level_pct = 0 if is_day else self._rules.rest_level_pct
        fade_s = self._rules.fade_s
        return [
            Light(tuple(lamps), level_pct, incident, back=not is_day, fade_s=fade_s)
            for incident, lamps in lamps_of.items()
        ]

    def resume(self) -> None:
        """A gateway starts: the one before may have lit what its journal does not say, up to the moment of its end."""
        self._started = False

    def shift(self, by_us: int) -> None:
        """The clock was set by so much: lamps are held as long as they were to be."""
        self._held_until_us = {name: until_us + by_us for name, until_us in self._held_until_us.items()}
        self._asked_us = {key: at_us + by_us for key, at_us in self._asked_us.items()}

    def forget(self, incident: str) -> None:
        """An incident can get no further rounds: what it asked for need not be remembered."""
        self._asked_us = {key: at_us for key, at_us in self._asked_us.items() if key[0] != incident}

    def _again(
        self, lamps: Iterable[str], name: str, now_us: int, expires_us: int, up: Iterable[str] = ()
    ) -> list[Light]:
        """Those of the lamps that were asked for under this name, and what is up for others, not asked for just now."""
        if self._is_day(now_us):
            return []
        asked = [*(lamp for lamp in lamps if (name, lamp) in self._asked_us), *up]
        since_us = now_us - round(AGAIN_S * 1e6)
        due = tuple(lamp for lamp in asked if self._asked_us.get((name, lamp), since_us) <= since_us)
        return self._ask(due, name, now_us, expires_us, again=True)

    def _ask(self, lamps: tuple[str, ...], name: str, now_us: int, expires_us: int, *, again: bool) -> list[Light]:
        self._asked_us.update(((name, lamp), now_us) for lamp in lamps)
        return [Light(lamps, self._rules.level_pct, name, expires_us, again=again)] if lamps else []

    def _reaches(self, lamp: Near, along: set[str]) -> bool:
        assert lamp.away_m is not None
        rules = self._rules
        return lamp.away_m <= rules.radius_m or (lamp.name in along and lamp.away_m <= rules.street_radius_m)

    def _hold(self, name: str, incident: str, now_us: int, hold_s: float) -> None:
        until_us = now_us + round(hold_s * 1e6)
        if until_us >= self._held_until_us.get(name, 0) or self._held_for[name] == START:
            self._held_until_us[name] = until_us
            self._held_for[name] = incident

    def _is_day(self, now_us: int) -> bool:
        """False where lamps matter at any hour, and where the sun's place is unknown: a lamp too many harms nobody."""
        if not self._rules.only_when_dark:
            return False
        elevation_deg = self._sun(now_us)
        return elevation_deg is not None and elevation_deg >= self._rules.dark_below_deg
