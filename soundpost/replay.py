"""soundpost replay: run recordings, scenarios or a journal through the same code that runs in the street."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from firmware.linux.voices import voices
from simulators.pages.replay_report import Page, check_folder, page_of, write_report
from simulators.recordings.parallel import in_turn
from simulators.recordings.playback import AUDIO, ORIGINS, Playback, play
from simulators.recordings.progress import watched
from simulators.recordings.reckoning import FOUND, Judged, Reckoning, judged, reckon, together
from simulators.recordings.recording import Recording
from simulators.recordings.sources import open_source
from simulators.street.scenario import scenario_path
from simulators.street.verdict import WITHIN_M
from soundpost.replay_journal import is_journal, replay_journal
from soundpost.shots import Line, crowded, numbered, shot_line, table
from soundpost.terminal import complain, printable

HELP = (
    "Place shots from a live-fire test or a tree of them, a folder of forensic WAVs, a sound file with\n"
    'its nodes file, a scenario .toml, or a gateway\'s journal. "arrivals" of the answer number the\n'
    "arrivals of its source from 0, in order of time."
)
EXAMPLE = "soundpost replay ../shared/data/livefire --report out/livefire"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", type=Path, metavar="SOURCE", help="folder, sound file, scenario, journal, archive")
    parser.add_argument(
        "--from", dest="origin", choices=ORIGINS, default=AUDIO, help="the sound (default), or others' pulses with it"
    )
    parser.add_argument("--json", action="store_true", help="JSON lines instead of a table")
    parser.add_argument("--report", type=Path, metavar="DIR", help="write pages with maps and waveforms there")
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="gateway.toml; needed for a journal, and only there"
    )


def run(args: argparse.Namespace) -> int:
    """0; 1 where a journal tells other incidents. Raises ValueError or OSError of one line, with nothing printed."""
    if is_journal(args.source):
        if args.report or args.origin != AUDIO:
            raise ValueError(f"{args.source}: is a journal; --report and --from are for recordings")
        return _tell_journal(args)
    if args.config:
        raise ValueError(f"--config {args.config}: is for journals, and {args.source} is none")
    if args.report:
        check_folder(args.report)
    replays = _replay_all(scenario_path(args.source), args.origin, bool(args.report))
    for fault in voices()[1] if args.origin == AUDIO else ():
        complain("replay", ValueError(fault))
    if args.report:
        pages = [each.page for each in replays if each.page is not None]
        write_report(args.report, printable(f"{args.source}, from {args.origin}"), pages)
    _tell(replays, args.json, args.report)
    return 0


@dataclass(frozen=True, slots=True)
class Task:
    """One recording to be replayed. with_page : make its page of a report, too. alone : it is the only one."""

    recording: Recording
    origin: str
    with_page: bool
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Replay:
    """What is kept of one: its lines, its figures where the truth is known, its page where one was asked for."""

    lines: list[Line]
    reckoning: Reckoning | None
    page: Page | None
    notes: tuple[str, ...]
    n_let_go: int


def replay(task: Task) -> Replay:
    """Replay one recording. Raises as `play` does."""
    playback = play(task.recording, task.origin, show=task.alone)
    reckoning = reckon(task.recording, playback.rounds)
    page = page_of(playback, reckoning) if task.with_page else None
    tracks = task.recording.tracks if task.origin == AUDIO else ()
    notes = tuple(dict.fromkeys(note for track in tracks for note in track.notes))  # channels share a file's
    return Replay(_lines(playback), reckoning, page, notes, playback.n_let_go)


def _replay_all(source: Path, origin: str, with_page: bool) -> list[Replay]:
    recordings = list(open_source(source))
    tasks = [Task(recording, origin, with_page, alone=len(recordings) == 1) for recording in recordings]
    return list(watched(in_turn(replay, tasks), len(tasks), f"replaying from {origin}"))


def _lines(playback: Playback) -> list[Line]:
    """The records, each round with what it is in truth where that is known."""
    recording, number = playback.recording, numbered(playback.arrivals)
    truths = {id(each.placed): each for each in judged(recording, playback.rounds)}
    return [
        {"source": recording.source, **shot_line(decision, number, recording.site), **_truth(truths.get(id(decision)))}
        for decision in playback.decisions
    ]


def _truth(told: Judged | None) -> Line:
    """verdict : found, false (never fired) or other (rightly no gunshot); where it was fired and how far that is."""
    if told is None:
        return {}
    if told.verdict != FOUND:
        return {"verdict": told.verdict}
    east_m, north_m = (round(value, 3) for value in told.truth_m)
    return {"verdict": told.verdict, "truth": {"e_m": east_m, "n_m": north_m}, "error_m": round(told.error_m, 3)}


def _tell(replays: Sequence[Replay], as_json: bool, report: Path | None) -> None:
    for note in (note for each in replays for note in each.notes):
        complain("replay", ValueError(note))
    n_let_go = sum(each.n_let_go for each in replays)
    if n_let_go:
        complain("replay", ValueError(crowded(n_let_go)))
    lines = [line for each in replays for line in each.lines]
    if as_json:
        print("".join(json.dumps(line) + "\n" for line in lines), end="", flush=True)
        return
    reckonings = [each.reckoning for each in replays if each.reckoning is not None]
    print("\n".join(table(lines)))
    print(f"\n{summary(reckonings)}" if reckonings else "", end="\n" if reckonings else "")
    print(f"report: {report / 'index.html'}" if report else "", end="\n" if report else "", flush=True)


def summary(reckonings: Sequence[Reckoning]) -> str:
    """What was found of what was fired, in one line."""
    whole = together(reckonings)
    text = f"{len(whole.found)} of {whole.n_fired} rounds fired were placed within {WITHIN_M:.0f} m"
    if whole.found:
        text += f" (error: median {whole.error_m(50):.1f} m, 95 % {whole.error_m(95):.1f} m"
        text += f"; {whole.n_inside} inside their 90 % ellipse)"
    return f"{text}; {whole.n_fired - len(whole.found)} missed, {whole.n_false} false" + (
        f", {whole.n_other} rightly said to be no gunshot" if whole.n_other else ""
    )


def _tell_journal(args: argparse.Namespace) -> int:
    if args.config is None:
        raise ValueError(f"{args.source}: is a journal; name the gateway's config with --config FILE")
    found = replay_journal(args.source, args.config)
    if args.json:
        print("".join(json.dumps(line) + "\n" for line in found.lines), end="", flush=True)
    else:
        print("\n".join(table(found.lines)), flush=True)
    if found.without:
        complain("replay", ValueError(f"{args.source}: {found.without}"))
    if found.differs:
        raise ValueError(f"{args.source}: {found.differs}")
    if not args.json:
        print(f"\nthe journal's {found.n_incidents} announcements of incidents came out the same")
        if found.n_unproven:
            print(f"{found.n_unproven} frames came under keys that the keys file no longer holds: taken as journaled")
    return 0
