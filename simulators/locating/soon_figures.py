"""What acts before it is decided, in figures: a street with provisional rounds and without, through the whole core.

Every arrival is sealed into a frame and fed to a core LINK_US after it was heard, with lamps LAMP_M apart over the
street and cameras CAMERA_M, by night. What is decided must be the same to the bit; what is lit for nothing is counted.
Four streets: live fire as its microphones hear it, synthetic shots, nights without a gun, and clutter alone.
`python -m simulators.locating.soon_figures DATA/livefire` prints the table, each street's figures as soon as they are
known (some three minutes in all on two processors); without a folder, without the live fire.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dsp.air import Air
from firmware import wire
from gateway.core import TICK_US, Core
from gateway.effects import Effect
from gateway.incident import Announce, Arrival, Heard
from gateway.intake.gate import Gate
from gateway.intake.seen import Seen
from gateway.orders import Aim, Light
from gateway.placing.associate import DISPATCH_NODES, Associator
from gateway.placing.backlog import Backlog
from gateway.placing.soon import Soon
from gateway.reaction.lamp_policy import LampRules
from gateway.reaction.policy import Policy, Rules
from gateway.reaction.provisional import AREA, SOON
from gateway.street import Lamp, Mount, Place, Pole
from simulators.judging.nights import street_of
from simulators.locating.cases import AIR, CASES, DEVELOPMENT, FRESH, SCORED, draw
from simulators.locating.live_tests import read_livefire
from simulators.recordings.parallel import in_turn
from simulators.recordings.playback import AUDIO, Playback, play
from simulators.recordings.progress import watched
from simulators.recordings.score import Test
from simulators.training.scoreboard import Figure, board

LINK_US, AFTER_US, LAMP_M, CAMERA_M = 20_000, 30_000_000, 40.0, 120.0
LIVE, SHOTS, NIGHTS, CLUTTER = "live fire", "synthetic shots", "nights without a gun", "clutter alone"
STREETS = {"live": LIVE, "shots": SHOTS, "nights": NIGHTS, "clutter": CLUTTER}
NIGHTS_FROM = {SCORED: 0, DEVELOPMENT: 10_000, FRESH: 20_000}  # the first night of a use
N_BURSTS = 60  # of eight rounds
N_NIGHTS = 20  # of three minutes and more
TOLD_SURE = (SHOTS, CLUTTER)  # lamps that come up for areas of such impulses would hide what comes up soon
SURE = 0.9  # p of a gunshot where a street without sound tells none: each of its impulses, clutter too, is like a shot


@dataclass(frozen=True, slots=True)
class Task:
    """One stretch of one kind: a test of the live fire, or the number of a night; use : of its draw."""

    kind: str
    number: int
    test: Test | None = None
    use: int = SCORED


@dataclass(frozen=True, slots=True)
class Lived:
    """What came of a stretch. is_same : with provisional rounds and without it was decided the same. counts : the
    core's. n_incidents : whose lamps came up; n_of_six : told, with a round that rests on six poles. early_s : of those
    whose lamps were up before they were decided, by how long. n_areas : told. seconds : of the street's time."""

    kind: str
    is_same: bool
    counts: Mapping[str, int]
    n_incidents: int
    n_of_six: int
    early_s: tuple[float, ...]
    n_areas: int
    seconds: float


def live(task: Task) -> Lived:
    """Let a stretch happen with provisional rounds, and without."""
    arrivals, poles, air = _street(task)
    with_soon, without = (_Night(poles, air, soon, 4 if task.kind in TOLD_SURE else 3) for soon in (Soon(), None))
    for each in (with_soon, without):
        each.pass_by(arrivals)
    lit_us, full_us = with_soon.lit_us(), with_soon.full_us()
    early_s = tuple(
        (at_us - before_us) / 1e6
        for name, (at_us, lamps) in full_us.items()
        if (before_us := max((lit for lit, up in lit_us if up & lamps and 0 <= at_us - lit < 20e6), default=None))
    )
    areas = [each for _, each in with_soon.effects if isinstance(each, Heard) and each.group.area is not None]
    told = [each.incident for _, each in with_soon.effects if isinstance(each, Announce)]
    n_of_six = len({each.id for each in told if any(len(shot.arrivals) >= DISPATCH_NODES for shot in each.rounds)})
    times_us = [each.t_us for each in arrivals]
    seconds = (max(times_us) - min(times_us)) / 1e6 if times_us else 0.0
    is_same = with_soon.decided() == without.decided()
    counts = dict(with_soon.core.counts)
    return Lived(task.kind, is_same, counts, len(full_us), n_of_six, early_s, len(areas), seconds)


