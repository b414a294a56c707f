"""One case of the table, now: `python -m simulators.locating.try_case burst -n 50`. Development draws unless told.

Prints a line a draw that went wrong with --verbose, and one for all.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gateway.incident import Round
from simulators.locating.cases import CASES
from simulators.locating.locator_page import write_report
from simulators.locating.matching import covered, error_m, precision, recall
from simulators.locating.running import Decided, Outcome, development, scored, try_out
from simulators.locating.score_locator import chapter
from simulators.recordings.parallel import in_turn
from simulators.recordings.progress import watched


def main(argv: Sequence[str] | None = None) -> int:
    """0; 2 for wrong usage."""
    parser = argparse.ArgumentParser(prog="simulators.locating.try_case", description="Run one synthetic case.")
    parser.add_argument("case", choices=CASES)
    use = parser.add_mutually_exclusive_group()
    use.add_argument("--development", action="store_true", help="draws to choose on; the default")
    use.add_argument("--scored", action="store_true", help="the draws of the table: never choose on them")
    parser.add_argument("-n", type=int, metavar="N", help="only the first N draws")
    parser.add_argument("-j", action="store_true", help="on every processor at hand")
    parser.add_argument("-v", "--verbose", action="store_true", help="a line for each draw that has a miss or a ghost")
    parser.add_argument(
        "--report", type=Path, metavar="DIR", help="write pages with a map of each miss and ghost there"
    )
    args = parser.parse_args(argv)
    case = CASES[args.case]
    tasks = scored(case)[: args.n] if args.scored else development(case, args.n)
    answers = in_turn(try_out, tasks) if args.j else map(try_out, tasks)
    outcomes = []
    for outcome in watched(answers, len(tasks), case.what):
        outcomes.append(outcome)
        if args.verbose:
            sys.stdout.write("".join(line + "\n" for line in wrongs(outcome)))
    sys.stdout.write(f"{case.what}: {words(outcomes)}\n")
    if args.report:
        write_report(args.report, [], [chapter(case, outcomes)])
    return 0


def words(outcomes: Sequence[Outcome]) -> str:
    """Recall, precision, errors, coverage and times of several draws, in several lines."""
    matchings = [each.matching for each in outcomes]
    pairs = [pair for each in matchings for pair in each.pairs]
    cpu_s, decided = sum(each.run.cpu_s for each in outcomes), _rounds(outcomes)
    seconds, n_arrivals = sum(each.night.seconds for each in outcomes), sum(len(o.night.pulses) for o in outcomes)
    exact = sum(not each.missed and not each.false for each in matchings)
    late_s = [each.waited_us / 1e6 for each in decided] or [np.nan]
    errors_m = [error_m(*pair) for pair in pairs] or [np.nan]
    inside = [float(covered(*pair)) for pair in pairs] or [np.nan]
    return "\n  ".join(
        [
            f"{len(outcomes)} draws, {sum(len(o.night.shots) for o in outcomes)} rounds fired",
            f"recall {recall(matchings):.3f}  precision {precision(matchings):.3f}  exact draws {exact}",
            f"error {np.median(errors_m):.2f} m median, {np.percentile(errors_m, 95):.2f} m p95  "
            f"90 % ellipse covers {np.mean(inside):.1%}",
            f"{seconds / cpu_s:.1f} x real time on one core, {cpu_s / max(n_arrivals, 1) * 1e6:.0f} us an arrival, "
            f"{cpu_s / max(len(decided), 1) * 1e3:.1f} ms a round, longest call "
            f"{max(each.run.longest_s for each in outcomes) * 1e3:.0f} ms",
            f"decided {np.mean(late_s):.2f} s after the last arrival in the mean, {np.max(late_s):.2f} s at most",
        ]
    )


def wrongs(outcome: Outcome) -> list[str]:
    """A line for each round missed and each never fired."""
    missed, false = outcome.matching.missed, outcome.matching.false
    return [
        *(f"draw {outcome.number}: missed {_at(shot.xyz_m, shot.t_us)}" for shot in missed),
        *(
            f"draw {outcome.number}: ghost {_at(ghost.fix.xyz_m, ghost.fix.t_us)} grade {ghost.grade}, "
            f"{len(ghost.arrivals)} poles, rms {ghost.fix.rms_us / 1e3:.1f} ms"
            for ghost in false
        ),
    ]


def _rounds(outcomes: Sequence[Outcome]) -> list[Decided]:
    return [each for outcome in outcomes for each in outcome.run.decided if isinstance(each.decision, Round)]


def _at(xyz_m: tuple[float, float, float], t_us: int) -> str:
    return f"{xyz_m[0]:.0f} {xyz_m[1]:.0f} m at {t_us / 1e6 % 3600:.3f} s"


if __name__ == "__main__":
    sys.exit(main())
