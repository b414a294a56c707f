"""`soundpost board provision` and `check`: what must lie on a board's flash, put there, read back, and tried."""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from firmware import device, update
from firmware.board import boot
from firmware.workshop import layout, pole_file, release, verdict
from firmware.workshop.application import beside
from firmware.workshop.layout import Step
from firmware.workshop.pole_file import Pole
from firmware.workshop.release import Release
from firmware.workshop.stock import chip_named
from firmware.workshop.verdict import Finding
from hw.board_console import BoardConsole
from soundpost.board.report import Report, label

LEAST_VERSION, MPY = (1, 27), 6
WAIT_S = 60
SELF_TEST = """
import gc
gc.threshold(4096)
from firmware.board.early_ear import early
from firmware.board.measured_ear import MeasuredEar
ear_of = early(MeasuredEar, "node.json")
from firmware.board.check import run
run(ear_of, {wait_s}, _w)
"""
"""As main.py does, the ear first."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Those that both have."""
    parser.add_argument("--pole", required=True, type=Path, metavar="FILE", help="n17.toml: who this board is to be")
    parser.add_argument("--release", required=True, type=Path, metavar="FILE", help="from `soundpost board build`")
    parser.add_argument("--port", required=True, help="the board's serial port, like /dev/ttyACM0")
    parser.add_argument(
        "--wait-s", type=int, default=WAIT_S, metavar="S", help="longest self-test (default %(default)s)"
    )
    parser.add_argument("--out", type=Path, default=Path("out/boards"), metavar="DIR", help="for log and label")
    parser.add_argument("--json", action="store_true", help="JSON lines instead of a table")


def add_provision_arguments(parser: argparse.ArgumentParser) -> None:
    """Those of provision alone."""
    parser.add_argument("--older", action="store_true", help="put this release there though the board has a newer one")
    parser.add_argument("--no-check", action="store_true", help="no self-test, and no label: check it later")


def provision(args: argparse.Namespace) -> int:
    """0 PASS, 1 FAIL. Raises ValueError or OSError of one line."""
    pole, image = _read(args)
    with Report(pole.node, args.out, args.json) as report, BoardConsole(args.port) as console:
        there = _meet(console, report, pole, image)
        _label_of(pole, args.out).unlink(missing_ok=True)  # what it says is no longer known
        if not args.older:
            _refuse_newer(console, there, pole, image)
        due = _due(pole, image)
        todo = layout.steps(there, due)
        _carry_out(console, todo)
        _compare(console.hashes(), due, report, f"{len(todo)} of {len(due)} files written")
        if not args.no_check and all(finding.is_good for finding in report.findings):
            _try(console, report, pole, args.wait_s)
        console.reset()
        return _end(report, pole, image, args.out, not args.no_check)


def check(args: argparse.Namespace) -> int:
    """0 PASS, 1 FAIL; writes nothing on the board. Raises ValueError or OSError of one line."""
    pole, image = _read(args)
    with Report(pole.node, args.out, args.json) as report, BoardConsole(args.port) as console:
        there = _meet(console, report, pole, image)
        _label_of(pole, args.out).unlink(missing_ok=True)  # what it says is no longer known
        due = _due(pole, image)
        _compare(there, due, report, f"{len(due)} files")
        if all(finding.is_good for finding in report.findings):
            _try(console, report, pole, args.wait_s)
        console.reset()
        return _end(report, pole, image, args.out, True)


def _read(args: argparse.Namespace) -> tuple[Pole, Release]:
    if not 1 <= args.wait_s <= 3600:
        raise ValueError(f"--wait-s {args.wait_s}: must be 1 to 3600")
    pole = pole_file.read(args.pole)
    image = release.read(args.release.read_bytes(), str(args.release), pole.update_key)
    if image.chip != pole.chip:
        raise ValueError(
            f"{args.release}: is for {image.chip}, and {args.pole} says {pole.chip}: give the other release"
        )
    return pole, image


def _due(pole: Pole, image: Release) -> dict[str, bytes]:
    return layout.wanted(image, beside(), pole.files)


def _meet(console: BoardConsole, report: Report, pole: Pole, image: Release) -> dict[str, str]:
    """The hashes of what lies there, once the board is one for this release."""
    board = console.who()
    chip = chip_named(board.machine)
    if chip != pole.chip:
        raise ValueError(f"wrong chip: this board is a {board.machine!r}, not {pole.chip}: take the right board")
    version = ".".join(map(str, board.version))
    if board.version[:2] < LEAST_VERSION or board.mpy != MPY:
        raise ValueError(
            f"its MicroPython is {version}; 1.27 is the least: `soundpost board flash` puts the pinned one on"
        )
    architecture = device.ARCHITECTURES[board.architecture] if board.architecture < len(device.ARCHITECTURES) else "?"
    if architecture != image.architecture:
        build = f"soundpost board build --chip {chip} --architecture {architecture}"
        raise ValueError(
            f"its cores are {architecture}, the release is for {image.architecture}: `{build}` makes another"
        )
    report.found(Finding("chip", f"{chip} {architecture}, MicroPython {version}"))
    return console.hashes()


def _refuse_newer(console: BoardConsole, there: Mapping[str, str], pole: Pole, image: Release) -> None:
    """A board in use may have had updates over the air that the technician does not know of."""
    for path in [path for path in there if path.endswith(boot.MANIFEST) and layout.is_ours(path)]:
        try:
            sequence = update.open(console.read(path), pole.update_key).sequence
        except update.BadUpdate:
            continue
        if sequence > image.manifest.sequence:
            why = f"this one is {image.manifest.sequence}: give a newer release, or --older"
            raise ValueError(f"the board has release {sequence} in {path}, {why}")


def _carry_out(console: BoardConsole, todo: list[Step]) -> None:
    """With a bar on standard error, where somebody is looking at it."""
    total = sum(len(step.content or b"") for step in todo)
    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        bar = progress.add_task("writing", total=total)
        for step in todo:
            if step.content is None:
                console.remove(step.path)
            else:
                console.write(step.path, step.content, lambda n: progress.advance(bar, n))


def _compare(there: Mapping[str, str], due: Mapping[str, bytes], report: Report, figure: str) -> None:
    wrong = layout.differences(there, due)
    if not wrong:
        report.found(Finding("flash", f"{figure}, every hash reads back right"))
        return
    for each in wrong:
        report.note(each)
    what = "half-written slot" if any(f"{layout.SLOT}/" in each for each in wrong) else "not as it must be"
    report.found(
        Finding("flash", f"{what}: {len(wrong)} files, first: {wrong[0]}", "run `soundpost board provision` again")
    )


def _try(console: BoardConsole, report: Report, pole: Pole, wait_s: int) -> None:
    """Let the node run on the board, and say what it saw."""
    readings: list[verdict.Reading] = []

    def hear(line: str) -> None:
        if line.startswith(verdict.MARK):
            readings.append(json.loads(line.removeprefix(verdict.MARK)))
        report.note(f"board: {line}")

    console.renew()
    console.run(SELF_TEST.format(wait_s=wait_s), hear)
    for finding in verdict.judge(readings, pole.fingerprint):
        report.found(finding)


def _end(report: Report, pole: Pole, image: Release, folder: Path, checked: bool) -> int:
    passed = report.close()
    if passed and checked:
        path = _label_of(pole, folder)
        path.write_text(label(pole.node, pole.chip, image.manifest.sequence, pole.fingerprint), "utf-8")
        if not report.as_json:
            print(f"label: {path}")
    return 0 if passed else 1


def _label_of(pole: Pole, folder: Path) -> Path:
    return folder / f"{pole.node}.label.txt"
