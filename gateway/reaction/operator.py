"""Whether somebody else has turned a camera: by what it says of where it looks. Pure; time is an argument.

Once it has come to where it was told, what takes it away from there was not us: it is its operator's for a while, and
again with each further move. On its way it only comes nearer; one that goes back by BACK_DEG was called away. One that
never quite arrives is slow or inexact, not somebody's: what it says at last is taken for its place.
"""

from gateway.street import angle_deg

SETTLE_US = 12_000_000  # half a turn at 15 degrees a second, a slow camera
ZOOM_US = 3_000_000
NEAR_DEG, MOVED_DEG, BACK_DEG, ZOOMED = 1.0, 2.0, 5.0, 0.05
Angles = tuple[float, float]


class Operator:
    """Of one camera. hold_us : how long it is left to whoever moved it; 0: nobody but us is heeded."""

    def __init__(self, hold_us: int) -> None:
        self._hold_us = hold_us
        self._held_until_us = 0
        self._goal_deg: Angles | None = None
        self._arrived_us: int | None = None
        self._told_us = -SETTLE_US
        self._nearest_deg = 180.0
        self._zoom: float | None = None

    def has_it(self, now_us: int) -> bool:
        """Whether the camera is to be left alone."""
        return now_us < self._held_until_us

    def told(self, goal_deg: Angles | None, now_us: int) -> None:
        """We sent it there, (pan, tilt) degrees; None: to where only the camera knows."""
        self._goal_deg, self._told_us = goal_deg, now_us
        self._arrived_us, self._nearest_deg, self._zoom = None, 180.0, None

    def seen(self, looks_deg: Angles, zoom: float | None, now_us: int) -> bool:
        """It says that it looks there. Comes back: whether that was somebody else's doing."""
        if self._goal_deg is None:
            if now_us >= self._told_us + SETTLE_US:
                self._goal_deg, self._arrived_us = looks_deg, now_us
            return False
        off_deg = angle_deg(looks_deg, self._goal_deg)
        if self._arrived_us is None:
            taken = self._on_its_way(looks_deg, off_deg, now_us)
        else:
            taken = off_deg > MOVED_DEG or self._has_zoomed(zoom, now_us - self._arrived_us)
        if taken and self._hold_us:
            self._held_until_us = now_us + self._hold_us
            self._goal_deg, self._arrived_us, self._zoom = looks_deg, now_us, zoom
        return taken and self._hold_us > 0

    def shows(self, looks_deg: Angles) -> bool:
        """Whether it looks where it is taken to have been left, by us or by somebody else."""
        return self._goal_deg is not None and angle_deg(looks_deg, self._goal_deg) <= MOVED_DEG

    def _on_its_way(self, looks_deg: Angles, off_deg: float, now_us: int) -> bool:
        if off_deg <= NEAR_DEG:
            self._arrived_us = now_us
        elif off_deg > self._nearest_deg + BACK_DEG:
            return True
        elif now_us > self._told_us + SETTLE_US:
            self._goal_deg, self._arrived_us = looks_deg, now_us
        self._nearest_deg = min(self._nearest_deg, off_deg)
        return False

    def _has_zoomed(self, zoom: float | None, stood_us: int) -> bool:
        """Zoom comes to rest later than the head: what it is then is taken to be ours."""
        if zoom is None or stood_us < ZOOM_US:
            return False
        if self._zoom is None:
            self._zoom = zoom
        return abs(zoom - self._zoom) > ZOOMED
