"""Which camera turns to a shot, and when it turns again. Pure.

The best-placed camera is the nearest that can reach the place in range, pan and tilt. It looks at 1.5 m above the
ground of the fix: a person's chest. A better fix of the same incident turns it again only if the place, seen from the
mount, moved by more than a degree. Of two incidents at once the newer has the camera.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.incident import Aim
from gateway.reaction.conditions import ActRules
from gateway.street import Mount, Place, angle_deg

CHEST_M = 1.5
MOVED_DEG = 1.0


@dataclass(frozen=True, slots=True)
class CameraRules(ActRules):
    """What a camera turns for."""


class CameraPolicy:
    """Remembers what each incident has asked of the cameras."""

    def __init__(self, mounts: Iterable[Mount], ground_m: float = 0.0) -> None:
        self._mounts = tuple(mounts)
        self._ground_m = ground_m
        self._asked: dict[str, Aim] = {}

    def aim(self, incident: str, place_m: Place, expires_us: int) -> list[Aim]:
        """The order for the best-placed camera, with the next best as its `otherwise`; empty if nothing is to turn."""
        order: Aim | None = None
        for mount, sight in reversed(self._sights(place_m)):
            order = Aim(mount.name, sight[0], sight[1], incident, expires_us, order)
        if order is None or self._looks_there(incident, order):
            return []
        self._asked[incident] = order
        return [order]

    def sees(self, place_m: Place) -> bool:
        """Whether any can be turned there."""
        return bool(self._sights(place_m))

    def forget(self, incident: str) -> None:
        """An incident can get no further rounds: what it asked for need not be remembered."""
        self._asked.pop(incident, None)

    def _sights(self, place_m: Place) -> list[tuple[Mount, tuple[float, float, float]]]:
        """Mounts that see the place, nearest first."""
        target_m = (place_m[0], place_m[1], self._ground_m + CHEST_M)
        seen = [(mount, sight) for mount in self._mounts if (sight := mount.sight(target_m)) is not None]
        return sorted(seen, key=lambda pair: (pair[1][2], pair[0].name))

    def _looks_there(self, incident: str, order: Aim) -> bool:
        last = self._asked.get(incident)
        if last is None or last.camera != order.camera:
            return False
        moved_deg = angle_deg((last.azimuth_deg, last.elevation_deg), (order.azimuth_deg, order.elevation_deg))
        return moved_deg <= MOVED_DEG