def _street(task: Task) -> tuple[Sequence[Arrival], Mapping[str, Place], Air]:
    if task.test is not None:
        played = play(task.test.recording, task.test.origin)
        return played.arrivals, _who(played, task.test.origin), played.recording.air
    if task.kind == NIGHTS:
        given = street_of(task.number + NIGHTS_FROM[task.use])
        return given.heard, given.poles, given.air
    night = draw(CASES["clutter" if task.kind == CLUTTER else "burst"], task.number, task.use)
    return night.arrivals, night.poles, AIR


def _who(played: Playback, origin: str) -> dict[str, Place]:
    """Who listened; of pulses, who told of any."""
    return {each.node: each.xyz_m for each in (played.recording.tracks if origin == AUDIO else played.arrivals[::-1])}


class _Night:
    """A street under lamps, by night. effects : what the core asked for, and when."""

    def __init__(self, poles: Mapping[str, Place], air: Air, soon: Soon | None, min_poles: int) -> None:
        self.effects: list[tuple[int, Effect]] = []
        self._now_us = 0
        self._keys = {node: bytes([len(node)]) * 32 for node in poles}
        lamps = [Lamp(f"l{i}", (east, north, 8.0)) for i, (east, north) in enumerate(_net_m(poles.values(), LAMP_M))]
        eyes = [Mount(f"c{i}", (east, north, 6.0)) for i, (east, north) in enumerate(_net_m(poles.values(), CAMERA_M))]
        policy = Policy(Rules(lights=LampRules(min_poles=min_poles)), lamps, eyes, lambda t_us: -20.0)
        gate = Gate(self._keys, Seen(), 1)
        surveyed = {node: Pole(node, xyz_m) for node, xyz_m in poles.items()}
        self.core = Core(gate, Associator(air, poles), policy, surveyed, Backlog(poles), soon=soon)

    def pass_by(self, arrivals: Iterable[Arrival]) -> None:
        for number, each in enumerate(sorted(arrivals, key=lambda one: (one.t_us, one.node)), 1):
            frame = wire.seal(_said(each), self._keys[each.node], each.node.encode(), 1, number)
            now_us = each.t_us + LINK_US
            self._wait(now_us)
            self._keep(self.core.feed(frame, now_us), now_us)
        self._wait(self._now_us + AFTER_US)

    def _wait(self, until_us: int) -> None:
        """Let time pass as it does."""
        self._now_us = self._now_us or until_us
        for now_us in range(self._now_us, min(until_us, self._now_us + AFTER_US), TICK_US):
            self._keep(self.core.tick(now_us), now_us)
        self._keep(self.core.tick(until_us), until_us)
        self._now_us = until_us

    def _keep(self, effects: Iterable[Effect], now_us: int) -> None:
        self.effects += [(now_us, each) for each in effects if isinstance(each, Announce | Heard | Light | Aim)]

    def decided(self) -> list[str]:
        """What was told, and what lamps and cameras were told for it: every digit of it. When what goes back to rest
        does so is another matter: what was lit before stays lit the longer."""
        return [_digits(effect) for _, effect in self.effects if not isinstance(effect, Light | Aim) or _is_for(effect)]

    def lit_us(self) -> list[tuple[int, set[str]]]:
        """When lamps came up for provisional rounds, and which."""
        return [
            (at_us, set(each.lamps))
            for at_us, each in self.effects
            if isinstance(each, Light) and each.expires_us and each.incident.startswith(SOON)
        ]

    def full_us(self) -> dict[str, tuple[int, set[str]]]:
        """When lamps first came up for what was decided, and which, by incident."""
        found: dict[str, tuple[int, set[str]]] = {}
        for at_us, each in self.effects:
            if isinstance(each, Light) and each.expires_us and not each.incident.startswith((SOON, AREA)):
                found.setdefault(each.incident, (at_us, set(each.lamps)))
        return found


def _is_for(order: Light | Aim) -> bool:
    """Whether it is for an incident that was decided."""
    rests = order.home if isinstance(order, Aim) else order.expires_us is None
    return not rests and not order.incident.startswith((SOON, AREA))


def _digits(effect: Effect) -> str:
    """All that an effect says, with every digit of its arrays."""
    with np.printoptions(precision=17, floatmode="unique"):
        return repr(effect)


