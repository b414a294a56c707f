"""`make deploy-check`: what deployment must show, as a table: what, its bar, the figure, whether it holds. It is kept
in out/deploy-check, with what each run of tests said; exit status 1 where a row fails.

usage: python -m deploy.check [RUN...]
RUN: debians arm64 fleet containers agreement keys backup surveys before (all of them)

Packages are taken from SOUNDPOST_PACKAGES (out/deploy-check), roots of Debians kept in SOUNDPOST_ROOTS
(/var/tmp/soundpost-debians). A row whose tests are not there, or were all skipped, says so and does not fail.
"""

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.check.rows import ROWS, RUNS, Row
from simulators.tried import Tried, as_text

OUT = Path("out/deploy-check")
FIGURE = "figure"
"""What a test notes with pytest's record_property is shown in its row."""


@dataclass(frozen=True, slots=True)
class Case:
    """A test that ran. outcome : passed, failed, error or skipped. s : how long it took."""

    name: str
    outcome: str
    figures: tuple[str, ...] = ()
    s: float = 0.0


def main(argv: Sequence[str]) -> int:
    """All runs, or those that are named."""
    if unknown := [name for name in argv if name not in RUNS]:
        print(f"deploy.check: {unknown[0]}: must be one of {', '.join(RUNS)}", file=sys.stderr)
        return 2
    OUT.mkdir(parents=True, exist_ok=True)
    names = argv or list(RUNS)
    cases = {name: run(name, RUNS[name]) for name in names}
    rows = [judge(row, cases[row.run]) for row in ROWS if row.run in names]
    rows += [row for name in names for row in elsewhere(name, cases[name] or ())]
    (OUT / "table.txt").write_text(as_text(rows) + "\n", "utf-8")
    print(as_text(rows))
    return int(any(row.holds is False for row in rows))


def run(name: str, patterns: Sequence[str]) -> list[Case] | None:
    """One run of pytest; None where no file of it is there."""
    files = sorted(str(path) for pattern in patterns for path in Path().glob(pattern))
    if not files:
        return None
    print(f"deploy-check: {name} ...", file=sys.stderr, flush=True)
    told = OUT / f"{name}.xml"
    told.unlink(missing_ok=True)
    options = ("-m", "", "-p", "no:randomly", "-p", "no:xdist", "-rA", "-o", "junit_family=xunit1")
    with (OUT / f"{name}.txt").open("wb") as log:
        command = (sys.executable, "-m", "pytest", *options, f"--junitxml={told}", *files)
        environment = {**os.environ, "PYTHONPATH": "."}
        subprocess.run(command, check=False, stdout=log, stderr=subprocess.STDOUT, env=environment)
    return read(told.read_text("utf-8")) if told.exists() else []


def read(junit: str) -> list[Case]:
    """What pytest wrote (its documentation, "Creating JUnitXML format files")."""
    found = []
    for case in ET.fromstring(junit).iter("testcase"):  # noqa: S314 (written by our own pytest)
        outcome = next((tag for tag in ("error", "failure", "skipped") if case.find(tag) is not None), "passed")
        figures = [each.get("value", "") for each in case.iter("property") if each.get("name") == FIGURE]
        found.append(Case(case.get("name", ""), outcome, tuple(figures), float(case.get("time", "0"))))
    return found


def judge(row: Row, cases: Sequence[Case] | None) -> Tried:
    """A row of the table."""
    if cases is None:
        return Tried(row.what, row.bar, "not there", None)
    mine = [case for case in cases if re.search(row.tests, case.name)]
    wrong = [case.name for case in mine if case.outcome in ("error", "failure")]
    ran = [case for case in mine if case.outcome == "passed"]
    if wrong or not mine:
        found = f"{wrong[0]}{f' and {len(wrong) - 1} more' if wrong[1:] else ''}" if wrong else "no test of it ran"
        return Tried(row.what, row.bar, found, False)
    if not ran:
        return Tried(row.what, row.bar, "skipped: see its log", None)
    figures = [figure for case in ran for figure in case.figures]
    found = "; ".join(figures) or f"{len(ran)} tests, {sum(case.s for case in ran):.0f} s"
    if n_skipped := len(mine) - len(ran):
        found += f"; {n_skipped} skipped: see its log"
    return Tried(row.what, row.bar, found, True)


def elsewhere(name: str, cases: Sequence[Case]) -> list[Tried]:
    """What failed in a run and is in no row of it: a row each."""
    patterns = [row.tests for row in ROWS if row.run == name]
    wrong = [case for case in cases if case.outcome in ("error", "failure")]
    lost = [case for case in wrong if not any(re.search(pattern, case.name) for pattern in patterns)]
    return [Tried(f"{name}: {case.name}", "passes", case.outcome, False) for case in lost]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
