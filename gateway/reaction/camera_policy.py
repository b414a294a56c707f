"""Which cameras turn to a shot, how wide they look, when they turn again and when they go back. Pure.

A camera takes part that can reach the place (range, pan, tilt) and sees it: more than half of the points of the 95 %
ellipse lie in its line of sight; where no camera sees that much, those that see any of it. A camera behind a wall is
left alone. The nearest free one comes first; a second one joins it that looks at the place from another side (SIDE_DEG
or more between the two). A camera that watches another incident is free only where nobody else sees the place, and that
other incident keeps one if it has two. Where two incidents want one camera, the newer has it.

It looks at 1.5 m above the ground of the fix: a person's chest. Its picture is to hold the ellipse and MARGIN more. It
follows the newest round, unless one that is better known lies within that round's ellipse: then the shooter has not
been seen to move. It turns again only if the place, seen from the mount, moved by more than a degree; else a further
round asks for the same again (at most every AGAIN_S), for one that was away, and who looks there need do nothing. It
goes back when
nothing new has been heard of the incident for `home_s`.
"""

import math
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from dsp.geodesy import bearing
from gateway.incident import Round, best
from gateway.orders import Aim
from gateway.reaction.conditions import ActRules
from gateway.reaction.walls import Walls
from gateway.street import Mount, Place, angle_deg

CHEST_M = 1.5
AGAIN_S = 1.0  # as of lamps (gateway/reaction/lamp_policy.py)
MOVED_DEG = 1.0
MARGIN = 1.25
NARROWEST_DEG = 3.0
"""What is less wide is too narrow for a survey that is good to a degree, and for somebody who walks."""
SIDE_DEG = 50.0
N_POINTS = 24
HOLDS_95 = 5.991464547107979  # chi-square, two degrees of freedom: -2 ln(1 - 0.95), as dsp/placing/fix.py
HOME_LATE_US = 60_000_000
"""How long an order to go back may be carried out: a start of the gateway gives it once more."""


@dataclass(frozen=True, slots=True)
class CameraRules(ActRules):
    """What cameras turn for. at_once : so many for an incident. home_s : how long they stay; 0: for ever. operator_s :
    how long a camera is left to whoever else moved it (gateway/reaction/operator.py); 0: not at all."""

    at_once: int = 2
    home_s: float = 300.0
    operator_s: float = 120.0


@dataclass(frozen=True, slots=True)
class Target:
    """A place and how well it is known: cov_m2 (2, 2), east and north."""

    xyz_m: Place
    cov_m2: NDArray[np.float64]

    def holds(self, place_m: Place) -> bool:
        """Whether a place lies in its 95 % ellipse."""
        off = np.subtract(place_m[:2], self.xyz_m[:2])
        return float(off @ np.linalg.pinv(self.cov_m2) @ off) <= HOLDS_95

    def within_m(self) -> float:
        """The longer half axis of its 95 % ellipse."""
        return math.sqrt(float(np.linalg.eigvalsh(self.cov_m2)[-1]) * HOLDS_95)

    def rim_m(self) -> list[tuple[float, float]]:
        """(east, north) of N_POINTS on its 95 % ellipse."""
        var_m2, axes = np.linalg.eigh(np.asarray(self.cov_m2, float))
        round_it = np.linspace(0, 2 * math.pi, N_POINTS, endpoint=False)
        halves_m = axes * np.sqrt(np.maximum(var_m2, 0) * HOLDS_95)
        rim = np.stack((np.cos(round_it), np.sin(round_it)), axis=1) @ halves_m.T + np.asarray(self.xyz_m[:2])
        return [(float(east), float(north)) for east, north in rim]


def followed(rounds: Iterable[Round]) -> Target:
    """Where an incident's cameras are to look: see above. rounds : one at least."""
    there = [each for each in rounds if not each.withdrawn] or list(rounds)
    newest, known = max(there, key=lambda each: each.fix.t_us), best(there)
    target = Target(newest.fix.xyz_m, newest.fix.cov_m2)
    return Target(known.fix.xyz_m, known.fix.cov_m2) if target.holds(known.fix.xyz_m) else target