def _said(each: Arrival) -> wire.Arrival:
    """An arrival as its node would have said it."""
    snr_db = 0.0 if each.snr_db is None else each.snr_db
    level_db = 0.0 if each.level_db is None else each.level_db
    p_permille = round(1000 * (SURE if each.p_gunshot is None else each.p_gunshot))
    told = (each.t_us, max(1, each.sigma_us), wire.LOCKED, round(100 * level_db), wire.DBSPL, round(100 * snr_db))
    return wire.Arrival(*told, p_permille, wire.BLAST, 0, (300, 2000, 900, 4), None, None)


def _net_m(poles_m: Iterable[Place], apart_m: float) -> list[tuple[float, float]]:
    """(east, north) of places so far apart over the street."""
    flat_m = np.array([xyz_m[:2] for xyz_m in poles_m])
    (west, south), (east, north) = flat_m.min(axis=0) - apart_m, flat_m.max(axis=0) + apart_m
    return [(float(e), float(n)) for e in np.arange(west, east, apart_m) for n in np.arange(south, north, apart_m)]


def tasks_of(kind: str, livefire: Path | None, use: int) -> list[Task]:
    """All stretches of a kind; none of live fire without its folder. Raises OSError or ValueError naming what is
    unreadable."""
    if kind == LIVE:
        tests = [] if livefire is None else [each for each in read_livefire(livefire) if each.origin == AUDIO]
        return [Task(kind, number, test, use) for number, test in enumerate(tests)]
    n_stretches = {SHOTS: N_BURSTS, NIGHTS: N_NIGHTS, CLUTTER: CASES["clutter"].draws}[kind]
    return [Task(kind, number, None, use) for number in range(n_stretches)]


def figures(kind: str, own: Sequence[Lived]) -> list[Figure]:
    """What the stretches of a kind come to."""
    counts = sum((Counter(dict(each.counts)) for each in own), Counter[str]())
    n_same, minutes = sum(each.is_same for each in own), sum(each.seconds for each in own) / 60
    early_s = [each for one in own for each in one.early_s]
    n_incidents, n_of_six = sum(each.n_incidents for each in own), sum(each.n_of_six for each in own)
    n_nothing = counts["for_nothing"]
    early = f", {np.median(early_s):.2f} s before in the median" if early_s else ""
    bar = ("0", n_nothing == 0) if kind == CLUTTER else ("", None)
    return [
        Figure(f"{kind}: decided the same", f"{n_same} of {len(own)}", "all", n_same == len(own)),
        Figure(f"{kind}: lit for nothing", f"{n_nothing} in {minutes:.0f} min of {counts['soon']} rounds", *bar),
        Figure(f"{kind}: incidents lit before they were decided", f"{len(early_s)} of {n_incidents}{early}"),
        Figure(f"{kind}: incidents that six poles or more heard", f"{n_of_six}"),
        Figure(f"{kind}: areas of three poles", f"{sum(each.n_areas for each in own)} told"),
    ]


def main(argv: Sequence[str] | None = None) -> int:
    """0; 1 where a bar is missed, or for bad input; 2 for wrong usage."""
    parser = argparse.ArgumentParser(
        prog="simulators.locating.soon_figures",
        description="Live through streets with what acts soon, and without.",
    )
    parser.add_argument("livefire", type=Path, nargs="?", help="the live-fire folder: FP1, FP2... with their tests")
    parser.add_argument("--only", action="append", choices=STREETS, help="only this; default: all")
    parser.add_argument(
        "--use", type=int, choices=NIGHTS_FROM, default=FRESH,
        help=f"which draws: {DEVELOPMENT} and {SCORED} chose the threshold, {FRESH} (default) chose nothing",
    )  # fmt: skip
    args = parser.parse_args(argv)
    found: list[Figure] = []
    try:
        for name in args.only or STREETS:
            for figure in _measured(STREETS[name], args.livefire, args.use):
                found.append(figure)
                sys.stdout.write(board([figure]).splitlines()[1] + "\n")
                sys.stdout.flush()
    except (OSError, ValueError) as error:
        sys.stderr.write(f"soon_figures: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return int(any(each.ok is False for each in found))


def _measured(kind: str, livefire: Path | None, use: int) -> Iterator[Figure]:
    """Those of one kind; where nobody looks at a bar a line on standard error a stretch."""
    tasks, own = tasks_of(kind, livefire, use), list[Lived]()
    for each in watched(in_turn(live, tasks), len(tasks), f"living through {kind} twice"):
        own.append(each)
        if not sys.stderr.isatty():
            sys.stderr.write(f"{kind}: {len(own)} of {len(tasks)}\n")
    yield from figures(kind, own) if own else ()


if __name__ == "__main__":
    sys.exit(main())
