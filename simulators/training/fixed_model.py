"""`python -m simulators.training.fixed_model DATA`: fits the board's idea of a gunshot, and rewrites its file.

The integer detector listens, under MicroPython, to every recording at RATE_HZ, as it is and heard elsewhere, and to
rendered scenes, as `make train` does but fewer. A logistic line over the nine numbers of its shape and their squares
(dsp/fixed/gunshot.py) is fitted with a small penalty on its weights. Printed is what lines say of folds that they never
heard. The recordings count four times as much as what was made of them.
"""

import argparse
import sys
import tempfile
from array import array
from collections.abc import Sequence
from math import gcd
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, signal

from dsp.fixed.detector import Onset
from dsp.fixed.gunshot import LIKELY, ONE, inputs, permille_of
from dsp.hearing.fixed_reference import words_of
from simulators.emulators import unix_port
from simulators.recordings.parallel import in_turn
from simulators.recordings.progress import watched
from simulators.training.clips import Clip, read_clips
from simulators.training.examples import GUNSHOT, LEAD_S, OTHER, RENDERED_NEAR_S, SEED, UNKNOWN, Task, truth_of
from simulators.training.renderings import clutter, elsewhere, shot

Floats = NDArray[np.float64]

RATE_HZ, BLOCK = 16_000, 16_000
TIMES = {"ffsl": 12, "freesound": 4, "FP": 1, "esc10": 1}
SCENES = {"shot": 500, "clutter": 150}
RECORDED_WEIGHT, PENALTY = 4.0, 3.0
PATH = Path(__file__).parents[2] / "dsp" / "fixed" / "gunshot_line.py"
MICROPYTHON = Path(sys.executable).parent / "micropython"
HEAD = '''"""The board's line between gunshots and the rest, written by simulators/training/fixed_model.py: do not edit.

What the numbers are and what they are good for: dsp/fixed/gunshot.py.
"""

MIDDLES = {middles}
SPREADS = {spreads}
WEIGHTS = {weights}
SQUARES = {squares}
BIAS = {bias}
'''
Row = tuple[str, str, bool, int, tuple[int, ...]]
"""Fold, clip, whether it was made, truth and shape of an onset."""


def tasks_of(clips: Sequence[Clip]) -> list[Task]:
    """Every clip as it is, heard elsewhere, and scenes."""
    tasks = [Task(clip, "", None) for clip in clips]
    for index, clip in enumerate(clips):
        times = next(n for start, n in TIMES.items() if clip.group.startswith(start))
        tasks += [Task(clip, "", 100 * index + turn) for turn in range(times)]
    return tasks + [Task(None, scene, 1_000_000 + turn) for scene, n in SCENES.items() for turn in range(n)]


def listen(task: Task) -> list[Row]:
    """The onsets of one task. Raises as reading a recording does, RuntimeError without MicroPython."""
    rng = np.random.default_rng((SEED, task.seed or 0, task.scene == "shot"))
    if task.clip is None:
        samples, rate_hz, due_s = (shot if task.scene == "shot" else clutter)(rng)
        onsets = _onsets(samples, rate_hz)
        direct = [abs(onset.sample / RATE_HZ - due_s) <= RENDERED_NEAR_S for onset in onsets]
        truths = [(GUNSHOT if near else UNKNOWN) if task.scene == "shot" else OTHER for near in direct]
        return [("", "", True, truth, onset.shape) for onset, truth in zip(onsets, truths, strict=True)]
    samples, rate_hz = task.clip.read()
    lead_s = LEAD_S if task.clip.strongest else 0.0
    faint = rng.standard_normal(round(lead_s * rate_hz)) * 1e-4 * np.abs(samples).max()
    samples = np.concatenate([faint.astype(np.float32), samples])
    if task.seed is not None:
        samples, rate_hz = elsewhere(rng, samples, rate_hz)
    onsets = _onsets(samples, rate_hz)
    truths = truth_of(
        task.clip, [onset.sample / RATE_HZ - lead_s for onset in onsets], [onset.level_cdb for onset in onsets]
    )
    made = task.seed is not None
    return [
        (task.clip.fold, task.clip.name, made, truth, onset.shape) for onset, truth in zip(onsets, truths, strict=True)
    ]


