"""The detector's whole table, by one call; where something was trained, of what was left out."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from gateway.pictures import curves, svg
from simulators.compared import ours
from simulators.compared.asking import KEPT
from simulators.compared.figures import peer_figures
from simulators.training.board_figures import board_figures
from simulators.training.board_hearing import MICROPYTHON, board_lessons, heard_by_board
from simulators.training.board_line import left_out as line_left_out
from simulators.training.clip_figures import live_figures
from simulators.training.clips import POSITIONS, Clip, read_clips
from simulators.training.examples import Example, grown, listen_all, recorded
from simulators.training.figures import classifier_figures, known, wrong
from simulators.training.folds import Judged, left_out
from simulators.training.hearing_figures import hearing_figures
from simulators.training.jury import judged_left_out, judged_of_live, said_left_out
from simulators.training.net_lessons import lessons
from simulators.training.scoreboard import Figure, board

STYLE = """
body { font-family: system-ui, sans-serif; max-width: 64rem; margin: 2rem auto;
  padding: 0 1.25rem; }
body { background: var(--page); color: var(--ink); }
.two { display: grid; grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)); gap: 2rem; }
pre { overflow-x: auto; }
"""


@dataclass(frozen=True, slots=True)
class Score:
    """The table, and what each onset of the recordings was taken for."""

    figures: tuple[Figure, ...]
    judged: tuple[Judged, ...]


def score_detector(folder: Path, kept: Path = KEPT) -> Score:
    """Listen, retrain without each fold in turn, reckon, and ask the peers that are here. Raises OSError or ValueError
    naming what is unreadable. kept : the folder of what peers said and of our figures, where there is one."""
    clips = read_clips(folder)
    examples = listen_all(recorded(clips), "listening to what was recorded")
    figures, boards = hearing_figures(clips, examples), _boards(clips, examples)
    peers = peer_figures(clips, examples, kept if kept.is_dir() else None)
    examples = [*examples, *listen_all(grown(clips), "listening to what is made of it")]
    judged, more = _judged(clips, examples)
    own = [*figures, *classifier_figures(clips, judged), *more, *boards]
    if kept.is_dir():
        ours.keep(kept, clips, own)
    return Score((*own, *peers), tuple(judged))


def _boards(clips: Sequence[Clip], examples: Sequence[Example]) -> list[Figure]:
    """What a board's simpler line says of what a board hears."""
    if not MICROPYTHON.exists():
        return [Figure("board", "not scored: it needs MicroPython (make .venv/.dev)")]
    own = heard_by_board(clips)
    _, judged, strange = line_left_out(own, [*own, *board_lessons(examples)])
    return board_figures(judged, strange)


def _judged(clips: Sequence[Clip], examples: Sequence[Example]) -> tuple[list[Judged], list[Figure]]:
    """By all voices, and figures of them alone; by the trees, where nets cannot be trained anew."""
    if find_spec("torch") is None:
        return left_out(examples), [Figure("nets and the wide ear", "not scored: they need torch (make .venv/.train)")]
    learnt = lessons(examples)
    said = said_left_out(examples, learnt)
    judged = judged_left_out(examples, said)
    if not any(clip.fold.startswith(POSITIONS) for clip in clips):
        return judged, []
    strange = judged_of_live(examples, said_left_out(examples, learnt, with_live=False), said)
    return judged, [
        *live_figures(clips, judged, "position left out"),
        *live_figures(clips, strange, "all live fire left out"),
    ]


def write_report(folder: Path, score: Score) -> Path:
    """One page with the table, the two curves and what was wrong. OSError where it cannot be written."""
    folder.mkdir(parents=True, exist_ok=True)
    p, truth = known(score.judged)
    errors = "".join(f"<li>{html.escape(each)}</li>" for each in wrong(score.judged))
    page = folder / "index.html"
    page.write_text(
        f"<!doctype html><html lang=en><meta charset=utf-8><title>Detector</title><style>{svg.STYLE}{STYLE}</style>"
        f"<h1>Detector</h1><pre>{html.escape(board(score.figures))}</pre>"
        f"<div class=two>{curves.roc(p, truth)}{curves.calibration(p, truth)}</div>"
        f"<h2>Called what they are not</h2><ul>{errors}</ul></html>\n"
    )
    return page
