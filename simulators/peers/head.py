"""What a virtual camera is and where its head looks: pan, tilt and zoom, told by angle, place, preset or home. Pure;
time is an argument."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from dsp.geodesy import Site, bearing
from simulators.peers.mount import Mount
from simulators.peers.picture import Look

Angles = tuple[float, float]
Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Pose:
    """Where a camera believes that it stands, and to which true bearing its pan 0 looks."""

    lat_deg: float
    lon_deg: float
    h_m: float
    bearing_deg: float = 0.0


@dataclass(frozen=True, slots=True)
class Model:
    """What a camera can. speed_deg_s : of each axis; 0 turns at once. turns : takes angles (AbsoluteMove). view : how
    wide its picture is by zoom, (zoom, width_deg); one entry: it does not zoom. pose : takes places (GeoMove); None:
    it does not. presets : (pan, tilt) by token, `tells_presets` whether it says where they look. home_deg : its home.
    """

    pan_span_deg: Span = (-180.0, 180.0)
    tilt_span_deg: Span = (-90.0, 90.0)
    speed_deg_s: float = 0.0
    turns: bool = True
    view: tuple[tuple[float, float], ...] = ((0.0, 60.0),)
    pose: Pose | None = None
    presets: Mapping[str, Angles] = field(default_factory=dict)
    tells_presets: bool = True
    home_deg: Angles | None = None

    def __post_init__(self) -> None:
        for name, (least_deg, most_deg) in (("pan", self.pan_span_deg), ("tilt", self.tilt_span_deg)):
            if not -360 <= least_deg < most_deg <= 360:
                raise ValueError(f"{name} span {least_deg:g} to {most_deg:g} degrees: must rise within -360 to 360")
        if not 0 <= self.speed_deg_s <= 1000:
            raise ValueError(f"speed {self.speed_deg_s:g} deg/s: must be 0 (at once) to 1000")

    @property
    def zooms(self) -> bool:
        """Whether it can."""
        return len(self.view) > 1

    def width_deg(self, zoom: float) -> float:
        """How wide its picture is; the logarithm is straight between two entries."""
        for (low, wide), (high, narrow) in pairwise(self.view):
            if zoom <= high:
                return wide * math.exp(math.log(narrow / wide) * (max(zoom, low) - low) / (high - low))
        return self.view[-1][1]

    def zoom_for(self, width_deg: float) -> float:
        """The most zoom that shows as much, by halving."""
        low, high = self.view[0][0], self.view[-1][0]
        for _ in range(30):
            middle = (low + high) / 2
            low, high = (middle, high) if self.width_deg(middle) >= width_deg else (low, middle)
        return low


class Head:
    """A camera's head, at rest at pan 0, tilt 0 and the widest."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.zoom = model.view[0][0]
        self._mount = Mount(model.speed_deg_s, (0.0, 0.0), (0.0, 0.0), 0)

    def at(self, now_us: int) -> Angles:
        """(pan, tilt) at this time."""
        return self._mount.at(now_us)

    def is_there(self, now_us: int) -> bool:
        """Whether it has arrived."""
        return self.at(now_us) == self._mount.goal_deg

    def look(self, now_us: int) -> Look:
        """What its picture shows."""
        pan_deg, tilt_deg = self.at(now_us)
        return Look(pan_deg, tilt_deg, self.zoom, self.model.width_deg(self.zoom))

    def send(self, goal_deg: Angles, zoom: float | None, now_us: int) -> None:
        """To angles within its spans, and, where it can, to a zoom."""
        self._mount = self._mount.towards(goal_deg, now_us)
        if zoom is not None and self.model.zooms:
            self.zoom = zoom

    def angles_to(self, target: tuple[float, float, float], width_m: float | None) -> tuple[Angles, float | None]:
        """Pan, tilt and zoom to a (lat_deg, lon_deg, h_m), by where the camera believes that it stands. Raises
        ValueError where it takes no places or cannot turn there."""
        pose = self.model.pose
        if pose is None:
            raise ValueError("this camera takes no places")
        place_m = Site(pose.lat_deg, pose.lon_deg, pose.h_m).to_enu(*target)
        azimuth_deg, elevation_deg, away_m = bearing((0, 0, 0), place_m)
        low, high = self.model.pan_span_deg
        pan_deg = low + (azimuth_deg - pose.bearing_deg - low) % 360
        if pan_deg > high or not self.model.tilt_span_deg[0] <= elevation_deg <= self.model.tilt_span_deg[1]:
            raise ValueError("this camera cannot turn there")
        if width_m is None or away_m == 0:
            return (pan_deg, elevation_deg), None
        return (pan_deg, elevation_deg), self.model.zoom_for(math.degrees(2 * math.atan(width_m / 2 / away_m)))
