"""How fast arrivals of a street become rounds, beside placing each round once with its arrivals known.

The floor is what no associator can do without: one multilateration a round. The towns are alike, 25 poles each with
ten shots a minute, out of each other's hearing: what an arrival costs should not know how many of them there are.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dsp.placing.fix import Fix, NoFix
from dsp.placing.multilaterate import multilaterate
from gateway.incident import Arrival
from simulators.locating.cases import AIR, CASES, DEVELOPMENT, Night, draw
from simulators.locating.running import Run, associate

GROUP = "associator, one core"
NIGHTS = {"towns-25": 300, "towns-100": 75, "towns-1000": 8, "towns-10000": 2, "1000-poles": 15}
"""Cases of `simulators/locating/cases.py`, and the seconds of shooting in each."""


@pytest.fixture(scope="module", params=NIGHTS)
def night(request: pytest.FixtureRequest) -> tuple[str, Night]:
    """What it is, and a draw of it that nothing is scored on."""
    case = replace(CASES[request.param], seconds=NIGHTS[request.param])
    return case.what, draw(case, 0, DEVELOPMENT)


def placed_once(groups: Sequence[Sequence[Arrival]]) -> list[Fix | NoFix]:
    return [
        multilaterate(
            np.array([a.xyz_m for a in group]), np.array([a.t_us for a in group]),
            np.array([a.sigma_us for a in group], float), AIR,
        )
        for group in groups
    ]  # fmt: skip


def test_the_associator(
    measure: Callable[..., Any], note: Callable[[str, str], None], night: tuple[str, Night]
) -> None:
    what, given = night

    run: Run = measure(
        GROUP, what, lambda: associate(given.arrivals, AIR, given.poles), len(given.pulses), "arrivals",
        real_s=given.seconds, floor=f"{what}: multilaterate each round once", rounds=2,
    )  # fmt: skip

    note(f"associator, {what}", f"{run.cpu_s / len(given.pulses) * 1e6:.0f} us an arrival")
    assert len(run.rounds) > 0.5 * len(given.shots)


def test_the_floor_of_association(measure: Callable[..., Any], night: tuple[str, Night]) -> None:
    what, given = night
    groups = [
        [pulse.arrival for pulse in given.pulses if pulse.shot == shot and pulse.direct]
        for shot in range(len(given.shots))
    ]

    fixes = measure(
        GROUP, f"{what}: multilaterate each round once", lambda: placed_once(groups), len(given.pulses), "arrivals",
        real_s=given.seconds, rounds=2,
    )  # fmt: skip

    assert sum(isinstance(fix, Fix) for fix in fixes) > 0.5 * len(groups)
