"""What must hold of a demo's cameras beside where they look: what their pictures held, and who was left alone. Pure."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from dsp.geodesy import bearing
from gateway.reaction.camera_policy import CHEST_M, Target
from gateway.reaction.walls import Wall, Walls
from simulators.demo.configs import VIEW_DEG
from simulators.demo.findings import Shot, off_deg
from simulators.demo.story import Written
from simulators.street.scenario import CameraEntry, Scenario

Found = tuple[str, bool, str]
"""A check's words, whether it holds, and what was found."""
SAME_DEG = 1.0
"""An order this near to a round's bearing was for it."""


def left_alone(scenario: Scenario, told: Mapping[str, Sequence[Written]]) -> Found | None:
    """Of the cameras that walls hide every round from; None where there is none."""
    walls = Walls(Wall((each.from_en_m, each.to_en_m), each.height_m) for each in scenario.walls)
    places_m = np.array([(*shot.xyz_m[:2], CHEST_M) for shot in scenario.shots])
    hidden = [each.name for each in scenario.cameras if np.all(walls.hide(each.xyz_m, places_m))]
    turned = [name for name in hidden if told.get(name)]
    if not hidden:
        return None
    found = f"{', '.join(hidden)}: " + (f"{', '.join(turned)} turned" if turned else "not told anything")
    return "a camera behind a wall is left alone", not turned, found


def in_picture(scenario: Scenario, shots: Sequence[Shot], told: Mapping[str, Sequence[Written]]) -> Found:
    """Of each order that a camera took for a round: whether the round's 95 % ellipse was across its picture."""
    widths_deg, outside = [], []
    for camera in scenario.cameras:
        for order in told.get(camera.name, ()):
            shot = _meant(camera, order, shots)
            if shot is None or shot.placed is None or order.pan_deg is None:
                continue
            widths_deg.append(0.0 if order.zoom is None else width_deg(order.zoom))
            fix, looks_deg = shot.placed.shot.fix, camera.bearing_deg + order.pan_deg
            rim = Target(fix.xyz_m, fix.cov_m2).rim_m()
            far_deg = max(off_deg(bearing(camera.xyz_m, (*point, CHEST_M))[0], looks_deg) for point in rim)
            if far_deg > widths_deg[-1] / 2:
                outside.append(f"{camera.name} for round {shot.number}")
    found = f"{len(widths_deg) - len(outside)} of {len(widths_deg)} orders"
    if widths_deg:
        found += f", pictures {min(widths_deg):.0f} to {max(widths_deg):.0f} degrees wide"
    words = "the 95 % ellipse lies in the camera's picture"
    return words, not outside, found + (f"; not: {', '.join(outside)}" if outside else "")


def width_deg(zoom: float) -> float:
    """How wide a virtual camera's picture is at a zoom."""
    zooms, widths = zip(*VIEW_DEG, strict=True)
    return math.exp(float(np.interp(zoom, zooms, np.log(widths))))


def _meant(camera: CameraEntry, order: Written, shots: Sequence[Shot]) -> Shot | None:
    """The round that an order was for: the one whose fix it looks at, fired before it, the latest of several."""
    if order.pan_deg is None:
        return None
    looks_deg = camera.bearing_deg + order.pan_deg
    near = [
        shot
        for shot in shots
        if shot.placed is not None
        and shot.fired.t_us <= order.t_us
        and off_deg(bearing(camera.xyz_m, shot.placed.shot.fix.xyz_m)[0], looks_deg) <= SAME_DEG
    ]
    return max(near, key=lambda shot: shot.fired.t_us, default=None)
