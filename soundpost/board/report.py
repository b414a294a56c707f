"""What `soundpost board` tells: a line for each thing tried, on standard output and in a log file; never a key."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from firmware.workshop.verdict import Finding
from soundpost.terminal import one_line

PASS, FAIL = "PASS", "FAIL"


class Report:
    """folder : for the log, NODE.log, to which each run adds. as_json : JSON lines on standard output."""

    def __init__(self, node: str, folder: Path, as_json: bool) -> None:
        self.node, self.as_json = node, as_json
        self.findings: list[Finding] = []
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{node}.log"
        self._log = self.path.open("a", encoding="utf-8")

    def note(self, words: str) -> None:
        """For the log alone."""
        self._log.write(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {words}\n")
        self._log.flush()

    def found(self, finding: Finding) -> None:
        """Something was tried."""
        self.findings.append(finding)
        words = f"{'ok' if finding.is_good else FAIL:4}  {finding.name:10}  {finding.figure}"
        self.note(words)
        if self.as_json:
            row = {"what": finding.name, "ok": finding.is_good, "figure": finding.figure, "next": finding.next_action}
            print(json.dumps(row), flush=True)
        else:
            print(words, flush=True)

    def close(self) -> bool:
        """The verdict, with the next action where something failed. Comes back: whether all is well."""
        failed = [finding for finding in self.findings if not finding.is_good]
        verdict = FAIL if failed else PASS
        self.note(verdict + "".join(f"; {finding.name}: {finding.next_action}" for finding in failed))
        if self.as_json:
            print(json.dumps({"what": "verdict", "node": self.node, "verdict": verdict, "log": str(self.path)}))
            return not failed
        print(f"{verdict}  {self.node}  (log: {self.path})")
        for finding in failed:
            print(f"next: {finding.name}: {finding.next_action}")
        return not failed

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError | ValueError):
            self.note(f"{FAIL}; {one_line(error)}")
        self._log.close()


def label(node: str, chip: str, sequence: int, fingerprint: str) -> str:
    """What is printed and glued on the box. It holds no place and no key."""
    rows = [
        f"SOUNDPOST {node}",
        f"{chip}  firmware {sequence}",
        f"key {fingerprint}",
        f"PASS {datetime.now(UTC):%Y-%m-%d}",
    ]
    width = max(map(len, rows))
    edge = "+" + "-" * (width + 2) + "+"
    return "\n".join([edge, *(f"| {row:{width}} |" for row in rows), edge]) + "\n"
