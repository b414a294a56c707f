"""How long one fix takes, beside plain least squares on the same arrivals: SciPy's, with the slopes given.

The peer believes every arrival and stops at its first minimum; a fix looks for the place that most arrivals agree on,
under two spreads and from several starts. Streets are those of the locator's table: 25 poles, 20 % missed, 20 % late.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from dsp.placing.fix import Fix
from dsp.placing.multilaterate import multilaterate
from simulators.locating.cases import DEVELOPMENT
from simulators.locating.fix_figures import AIR, HEARING_M, LATE, SIGMA_US, T_US
from simulators.street.pulses import pulses, shots_within, street

Floats = NDArray[np.float64]

GROUP, SHOTS = "one fix, 20 % of the arrivals late, one core", 200
PEER = "scipy.optimize.least_squares, lm, slopes given"


def heard() -> list[tuple[Floats, NDArray[np.int64]]]:
    """Places (n, 3) m and times (n,) us of the arrivals of each shot."""
    shots = []
    for number in range(SHOTS):
        rng = np.random.default_rng([DEVELOPMENT, 2, number])
        poles_m = street(rng)
        arrivals = [each.arrival for each in pulses(rng, poles_m, shots_within(rng, poles_m, [T_US]), AIR, LATE)]
        shots.append((np.array([one.xyz_m for one in arrivals]), np.array([one.t_us for one in arrivals])))
    return shots


def least(xyz_m: Floats, t_us: NDArray[np.int64]) -> Floats:
    """East, north and emission (as metres) that fit all arrivals best."""
    flat_m, range_m = xyz_m[:, :2], (t_us - t_us.min()) / 1e6 * AIR.speed_mps
    ones = np.ones((len(flat_m), 1))

    def slopes(guess: Floats) -> Floats:
        path_m = guess[:2] - flat_m
        return np.hstack([path_m / np.linalg.norm(path_m, axis=1)[:, None], ones])

    begin = np.append(flat_m.mean(axis=0) + 0.1, 0.0)
    off_m = lambda guess: np.linalg.norm(flat_m - guess[:2], axis=1) + guess[2] - range_m  # noqa: E731
    return np.asarray(least_squares(off_m, begin, jac=slopes, method="lm", x_scale=10.0).x)


def test_a_fix(measure: Callable[..., Any]) -> None:
    shots = heard()

    fixes = measure(
        GROUP, "multilaterate", lambda: [multilaterate(*shot, SIGMA_US, AIR, HEARING_M) for shot in shots],
        SHOTS, "fixes", floor=PEER, bar="<= 1 ms",
    )  # fmt: skip

    assert sum(isinstance(fix, Fix) for fix in fixes) == SHOTS


def test_plain_least_squares(measure: Callable[..., Any]) -> None:
    shots = heard()

    places = measure(GROUP, PEER, lambda: [least(*shot) for shot in shots], SHOTS, "fixes")

    assert np.isfinite(places).all()