@dataclass(frozen=True, slots=True)
class _Sight:
    """A mount and how it sees a place. share : of the ellipse that it sees."""

    mount: Mount
    azimuth_deg: float
    elevation_deg: float
    distance_m: float
    share: float


@dataclass(slots=True)
class _Watch:
    """What an incident has asked of the cameras: the newest order of each, those first asked, and until when.
    is_early : it is a provisional round. asked_us : when it asked last. led_us : when
    it asked for other cameras or another place than before."""

    is_early: bool = False
    leads: tuple[Aim, ...] = ()
    told: dict[str, Aim] = field(default_factory=dict)
    until_us: int = 0
    asked_us: int = 0
    led_us: int = 0


class CameraPolicy:
    """Remembers what each incident has asked of the cameras."""

    def __init__(
        self,
        mounts: Iterable[Mount],
        ground_m: float = 0.0,
        rules: CameraRules | None = None,
        walls: Walls | None = None,
    ) -> None:
        self._mounts = tuple(mounts)
        self._ground_m = ground_m
        self._rules = rules or CameraRules()
        self._walls = {each.name: (walls or Walls()).near(each.xyz_m, each.range_m) for each in self._mounts}
        self._watches: dict[str, _Watch] = {}

    def aim(self, incident: str, target: Target, now_us: int, expires_us: int, is_early: bool = False) -> list[Aim]:
        """The orders for the best-placed cameras, each with those next best as its `otherwise`; empty if nothing is to
        turn. Either way the cameras stay for longer. is_early : for a provisional round, which keeps no camera from
        what is decided."""
        watch = self._watches.setdefault(incident, _Watch(is_early))
        watch.until_us = now_us + round(self._rules.home_s * 1e6)
        sights = self._sights(target)
        leads, others = self._choose(sights, self._busy_without(incident, is_early))
        orders = tuple(self._order(each, others, target, incident, expires_us) for each in leads)
        if not orders or _look_alike(watch.leads, orders):
            return []
        watch.leads, watch.asked_us, watch.led_us = orders, now_us, now_us
        for order in orders:
            each: Aim | None = order
            while each is not None:
                watch.told[each.camera] = each
                each = each.otherwise
        return list(orders)

    def again(self, incident: str, now_us: int, expires_us: int) -> list[Aim]:
        """What it asked for before, once more, without the cameras that a newer incident has."""
        watch = self._watches[incident]
        if now_us - watch.asked_us < round(AGAIN_S * 1e6):
            return []
        watch.asked_us = now_us
        others = (each for name, each in self._watches.items() if name != incident and not each.is_early)
        newer = {lead.camera for each in others if each.led_us > watch.led_us for lead in each.leads}
        return [_again(each, expires_us, newer) for each in watch.leads if each.camera not in newer]

    def sees(self, target: Target) -> bool:
        """Whether any can be turned there."""
        return bool(self._sights(target))

    def tick(self, now_us: int) -> list[Aim]:
        """The cameras that have stayed for long enough go back, those of one incident after another."""
        if not self._rules.home_s:
            return []
        over = {name: watch for name, watch in self._watches.items() if watch.until_us <= now_us}
        kept = {camera for name, watch in self._watches.items() if name not in over for camera in watch.told}
        orders = [
            Aim(camera, aim.azimuth_deg, aim.elevation_deg, name, now_us + HOME_LATE_US, home=True)
            for name, watch in over.items()
            for camera, aim in sorted(watch.told.items())
            if camera not in kept
        ]
        for name in over:  # a later round asks anew
            del self._watches[name]
        return orders

    def shift(self, by_us: int) -> None:
        """The clock was set by so much: cameras stay as long as they were to."""
        for watch in self._watches.values():
            watch.until_us += by_us
            watch.asked_us += by_us
            watch.led_us += by_us

    def forget(self, incident: str) -> None:
        """An incident can get no further rounds: where no camera is to go back, nothing of it need be remembered."""
        if not self._rules.home_s:
            self._watches.pop(incident, None)

    def _sights(self, target: Target) -> list[_Sight]:
        """Mounts that see the place, nearest first."""
        height_m = self._ground_m + CHEST_M
        middle_m = (target.xyz_m[0], target.xyz_m[1], height_m)
        points_m = np.array([middle_m, *((east, north, height_m) for east, north in target.rim_m())])
        found = [
            _Sight(mount, *sight, 1 - float(np.mean(self._walls[mount.name].hide(mount.xyz_m, points_m))))
            for mount in self._mounts
            if (sight := mount.sight(middle_m)) is not None
        ]
        seen = [each for each in found if each.share > 0.5] or [each for each in found if each.share > 0]
        return sorted(seen, key=lambda each: (each.distance_m, each.mount.name))

    def _busy_without(self, incident: str, is_early: bool) -> Mapping[str, int]:
        """Cameras that watch another incident, and how many that one has; for a provisional round another one, too."""
        return {
            lead.camera: len(watch.leads)
            for name, watch in self._watches.items()
            if name != incident and (is_early or not watch.is_early)
            for lead in watch.leads
        }

    def _choose(self, sights: list[_Sight], busy: Mapping[str, int]) -> tuple[list[_Sight], list[_Sight]]:
        """Those that turn, and those that turn where one of them does not."""
        free = [each for each in sights if each.mount.name not in busy]
        if not free:
            first = sorted(sights, key=lambda each: busy[each.mount.name] < 2)[:1]  # stable: nearest first
            return first, [each for each in sights if each not in first]
        leads = free[:1]
        for each in free[1:]:
            if len(leads) < self._rules.at_once and all(_apart_deg(each, lead) >= SIDE_DEG for lead in leads):
                leads.append(each)
        return leads, [each for each in (*free, *(one for one in sights if one not in free)) if each not in leads]

    def _order(self, lead: _Sight, others: list[_Sight], target: Target, incident: str, expires_us: int) -> Aim:
        order: Aim | None = None
        for each in reversed([lead, *others]):
            order = Aim(
                each.mount.name,
                each.azimuth_deg,
                each.elevation_deg,
                incident,
                expires_us,
                order,
                place_m=(target.xyz_m[0], target.xyz_m[1], self._ground_m + CHEST_M),
                width_deg=self._width_deg(each, target),
            )
        assert order is not None
        return order

    def _width_deg(self, sight: _Sight, target: Target) -> float:
        """How wide a picture must be, with this place in its middle, to hold the ellipse from the ground to a head."""
        across, up = [0.0], [0.0]
        for east, north in target.rim_m():
            for height_m in (0.0, 2.0):
                azimuth_deg, elevation_deg, _ = bearing(sight.mount.xyz_m, (east, north, self._ground_m + height_m))
                turn_deg = (azimuth_deg - sight.azimuth_deg + 180) % 360 - 180
                across.append(abs(turn_deg) * math.cos(math.radians(elevation_deg)))
                up.append(abs(elevation_deg - sight.elevation_deg))
        return max(NARROWEST_DEG, 2 * MARGIN * max(*across, max(up) * sight.mount.aspect))


def _again(order: Aim, expires_us: int, newer: Container[str]) -> Aim:
    """The same order for a later round, and what is to be done otherwise, by a camera that no newer incident has."""
    after = order.otherwise
    while after is not None and after.camera in newer:
        after = after.otherwise
    otherwise = None if after is None else _again(after, expires_us, newer)
    return replace(order, expires_us=expires_us, otherwise=otherwise, again=True)


def _apart_deg(a: _Sight, b: _Sight) -> float:
    """The angle between two cameras, as the place sees them."""
    return abs((a.azimuth_deg - b.azimuth_deg + 180) % 360 - 180)


def _look_alike(before: tuple[Aim, ...], now: tuple[Aim, ...]) -> bool:
    """Whether the same cameras would turn by less than MOVED_DEG, and their pictures hold it, and not too much more."""
    if [each.camera for each in before] != [each.camera for each in now]:
        return False
    return all(
        angle_deg((old.azimuth_deg, old.elevation_deg), (new.azimuth_deg, new.elevation_deg)) <= MOVED_DEG
        and 1 / 3 <= (new.width_deg or 1) / (old.width_deg or 1) <= MARGIN
        for old, new in zip(before, now, strict=True)
    )
