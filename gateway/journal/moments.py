"""What a journal says happened to a core, in its order, to let it happen again: a replay, the start after a kill.
Pure.

Frames that came together stand at one time. A start of a gateway (a `config` row) and a step of its clock (a `clock`
row) are moments, too: what fell due while no gateway ran was decided at the start, by the time that it was then. How
far the gateway before had come is told by the last row that it wrote.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from gateway.effects import Effect
from gateway.incident import ClockStep
from gateway.journal.rows import Row


class Core(Protocol):
    """What things happen to: gateway/core.py."""

    def feed_all(self, frames: Iterable[bytes], now_us: int, kept: bool = False) -> list[Effect]: ...

    def tick(self, now_us: int) -> list[Effect]: ...

    def resume(self, now_us: int) -> list[Effect]: ...

    def set_clock(self, step: ClockStep) -> list[Effect]: ...

    def settle(self) -> list[Effect]: ...


@dataclass(frozen=True, slots=True)
class Moment:
    """at_us : when, microseconds UTC. frames : what came then. step : the clock was set. starts : a gateway started,
    and the one before it was last seen at `last_us`, if there was one."""

    at_us: int
    frames: tuple[bytes, ...] = ()
    step: ClockStep | None = None
    starts: bool = False
    last_us: int | None = None


def moments(rows: Iterable[Row]) -> Iterator[Moment]:
    """A journal's rows, of all kinds and in their order, as what happened."""
    frames: list[bytes] = []
    at_us, last_us = 0, None
    for row in rows:
        if frames and (row.kind in ("config", "clock") or (row.kind == "frame" and row.at_us != at_us)):
            yield Moment(at_us, tuple(frames))
            frames = []
        if row.kind == "frame":
            frames, at_us = [*frames, row.body], row.at_us
        elif row.kind == "clock":
            yield Moment(row.at_us, step=read_step(row.body))
        elif row.kind == "config":
            yield Moment(row.at_us, starts=True, last_us=last_us)
        if row.kind != "pruned":  # no gateway wrote that one
            last_us = row.at_us
    if frames:
        yield Moment(at_us, tuple(frames))


def happen(core: Core, moment: Moment) -> list[Effect]:
    """Let it happen to a core. Comes back: what the core asks for."""
    if moment.step is not None:
        return core.set_clock(moment.step)
    if moment.starts:
        before = [] if moment.last_us is None else core.tick(moment.last_us)
        return [*before, *core.resume(moment.at_us)]
    return core.feed_all(moment.frames, moment.at_us, kept=True)


def replay(core: Core, rows: Iterable[Row]) -> Iterator[Effect]:
    """Let everything happen to a fresh core, and go on until all is decided."""
    for moment in moments(rows):
        yield from happen(core, moment)
    yield from core.settle()


def step_record(step: ClockStep) -> bytes:
    """The body of a `clock` row."""
    return json.dumps({"after_us": step.after_us, "before_us": step.before_us}).encode()


def read_step(body: bytes) -> ClockStep:
    """Its inverse."""
    told = json.loads(body)
    return ClockStep(told["before_us"], told["after_us"])
