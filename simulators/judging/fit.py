"""Fits the third look's three weights, and writes gateway/judging/weights.py: `python -m simulators.judging.fit DATA`.

What it learns from: the rounds of the live fire, placed from sound, each pole's p from a model that never heard the
position; and what was placed in simulated nights, fireworks left out, as what tells those is chosen and not learnt. The
two count as much as each other, so that p = 0.5 is even odds. A likelihood, with a normal prior about PRIOR that is
worth PRIOR_SIGMA: three numbers, of which what few sounds know little about stays where it was chosen. First each
position is judged by weights of the others and its figures are told.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from gateway.judging import weights as weights_file
from gateway.judging.judge import Judge
from gateway.judging.third_look import Facts, Weights, loudness, third_look
from simulators.judging.figures import calibration_error
from simulators.judging.live_rounds import LiveRound, live_rounds
from simulators.judging.nights import night
from simulators.judging.sounds import FIREWORKS
from simulators.recordings.parallel import in_turn
from simulators.recordings.progress import watched

Floats = NDArray[np.float64]

N_NIGHTS, FIRST_SEED = 240, 1_000_000  # other nights than those that are scored
PRIOR, PRIOR_SIGMA = (-1.0, 0.8, 1.5), (1.0, 0.3, 0.5)
WORTH = 100.0  # each side counts as so many sounds: the live fire's rounds are of four places, not of 129


def facts_of_live(rounds: Sequence[LiveRound]) -> list[tuple[str, Facts]]:
    """(position, facts) of each round, every test on its own."""
    told, judge, source = [], Judge(), ""
    for each in rounds:
        if f"{each.position} {each.source}" != source:
            judge, source = Judge(), f"{each.position} {each.source}"
        told.append((each.position, judge.facts(each.placed, each.air)))
    return told


def facts_of_night(seed: int) -> list[Facts]:
    """Of what was placed in a night, without fireworks."""
    one, judge = night(seed), Judge()
    return [
        facts
        for each in one.called
        if (facts := judge.facts(each.placed, one.air)) and each.sounded.sound.comes != FIREWORKS
    ]


def fit(shots: Sequence[Facts], others: Sequence[Facts]) -> Weights:
    """The weights that make these likeliest."""
    x = np.array([_row(facts) for facts in (*shots, *others)])
    truth = np.concatenate([np.ones(len(shots)), np.zeros(len(others))])
    worth = WORTH * np.concatenate([np.full(len(each), 1 / max(len(each), 1)) for each in (shots, others)])

    x = x.reshape(-1, len(PRIOR))

    def surprise(w: Floats) -> float:
        log_odds = x @ w
        off = (w - np.array(PRIOR)) / np.array(PRIOR_SIGMA)
        return float(worth @ (np.logaddexp(0, log_odds) - truth * log_odds) + off @ off / 2)

    found = minimize(surprise, PRIOR, method="L-BFGS-B", bounds=[(-6, 2), (0.1, 2), (0.1, 4)])
    bias, agreement, loud = (round(float(value), 3) for value in found.x)
    return Weights(bias, agreement, loud)


def _row(facts: Facts) -> tuple[float, float, float]:
    """What the weights multiply. Without a word of the poles, or a level, it tells nothing."""
    agreed = facts.agreed.log_odds if facts.agreed else 0.0
    return (1.0, agreed, loudness(facts.level) if facts.level else 0.0)


def by_position(live: Sequence[tuple[str, Facts]], others: Sequence[Facts]) -> list[tuple[str, float]]:
    """(position, p) of each round, by weights that never saw its position."""
    told: list[tuple[str, float]] = []
    for name in sorted({position for position, _ in live}):
        left = fit([facts for position, facts in live if position != name], others)
        told += [(name, third_look(facts, left).p_gunshot or 0.0) for position, facts in live if position == name]
    return told


def main(argv: Sequence[str] | None = None) -> int:
    """0; 1 for bad input, with nothing written."""
    parser = argparse.ArgumentParser(prog="simulators.judging.fit", description="Fit the third look's weights.")
    parser.add_argument("folder", type=Path, help="the folder of recordings: livefire, clips")
    folder = parser.parse_args(argv).folder
    try:
        live = facts_of_live(live_rounds(folder))
        seeds = range(FIRST_SEED, FIRST_SEED + N_NIGHTS)
        nights = list(watched(in_turn(facts_of_night, seeds), N_NIGHTS, "living through nights"))
        others = [facts for each in nights for facts in each]
        sys.stdout.write(report(by_position(live, others), others))
        weights = fit([facts for _, facts in live], others)
        write(weights)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"fit: {error}\n")
        return 1
    sys.stdout.write(f"{weights}\nwrote {weights_file.__file__}\n")
    return 0


def report(told: Sequence[tuple[str, float]], others: Sequence[Facts]) -> str:
    """A line a position, and the calibration error of all, the two sides counting alike."""
    lines = []
    for name in [*sorted({position for position, _ in told}), "all"]:
        p = np.array([p for position, p in told if name in (position, "all")])
        lines.append(f"{name}: {len(p)} rounds, {(p >= 0.5).mean():.3f} gunshot, {(p >= 0.15).mean():.3f} or possible")
    p_others = [third_look(facts, weights_file.WEIGHTS).p_gunshot or 0.0 for facts in others]
    error = calibration_error([p for _, p in told], p_others)
    return "\n".join([*lines, f"expected calibration error, with what nights placed: {error:.3f}", ""])


def write(weights: Weights) -> None:
    """Into the file that the gateway reads. OSError."""
    text = (
        '"""The third look\'s weights: written by `python -m simulators.judging.fit DATA`, which says how they came '
        'about."""\n\nfrom gateway.judging.third_look import Weights\n\n'
        f"WEIGHTS = Weights(bias={weights.bias}, agreement={weights.agreement}, loudness={weights.loudness})\n"
    )
    Path(weights_file.__file__).write_text(text)


if __name__ == "__main__":
    sys.exit(main())
