"""Where a camera looks: it was told to, and gets there at its speed. Pure; time is an argument."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mount:
    """A pan and tilt mount on its way. `speed_deg_s` of each axis; 0: there at once.

    start_deg, goal_deg : (pan, tilt), degrees; left at `left_us` (int microseconds UTC).
    """

    speed_deg_s: float
    start_deg: tuple[float, float]
    goal_deg: tuple[float, float]
    left_us: int

    def at(self, now_us: int) -> tuple[float, float]:
        """Where it looks at this time, (pan, tilt) in degrees."""
        if not self.speed_deg_s:
            return self.goal_deg
        turned_deg = max(0, now_us - self.left_us) / 1e6 * self.speed_deg_s
        pan_deg, tilt_deg = (
            start + max(-turned_deg, min(turned_deg, goal - start))
            for start, goal in zip(self.start_deg, self.goal_deg, strict=True)
        )
        return pan_deg, tilt_deg

    def towards(self, goal_deg: tuple[float, float], now_us: int) -> "Mount":
        """The same mount sent elsewhere, from wherever it has come to."""
        return Mount(self.speed_deg_s, self.at(now_us), goal_deg, now_us)


def scale(value: float, source: tuple[float, float], target: tuple[float, float]) -> float:
    """A value of the range `source` at the same share of the range `target`."""
    share = (value - source[0]) / (source[1] - source[0])
    return target[0] + share * (target[1] - target[0])
