"""The locator's whole table, by one call, and what went wrong where, for the maps."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from simulators.locating.cases import ASSOCIATION, CLUTTER, TOWNS, Case
from simulators.locating.clips_figures import clip_figures
from simulators.locating.crack_figures import crack_figures
from simulators.locating.fix_figures import fix_figures
from simulators.locating.live_tests import Played, play_test, read_livefire
from simulators.locating.locate_figures import association_figures, coverage_figures, live_figures
from simulators.locating.locator_page import Chapter
from simulators.locating.medium_figures import medium_figures
from simulators.locating.moments import moment_of_test, moments_of
from simulators.locating.running import Outcome, scored, try_out
from simulators.recordings.parallel import in_turn
from simulators.recordings.playback import ORIGINS
from simulators.recordings.progress import watched
from simulators.training.scoreboard import Figure


@dataclass(frozen=True, slots=True)
class Score:
    """The table, and every case with its misses and false fixes."""

    figures: tuple[Figure, ...]
    chapters: tuple[Chapter, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """Lines of the table that neither live fire nor synthetic nights through the associator give."""

    reckon: Callable[[Path], list[Figure]]
    livefire: Path


def score_locator(livefire: Path) -> Score:
    """Replay the live fire, run the scored nights, reckon. Raises OSError or ValueError naming what is unreadable."""
    tests = read_livefire(livefire)
    played = list(watched(in_turn(play_test, tests), len(tests), "replaying the live fire"))
    tasks = [task for case in (*reversed(ASSOCIATION), *CLUTTER, *TOWNS) for task in scored(case)]
    outcomes = list(watched(in_turn(try_out, tasks), len(tasks), "synthetic nights"))
    parts = [Part(reckon, livefire) for reckon in PARTS]
    others = [figure for figures in watched(in_turn(reckoned, parts), len(parts), "the rest") for figure in figures]
    figures = (*live_figures(played), *association_figures(outcomes), *others, *coverage_figures(played, outcomes))
    return Score(figures, tuple(chapters(played, outcomes)))


def reckoned(part: Part) -> list[Figure]:
    """The figures of a part."""
    return part.reckon(part.livefire)


def _cracks(livefire: Path) -> list[Figure]:
    """Of simulated shots alone."""
    return crack_figures()


def chapters(played: Sequence[Played], outcomes: Sequence[Outcome]) -> list[Chapter]:
    """Live fire by origin, then the synthetic cases."""
    live = [_live_chapter(origin, [each for each in played if each.origin == origin]) for origin in ORIGINS]
    return [*live, *(chapter(case, outcomes) for case in (*ASSOCIATION, *CLUTTER))]


def chapter(case: Case, outcomes: Sequence[Outcome]) -> Chapter:
    """What went wrong in those of the outcomes that are of this case."""
    own = [each for each in outcomes if each.case == case.name]
    moments = tuple(moment for each in own for moment in moments_of(each))
    return Chapter(case.what, sum(len(each.night.shots) for each in own), moments)


def _live_chapter(origin: str, played: Sequence[Played]) -> Chapter:
    moments = tuple(moment for each in played if (moment := moment_of_test(each)) is not None)
    return Chapter(f"live fire from {origin}", sum(each.reckoning.n_fired for each in played), moments)


PARTS: tuple[Callable[[Path], list[Figure]], ...] = (fix_figures, medium_figures, clip_figures, _cracks)
