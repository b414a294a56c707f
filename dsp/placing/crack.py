"""The crack of a supersonic bullet: when it reaches a place, and from where in the flight it comes.

Theory. A bullet that flies at v > c drags a shock along, a cone whose half angle is arcsin(c / v) (Maher, Acoustical
Characterization of Gunshots, SAFE 2007; 3000 feet a second at room temperature: Mach 2.67 and 22 degrees, Maher, IEEE
DSP Workshop 2006). What a place hears was radiated at one point of the flight. Let the bullet be s metres along its
line after the time T(s), and the place x metres along and r across; what is radiated at s arrives at

    t(s) = T(s) + sqrt((x - s)^2 + r^2) / c,

and the crack is the earliest of these (Fermat; our own derivation from here on). There dt/ds = 0: the ray leaves the
line at the angle whose cosine is c / v(s), which is square to the cone. t(s) is convex as long as the bullet does not
speed up, so there is one such point. Where it would lie before the muzzle the place is outside the cone and hears no
crack, only the blast; nor does it hear one of what the bullet would radiate after it hit or fell below c.

The bullet is taken to fly straight, slowing by the same number of metres a second each metre:

    v(s) = v0 - k s,      T(s) = -ln(1 - k s / v0) / k,

which is drag that grows with the square of speed, to first order. Of M855 ball (5.56 mm) a public ballistic table
gives k = 0.0013 v0, of .338 ball 0.0006 v0, and 7.62 mm ball comes from 2800 to 1558 feet a second in 600 m, which is
0.0010 v0; so k is about 0.5 to 1.3 a second. (Airfriction figures of the ACE3 project's ammunition configuration; the
7.62 mm ones from a reader's letter that quotes the Sierra reloading manual, second edition.)

Wind: sound is carried along as in `dsp/air.py`; the speed is that of the air over the ground beneath, and what a
cross-wind does to the bullet is left out.

For a place on the line itself (r = 0) the delay from crack to blast is R / c - T(R): with the speed known, one place
alone tells the range (notes/field.md section 2, Sallai and Ledeczi: errors under a tenth of it).
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from dsp.air import Air, travel_s

Floats = NDArray[np.float64]

SLOWING_PER_S = 0.9  # k of the theory...
SLOWING_SIGMA_PER_S = 0.3  # ...and how far bullets differ
FARTHEST_M = 3000.0  # that a bullet is followed: nobody hears a shot from beyond (dsp/placing/multilaterate.py)
CLOSE_M = 1e-3  # to know the point of radiation by: time hardly changes there
NEAR_M = 0.01  # to an end of the flight: the point would lie beyond it
MAX_STEPS = 40
SHARE = 0.01  # of a sigma: the step that slopes are taken over
STRAIGHT_PER_S = 1e-6  # slower slowing than this is none


@dataclass(frozen=True, slots=True)
class Flight:
    """A bullet's way: from muzzle_m (3,) m, azimuth clockwise from north, elevation above level, both degrees.

    speed_mps : at the muzzle. slowing_per_s : metres a second lost each metre. Fields may be arrays of one shape (k,),
    muzzle_m then (k, 3): k flights at once.
    """

    muzzle_m: ArrayLike
    azimuth_deg: float | Floats
    elevation_deg: float | Floats
    speed_mps: float | Floats
    slowing_per_s: float | Floats = SLOWING_PER_S


@dataclass(frozen=True, slots=True)
class Crack:
    """The crack of k flights at n places, each (k, n), or (n,) of a single flight.

    t_s : seconds after the shot. along_m : how far the bullet had come when it radiated what arrives; never outside
    its supersonic flight. heard : False where that point is only the end nearest to where it should lie: no crack.
    """

    t_s: Floats
    along_m: Floats
    heard: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Range:
    """How far the muzzle is from the place that measured a delay, and one sigma of that, metres."""

    range_m: float
    sigma_m: float


def direction(azimuth_deg: ArrayLike, elevation_deg: ArrayLike) -> Floats:
    """(..., 3) unit vectors east, north, up."""
    azimuth, elevation = np.radians(azimuth_deg), np.radians(elevation_deg)
    level = np.cos(elevation)
    return np.stack(np.broadcast_arrays(level * np.sin(azimuth), level * np.cos(azimuth), np.sin(elevation)), axis=-1)


def flown_s(along_m: ArrayLike, speed_mps: ArrayLike, slowing_per_s: ArrayLike) -> Floats:
    """Seconds that the first metres of a flight take: T(s) of the theory."""
    k = np.maximum(np.asarray(slowing_per_s, float), STRAIGHT_PER_S)
    return np.asarray(-np.log1p(-k * np.asarray(along_m) / speed_mps) / k)


def slowness(air: Air, path_m: ArrayLike) -> Floats:
    """(..., 3) s/m: what sound's travel time along paths (..., 3) m gains with each metre of path, wind included.

    The front is the sphere |path - w t| = c t of `dsp/air.py`; n square to it, the slope of t is n / (c + w . n).
    """
    path = np.asarray(path_m, float)
    wind = np.array([*air.wind_en_mps, 0.0])
    normal = path - travel_s(air, path)[..., None] * wind
    normal = normal / np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-9)
    return np.asarray(normal / (air.speed_mps + normal @ wind)[..., None])


def crack(flight: Flight, xyz_m: ArrayLike, air: Air) -> Crack:
    """When places (n, 3) m hear the crack. Raises ValueError for a bullet that is not supersonic at the muzzle."""
    muzzle = np.atleast_2d(np.asarray(flight.muzzle_m, float))[:, None]
    ahead = np.atleast_2d(direction(flight.azimuth_deg, flight.elevation_deg))[:, None]
    v0, k = (np.atleast_1d(np.asarray(value, float))[:, None] for value in (flight.speed_mps, flight.slowing_per_s))
    k = np.maximum(k, STRAIGHT_PER_S)
    if not (v0 > air.speed_mps).all():
        raise ValueError(f"a bullet of {v0.min():.0f} m/s makes no crack: sound travels at {air.speed_mps:.0f} m/s")
    places = np.asarray(xyz_m, float)[None]
    along, end = _radiated_m(muzzle, ahead, v0, k, places, air)
    paths = places - (muzzle + along[..., None] * ahead)
    t_s = flown_s(along, v0, k) + travel_s(air, paths)
    heard = (along > NEAR_M) & (along < end - NEAR_M)
    single = np.ndim(flight.azimuth_deg) == 0
    return Crack(t_s[0], along[0], heard[0]) if single else Crack(t_s, along, heard)


def _radiated_m(
    muzzle: Floats, ahead: Floats, v0: Floats, k: Floats, places: Floats, air: Air
) -> tuple[Floats, Floats]:
    """(k, n) where dt/ds = 0, or the nearer end of the supersonic flight, and (k, 1) its far end, metres.

    Newton's steps from the answer for a bullet that does not slow down, kept within halving bounds.
    """
    off = places - muzzle
    x = (off * ahead).sum(axis=-1)
    r = np.sqrt(np.maximum((off**2).sum(axis=-1) - x**2, 0.0))
    end = np.minimum((v0 - air.speed_mps) / k, FARTHEST_M)
    low, high = np.zeros_like(x), np.clip(x + NEAR_M, 0.0, end)  # sound never comes from beyond the place
    s = np.clip(x - r / np.sqrt((v0 / air.speed_mps) ** 2 - 1), low, high)
    for _ in range(MAX_STEPS):
        slope = 1 / (v0 - k * s) - (slowness(air, places - (muzzle + s[..., None] * ahead)) * ahead).sum(axis=-1)
        low, high = np.where(slope < 0, s, low), np.where(slope < 0, high, s)
        bend = r**2 / (np.maximum(np.hypot(x - s, r), 1e-9) ** 3 * air.speed_mps)
        tried = s - slope / (k / (v0 - k * s) ** 2 + bend + 1e-12)
        inside = (tried >= low) & (tried <= high)
        before, s = s, np.where(inside, tried, (low + high) / 2)
        if (np.abs(s - before) < CLOSE_M).all():
            break
    s = np.where(s < 2 * CLOSE_M, 0.0, s)  # at an end time does change, so that it must be the end itself
    return np.where(end - s < 2 * CLOSE_M, end, s), end


def range_from_delay(
    delay_us: float, sigma_us: float, flight: Flight, speed_sigma_mps: float, air: Air, across_m: float = 0.0
) -> Range | None:
    """How far off the muzzle is, from the delay between crack and blast at one place.

    sigma_us : one sigma of the delay. flight : what the bullet is taken to fly like; of it, speed and slowing count.
    speed_sigma_mps : one sigma of that speed. across_m : how far from the place the line passes; a bullet that misses
    by more than that makes the delay shorter, and the range comes out too small. None where no range within the
    bullet's supersonic flight has this delay.
    """
    middle_m = _range_m(delay_us, flight, air, across_m)
    if middle_m is None:
        return None
    faster = replace(flight, speed_mps=float(flight.speed_mps) + SHARE * speed_sigma_mps)
    others_m = _range_m(delay_us + SHARE * sigma_us, flight, air, across_m), _range_m(delay_us, faster, air, across_m)
    return Range(
        middle_m, float(np.hypot.reduce([(other - middle_m) / SHARE for other in others_m if other is not None]))
    )


def _range_m(delay_us: float, flight: Flight, air: Air, across_m: float) -> float | None:
    """Along a line to the north, on still air."""
    still = replace(air, wind_en_mps=(0.0, 0.0))
    level = replace(flight, muzzle_m=(0.0, 0.0, 0.0), azimuth_deg=0.0, elevation_deg=0.0)
    slowing_per_s = max(float(flight.slowing_per_s), STRAIGHT_PER_S)
    farthest_m = min((float(flight.speed_mps) - air.speed_mps) / slowing_per_s, FARTHEST_M)

    def over_us(along_m: float) -> float:
        place = np.array([[across_m, along_m, 0.0]])
        return float((travel_s(still, place) - crack(level, place, still).t_s)[0]) * 1e6 - delay_us

    if not (farthest_m > 0 and over_us(0.0) < 0 < over_us(farthest_m)):
        return None
    return float(np.hypot(brentq(over_us, 0.0, farthest_m, xtol=1e-3), across_m))
