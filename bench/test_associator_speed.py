"""How fast arrivals of a street become rounds, beside placing each round once with its arrivals known.

The floor is what no associator can do without: one multilateration a round.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from dsp.air import Air
from dsp.fix import Fix, NoFix
from dsp.multilaterate import multilaterate
from gateway.associate import Associator
from gateway.incident import Arrival, Round, Unplaced
from simulators.street.pulses import Pulse, arrivals, pulses, shots_within, street

AIR, SECONDS, S = Air(), 60, 1_000_000
TICK_US = 100_000  # as the gateway's clock does
GROUP = "associator, 60 poles, one core"
FLOOR = "multilaterate each round once"


@pytest.fixture(scope="module", params=[6, 20], ids="{}_rounds_a_minute".format)
def night(request: pytest.FixtureRequest) -> tuple[int, list[Pulse], dict[str, tuple[float, float, float]]]:
    """Rounds a minute, what the poles hear of a minute of them among doors and dogs, and where the poles stand."""
    rng = np.random.default_rng(8)
    poles_m = street(rng, 60)
    shots = shots_within(rng, poles_m, range(S, SECONDS * S, 60 * S // request.param))
    places = {str(index): (float(e), float(n), float(u)) for index, (e, n, u) in enumerate(poles_m)}
    return request.param, pulses(rng, poles_m, shots, AIR), places


def associated(given: Sequence[Arrival], poles: dict[str, tuple[float, float, float]]) -> list[Round | Unplaced]:
    associator, decisions, now_us = Associator(AIR, poles), [], given[0].t_us
    for arrival in given:
        while arrival.t_us > now_us:
            decisions += associator.tick(now_us)
            now_us += TICK_US
        associator.feed(arrival)
    return decisions + associator.flush()


def placed_once(groups: Sequence[Sequence[Arrival]]) -> list[Fix | NoFix]:
    return [
        multilaterate(
            np.array([a.xyz_m for a in group]), np.array([a.t_us for a in group]),
            np.array([a.sigma_us for a in group], float), AIR,
        )
        for group in groups
    ]  # fmt: skip


def test_the_associator(measure: Callable[..., Any], night: tuple[int, list[Pulse], Any]) -> None:
    per_minute, heard, poles = night
    given = arrivals(heard)

    decisions = measure(
        GROUP, f"Associator, {per_minute} rounds a minute", lambda: associated(given, poles), len(given), "arrivals",
        real_s=SECONDS, floor=f"{FLOOR}, {per_minute} a minute", rounds=3,
    )  # fmt: skip

    assert sum(isinstance(each, Round) for each in decisions) > 0.5 * per_minute * SECONDS / 60


def test_the_floor_of_association(measure: Callable[..., Any], night: tuple[int, list[Pulse], Any]) -> None:
    per_minute, heard, _ = night
    shots = {pulse.shot for pulse in heard if pulse.shot is not None}
    groups = [[pulse.arrival for pulse in heard if pulse.shot == shot and pulse.direct] for shot in sorted(shots)]

    fixes = measure(
        GROUP, f"{FLOOR}, {per_minute} a minute", lambda: placed_once(groups), len(heard), "arrivals",
        real_s=SECONDS, rounds=3,
    )  # fmt: skip

    assert sum(isinstance(fix, Fix) for fix in fixes) > 0.5 * len(groups)
