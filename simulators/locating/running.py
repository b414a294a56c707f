"""A night through the associator, as a gateway would run it: arrivals as they are heard, and a tick every 50 ms."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dsp.air import Air
from gateway.core import TICK_US
from gateway.incident import Arrival, Round, Unplaced
from gateway.placing.associate import Associator
from simulators.locating.cases import AIR, DEVELOPMENT, SCORED, Case, Night, draw
from simulators.locating.matching import Matching, match


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision and the time at which it was taken, int microseconds UTC."""

    decision: Round | Unplaced
    at_us: int

    @property
    def waited_us(self) -> int:
        """Since the last of the arrivals that it rests on."""
        return self.at_us - max(arrival.t_us for arrival in self.decision.arrivals)


@dataclass(frozen=True, slots=True)
class Run:
    """What came of a list of arrivals. cpu_s : of all calls together; longest_s : of the longest tick or feed."""

    decided: tuple[Decided, ...]
    cpu_s: float
    longest_s: float

    @property
    def rounds(self) -> list[Round]:
        """The decisions that have a place."""
        return [each.decision for each in self.decided if isinstance(each.decision, Round)]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A draw of a case, what came of it, and which round is which."""

    case: str
    number: int
    night: Night
    run: Run
    matching: Matching


@dataclass(frozen=True, slots=True)
class Task:
    """What one process is asked to do: a draw of a case."""

    case: Case
    number: int
    use: int


def scored(case: Case) -> list[Task]:
    """The draws that the table counts."""
    return [Task(case, number, SCORED) for number in range(case.draws)]


def development(case: Case, n_draws: int | None = None) -> list[Task]:
    """Draws to look at while choosing: as many as are scored, or n_draws."""
    return [Task(case, number, DEVELOPMENT) for number in range(case.draws if n_draws is None else n_draws)]


def try_out(task: Task) -> Outcome:
    """Draw, run and match."""
    night = draw(task.case, task.number, task.use)
    run = associate(night.arrivals, AIR, night.poles)
    return Outcome(task.case.name, task.number, night, run, match(night.shots, run.rounds))


def associate(arrivals: Iterable[Arrival], air: Air, poles: Mapping[str, tuple[float, float, float]]) -> Run:
    """Feed arrivals, given in order of time, each when it is heard, and tick until everything is decided."""
    street = _Street(Associator(air, poles))
    for arrival in arrivals:
        street.feed(arrival)
    street.end()
    return Run(tuple(street.decided), street.cpu_s, street.longest_s)


class _Street:
    def __init__(self, associator: Associator) -> None:
        self.decided: list[Decided] = []
        self.cpu_s = self.longest_s = 0.0
        self._associator = associator
        self._step: int | None = None

    def feed(self, arrival: Arrival) -> None:
        self._pass_until(arrival.t_us)
        start_s = time.process_time()
        self._associator.feed(arrival)
        self._spent(start_s)

    def end(self) -> None:
        if self._step is not None:
            self._pass_until((self._step + 1) * TICK_US + self._associator.wait_us)
            self.decided += [Decided(each, self._step * TICK_US) for each in self._associator.flush()]

    def _pass_until(self, now_us: int) -> None:
        last = now_us // TICK_US
        for step in range(last if self._step is None else self._step + 1, last + 1):
            start_s = time.process_time()
            decisions = self._associator.tick(step * TICK_US)
            self._spent(start_s)
            self.decided += [Decided(each, step * TICK_US) for each in decisions]
        self._step = last

    def _spent(self, start_s: float) -> None:
        took_s = time.process_time() - start_s
        self.cpu_s += took_s
        self.longest_s = max(self.longest_s, took_s)
