"""Shots of supersonic bullets, simulated: when each pole hears the crack and the blast, and which line is true.

The bullet slows by the same share of its speed each metre, v = v0 exp(-s / reach), as drag does whose coefficient does
not change with speed; the time of the crack is found by trying 1200 points of the flight. Neither is how
`dsp/placing/crack.py` does it, so that its own simplifications count against it. The bullet flies level within a degree
or so, until it hits after 80 to 300 m. A crack is heard for certain within 150 m of the line, never beyond 350 m; of
the blast, `simulators/street/pulses.py` says it. Poles miss and hear late as there. A pole that hears both within the
dead time of 20 ms reports the crack alone.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from dsp.air import Air, travel_s
from dsp.placing.crack import direction
from gateway.incident import Arrival
from simulators.street.pulses import Faults, Shot, pulses, street

Floats = NDArray[np.float64]

START_US = 1_800_000_000_000_000
ELEVATION_SIGMA_DEG = 1.0
HITS_M = (80.0, 300.0)
CRACK_SURE_M, CRACK_NEVER_M = 150.0, 350.0  # chosen: about as far as a street's poles report the blast
POINTS = 1200


@dataclass(frozen=True, slots=True)
class Cartridge:
    """speed_mps : at the muzzle, with one sigma between guns and loads. loss_per_m : share of its speed that a bullet
    loses each metre."""

    speed_mps: float
    speed_sigma_mps: float
    loss_per_m: float


CARTRIDGES = {
    "5.56 mm M855": Cartridge(890, 20, 0.001265),
    ".223, 55 grains": Cartridge(914, 25, 0.00147),
    "7.62x51 mm": Cartridge(853, 15, 0.00098),
    ".338": Cartridge(880, 25, 0.00059),
    "7.62x39 mm": Cartridge(715, 15, 0.0013),
    "9 mm +P": Cartridge(400, 15, 0.0012),
}
"""Speeds and losses of M855 and .338: ACE3's ammunition configuration; .223 and 7.62x51 mm: from 3000 to 1240 and 2800
to 1558 feet a second in 600 m (a reader's letter quoting the Sierra manual). The last two: from general knowledge."""


@dataclass(frozen=True, slots=True)
class Fired:
    """One shot: which way it truly went, and what the poles report. cracks, blasts : arrivals, blasts direct ones only,

    as association would hand them on. near : (node, metres) of the poles that report both, and how far the line passes.
    """

    cartridge: Cartridge
    muzzle_m: Floats
    azimuth_deg: float
    speed_mps: float
    cracks: tuple[Arrival, ...]
    blasts: tuple[Arrival, ...]
    across_m: dict[str, float]


def fire(rng: Generator, faults: Faults, air: Air, cartridge: Cartridge | None = None) -> Fired:
    """One shot of any cartridge from somewhere among 25 poles, in any direction."""
    poles_m = street(rng)
    muzzle = np.array([*rng.uniform(poles_m[:, :2].min(axis=0), poles_m[:, :2].max(axis=0)), 1.5])
    kind = cartridge or list(CARTRIDGES.values())[rng.integers(len(CARTRIDGES))]
    azimuth_deg, speed_mps = rng.uniform(0, 360), rng.normal(kind.speed_mps, kind.speed_sigma_mps)
    ahead = direction(azimuth_deg, rng.normal(0, ELEVATION_SIGMA_DEG))
    t_s, heard, across_m = _cracks(muzzle, ahead, speed_mps, kind.loss_per_m, rng.uniform(*HITS_M), poles_m, air)
    reach = np.clip((CRACK_NEVER_M - across_m) / (CRACK_NEVER_M - CRACK_SURE_M), 0, 1)
    reported = heard & (rng.random(len(t_s)) < (1 - faults.p_missed) * reach)
    late_us = (rng.random(len(t_s)) < faults.p_late) * rng.uniform(*faults.late_us, len(t_s))
    t_us = START_US + np.round(t_s * 1e6 + rng.normal(0, faults.sigma_us, len(t_s)) + late_us).astype(np.int64)
    quiet = replace(faults, p_echo=0.0, clutter_per_min=0.0)
    east_m, north_m, up_m = muzzle.tolist()
    direct = [
        pulse.arrival
        for pulse in pulses(rng, poles_m, [Shot((east_m, north_m, up_m), START_US)], air, quiet)
        if pulse.direct
    ]
    blast_us = {blast.node: blast.t_us for blast in direct}
    cracks = [
        _crack(index, poles_m[index], int(t_us[index]), faults.sigma_us)
        for index in np.flatnonzero(reported).tolist()
        if t_us[index] < blast_us.get(str(index), 2 * START_US)
    ]
    covered = {crack.node for crack in cracks if 0 <= blast_us.get(crack.node, 0) - crack.t_us < faults.dead_us}
    blasts = [blast for blast in direct if blast.node not in covered]
    passes = {str(index): float(m) for index, m in enumerate(across_m)}
    return Fired(kind, muzzle, azimuth_deg, speed_mps, tuple(cracks), tuple(blasts), passes)


def _cracks(
    muzzle: Floats, ahead: Floats, speed_mps: float, loss_per_m: float, hits_m: float, poles_m: Floats, air: Air
) -> tuple[Floats, NDArray[np.bool_], Floats]:
    """Of each pole: seconds after the shot, whether it is a crack at all, metres that the line passes it by."""
    end_m = min(hits_m, float(np.log(speed_mps / air.speed_mps)) / loss_per_m)
    flown_m = np.linspace(0, end_m, POINTS)
    flown_s = np.expm1(loss_per_m * flown_m) / (loss_per_m * speed_mps)
    t_s = flown_s[:, None] + travel_s(air, poles_m - (muzzle + flown_m[:, None] * ahead)[:, None])
    first = t_s.argmin(axis=0)
    off = poles_m - muzzle
    across_m = np.linalg.norm(off - (off @ ahead)[:, None] * ahead, axis=1)
    return t_s.min(axis=0), (first > 0) & (first < POINTS - 1), across_m


def _crack(index: int, xyz_m: Floats, t_us: int, sigma_us: int) -> Arrival:
    east_m, north_m, up_m = xyz_m.tolist()
    return Arrival(node=str(index), xyz_m=(east_m, north_m, up_m), t_us=t_us, sigma_us=sigma_us, sound="crack")
