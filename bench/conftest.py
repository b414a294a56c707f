"""What speeds are measured with: one core, its CPU time, and a table of ratios at the end.

A time is the best of several rounds: what makes a round slower is the machine's other work, not the code. Nothing here
fails for being slow; tests assert only that what was timed did its work.
"""

import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import pytest

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
ROUNDS = 7


@dataclass(frozen=True, slots=True)
class Speed:
    """What one test measured. real_s : how long what was done lasts in the street, 0 where that means nothing.

    floor : the name of the row in the same group that does the least that any way must do, "" for such a row itself.
    """

    group: str
    name: str
    n_units: int
    unit: str
    took_s: float
    real_s: float
    floor: str
    bar: str


@dataclass(frozen=True, slots=True)
class Note:
    """A figure that is no speed."""

    name: str
    words: str


SPEEDS = pytest.StashKey[list[Speed]]()
NOTES = pytest.StashKey[list[Note]]()


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Before numpy is imported: one thread, so that one core is one core."""
    for name in ONE_THREAD:
        os.environ[name] = "1"
    config.stash[SPEEDS], config.stash[NOTES] = [], []
    config.option.benchmark_timer, config.option.benchmark_quiet = "time.process_time", True


@pytest.fixture
def measure(request: pytest.FixtureRequest, benchmark: Any) -> Callable[..., Any]:
    """measure(group, name, work, n_units, unit, real_s=, floor=, bar=, setup=): time `work()`, or `work(*setup())` of
    a fresh setup for each round, and return what the last one returned."""

    def timed(
        group: str, name: str, work: Callable[..., Any], n_units: int, unit: str, *, real_s: float = 0.0,
        floor: str = "", bar: str = "", setup: Callable[[], tuple[Any, ...]] | None = None, rounds: int = ROUNDS,
    ) -> Any:  # fmt: skip
        arranged: dict[str, Any] = {"setup": lambda: (setup(), {})} if setup else {}
        answer = benchmark.pedantic(work, **arranged, rounds=rounds, warmup_rounds=1)
        speed = Speed(group, name, n_units, unit, benchmark.stats.stats.min, real_s, floor, bar)
        benchmark.extra_info.update(asdict(speed))
        request.config.stash[SPEEDS].append(speed)
        return answer

    return timed


@pytest.fixture
def note(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """note(name, words): a line for the end of the table."""
    return lambda name, words: request.config.stash[NOTES].append(Note(name, words))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    speeds, notes = config.stash[SPEEDS], config.stash[NOTES]
    for group in dict.fromkeys(speed.group for speed in speeds):
        terminalreporter.section(group)
        rows = [_row(speed, speeds) for speed in speeds if speed.group == group]
        for line in _columns([("", "a second", "x real time", "x floor's time", "bar"), *rows]):
            terminalreporter.write_line(line)
    if notes:
        terminalreporter.section("also")
    for each in notes:
        terminalreporter.write_line(f"{each.name}: {each.words}")


def _row(speed: Speed, speeds: list[Speed]) -> tuple[str, ...]:
    floors = [other for other in speeds if (other.group, other.name) == (speed.group, speed.floor)]
    per_unit_s = speed.took_s / speed.n_units
    beside = (
        f"{per_unit_s / (floors[0].took_s / floors[0].n_units):.2f}" if floors else ("floor" if not speed.floor else "")
    )
    real = f"{speed.real_s / speed.took_s:,.0f}" if speed.real_s else ""
    return speed.name, f"{_short(speed.n_units / speed.took_s)} {speed.unit}", real, beside, speed.bar


def _short(value: float) -> str:
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g} {letter}"
    return f"{value:.3g}"


def _columns(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) if index in (0, 4) else cell.rjust(width) for index, (cell, width) in
                  enumerate(zip(row, widths, strict=True))).rstrip()
        for row in rows
    ]  # fmt: skip
