"""Which lamps come up for a shot, how long they stay up, and when they go back. Pure.

A lamp within `radius_m` of a round comes up to `level_pct` if it is dark, and if nobody can say whether it is. It is
asked once for each incident while it is held; further rounds only hold it longer. When the last hold has run out it
goes back to `rest_level_pct`, or to nothing if it is day by then. What a gateway before this one may have left lit is
taken to be held from the first tick on.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from gateway.incident import MAY_BE_GUNSHOT, Light
from gateway.street import Lamp, Place, level_m

Sun = Callable[[int], float | None]
START = "start"  # stands for the incident where none is known: lamps that an earlier run of the gateway may have left


@dataclass(frozen=True, slots=True)
class LampRules:
    """What lights up and when. `dark_below_deg`: the sun's elevation under which it is dark. `fade_s`: how long going
    back takes, where lamps can fade; they come up at once.

    Its default is the sunset of almanacs: the sun's upper edge on the horizon (from general knowledge).
    """

    min_grade: str = "C"
    min_p_gunshot: float = MAY_BE_GUNSHOT
    radius_m: float = 120.0
    level_pct: int = 100
    hold_s: float = 300.0
    only_when_dark: bool = True
    dark_below_deg: float = -0.833
    rest_level_pct: int = 30
    fade_s: float = 0.0


class LampPolicy:
    """Remembers which lamp is held up, by which incident, until when."""

    def __init__(self, rules: LampRules, lamps: Iterable[Lamp], sun: Sun) -> None:
        self._rules = rules
        self._lamps: Mapping[str, Place] = {lamp.name: lamp.xyz_m for lamp in lamps}
        self._sun = sun
        self._held_until_us: dict[str, int] = {}
        self._held_for: dict[str, str] = {}
        self._asked: set[tuple[str, str]] = set()
        self._started = False

    def light(self, incident: str, place_m: Place, now_us: int, expires_us: int) -> list[Light]:
        """The lamps to bring up for a round at this place: only those that this incident has not asked for yet."""
        if self._is_day(now_us):
            return []
        near = [name for name, xyz_m in self._lamps.items() if level_m(xyz_m, place_m) <= self._rules.radius_m]
        for name in near:
            self._hold(name, incident, now_us)
        new = tuple(name for name in near if (incident, name) not in self._asked)
        self._asked.update((incident, name) for name in new)
        return [Light(new, self._rules.level_pct, incident, expires_us)] if new else []

    def tick(self, now_us: int) -> list[Light]:
        """The lamps whose last hold has run out go back, one effect for each incident that held them."""
        if not self._started:
            self._started = True
            for name in self._lamps.keys() - self._held_until_us.keys():
                self._hold(name, START, now_us)
        over = [name for name, until_us in self._held_until_us.items() if until_us <= now_us]
        self._asked = {asked for asked in self._asked if asked[1] not in over}  # a later round must ask anew
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

    def shift(self, by_us: int) -> None:
        """The clock was set by so much: lamps are held as long as they were to be."""
        self._held_until_us = {name: until_us + by_us for name, until_us in self._held_until_us.items()}

    def forget(self, incident: str) -> None:
        """An incident can get no further rounds: what it asked for need not be remembered."""
        self._asked = {asked for asked in self._asked if asked[0] != incident}

    def _hold(self, name: str, incident: str, now_us: int) -> None:
        until_us = now_us + round(self._rules.hold_s * 1e6)
        if until_us >= self._held_until_us.get(name, 0):
            self._held_until_us[name] = until_us
            self._held_for[name] = incident

    def _is_day(self, now_us: int) -> bool:
        """False where lamps matter at any hour, and where the sun's place is unknown: a lamp too many harms nobody."""
        if not self._rules.only_when_dark:
            return False
        elevation_deg = self._sun(now_us)
        return elevation_deg is not None and elevation_deg >= self._rules.dark_below_deg
