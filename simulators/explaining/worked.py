"""The worked example of docs/explanation/placing.md: one shot, eight poles, one of which heard it by way of a wall.

docs/explanation/shot.jsonl was made of a shot fired FIRED_EN_M at FIRED_US in AIR: travel times by `dsp/air.py`, up to
1.1 ms of disorder a pole, and 38 ms for the pole LATE. `soundpost locate` prints what the pages show of it.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from dsp.air import Air
from gateway.incident import Arrival, Round
from simulators.recordings.batch import Batch, in_time

DOCS = Path(__file__).parents[2] / "docs"
ARRIVALS = DOCS / "explanation" / "shot.jsonl"
AIR = Air(temperature_c=12.0, humidity_pct=60.0)
FIRED_EN_M, FIRED_US, LATE = (47.0, 61.0), 1_790_000_000_000_000, "n7"


@dataclass(frozen=True, slots=True)
class Example:
    """The first so many arrivals of the file, and the round that is made of them."""

    arrivals: tuple[Arrival, ...]
    shot: Round


def arrivals() -> tuple[Arrival, ...]:
    """All that the poles heard."""
    lines = (json.loads(line) for line in ARRIVALS.read_text().splitlines())
    return tuple(Arrival(**{**line, "xyz_m": tuple(line["xyz_m"])}) for line in lines)


def example(n_poles: int) -> Example:
    """What the first n_poles of the file make of it. Raises ValueError where that is no round."""
    heard = arrivals()[:n_poles]
    batch = Batch(AIR, {each.node: each.xyz_m for each in heard}, False)
    rounds = [each for each in batch.decide(sorted(heard, key=in_time)) if isinstance(each, Round)]
    if len(rounds) != 1:
        raise ValueError(f"{n_poles} poles place {len(rounds)} rounds; one was fired")
    return Example(heard, rounds[0])