def _onsets(samples: NDArray[np.float32], rate_hz: int) -> list[Onset]:
    both = gcd(rate_hz, RATE_HZ)
    sound = signal.resample_poly(samples.astype(float), RATE_HZ // both, rate_hz // both)
    words = array("i", words_of(sound).tobytes())
    with tempfile.TemporaryDirectory() as folder:
        return unix_port.onsets(str(MICROPYTHON), Path(folder), words, RATE_HZ, unix_port.blocks(len(words), BLOCK))[0]


def fit(rows: Sequence[Row]) -> dict[str, object]:
    """The numbers of the file."""
    raw = np.array([inputs(row[4]) for row in rows], float)
    middles, spreads = np.round(raw.mean(0)), np.round(raw.std(0))
    near = np.clip((raw - middles) / spreads, -3, 3)
    table = np.column_stack([near, near**2, np.ones(len(near))])
    truth = np.array([row[3] for row in rows], float)
    weight = np.array([1.0 if row[2] else RECORDED_WEIGHT for row in rows])

    def surprise(line: Floats) -> tuple[float, Floats]:
        log_odds = table @ line
        p = 1 / (1 + np.exp(-log_odds))
        cost = np.sum(weight * (np.logaddexp(0, log_odds) - truth * log_odds)) + PENALTY * np.sum(line[:-1] ** 2)
        return float(cost), table.T @ (weight * (p - truth)) + 2 * PENALTY * np.append(line[:-1], 0)

    found = optimize.minimize(surprise, np.zeros(table.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 500})
    line = [round(float(value) * ONE) for value in found.x]
    n = raw.shape[1]
    return {
        "middles": tuple(int(value) for value in middles), "spreads": tuple(int(value) for value in spreads),
        "weights": tuple(line[:n]), "squares": tuple(line[n : 2 * n]), "bias": line[-1],
    }  # fmt: skip


def judged(rows: Sequence[Row], line: dict[str, object]) -> list[int]:
    """Permille of each."""
    return [permille_of(row[4], *line.values()) for row in rows]  # type: ignore[arg-type]


def figures(rows: Sequence[Row]) -> str:
    """What lines say of the folds that they never heard: the known onsets of recordings."""
    known = [row for row in rows if row[3] != UNKNOWN]
    told = []
    for fold in sorted({row[0] for row in known if not row[2]}):
        own = [row for row in known if row[0] == fold and not row[2]]
        p = judged(own, fit([row for row in known if row[0] != fold]))
        shots = [each >= LIKELY for each, row in zip(p, own, strict=True) if row[3] == GUNSHOT]
        false = {row[1] for each, row in zip(p, own, strict=True) if row[3] == OTHER and each >= LIKELY}
        told.append(f"{fold}: {sum(shots)} of {len(shots)} gunshots called so, and {len(false)} other clips")
    return "\n".join(told)


def main(argv: Sequence[str] | None = None) -> int:
    """0; 1 for bad input, with nothing written."""
    parser = argparse.ArgumentParser(prog="simulators.training.fixed_model", description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="the folder of recordings: livefire, clips")
    folder = parser.parse_args(argv).folder
    try:
        tasks = tasks_of(read_clips(folder))
        heard = watched(in_turn(listen, tasks), len(tasks), "listening as a board does")
        rows = [row for each in heard for row in each]
    except (OSError, ValueError, RuntimeError) as error:
        sys.stderr.write(f"fixed_model: {error}\n")
        return 1
    sys.stdout.write(figures(rows) + "\n")
    PATH.write_text(HEAD.format(**fit([row for row in rows if row[3] != UNKNOWN])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
