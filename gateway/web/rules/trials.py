"""Dry runs: what another policy would have done over past nights, by `soundpost policy try` in a process of its own.

One runs at a time, niced, for LONGEST_S at most, or until somebody stops it; of what it prints MOST_BYTES are read. The
newest KEPT are remembered until this process ends. What it copies of the journal and its archives lies in a folder of
its own, which is gone with it, unless this process is killed
meanwhile.
"""

import json
import os
import pathlib
import secrets
import subprocess
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import IO, Any

from gateway.web.words.said import said

LONGEST_S, MOST_BYTES, LONGEST_TEXT, KEPT = 600.0, 8_000_000, 20_000, 10
NICE = 15


class Busy(RuntimeError):
    """Another one runs."""


@dataclass(frozen=True, slots=True)
class Trial:
    """state : `running`, `done`, `failed`, `overdue` or `stopped`. text : the policy that is tried, TOML. lines : what
    came out (`soundpost policy try --json`). said : why it failed, one line."""

    name: str
    who: str
    text: str
    began_us: int
    state: str
    ended_us: int | None = None
    lines: Sequence[Mapping[str, Any]] = ()
    said: str = ""


class Trials:
    """command : all of it but the name of the policy's file, which comes last."""

    def __init__(self, command: Sequence[str], longest_s: float = LONGEST_S) -> None:
        self._command, self._longest_s = tuple(command), longest_s
        self._lock, self._known = threading.Lock(), OrderedDict[str, Trial]()
        self._process: subprocess.Popen[bytes] | None = None  # of the one that runs
        self._stopped_by = ""

    def start(self, text: str, who: str, span: Sequence[str] = ()) -> Trial:
        """Returns at once. span : the command's options that say from and until when. Raises
        ValueError for a text that is too long, Busy where another one runs."""
        if len(text) > LONGEST_TEXT:
            raise ValueError(
                said(
                    "a policy to try has at most {most} letters (this one has {count})",
                    most=LONGEST_TEXT,
                    count=len(text),
                )
            )
        with self._lock:
            if any(each.state == "running" for each in self._known.values()):
                raise Busy
            trial = Trial(secrets.token_hex(8), who, text, time.time_ns() // 1000, "running")
            self._known[trial.name], self._stopped_by = trial, ""
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
        threading.Thread(target=self._run, args=(trial, span), name="policy trial", daemon=True).start()
        return trial

    def trial(self, name: str) -> Trial | None:
        """As it stands now."""
        with self._lock:
            return self._known.get(name)

    def stop(self, name: str, who: str) -> bool:
        """End one that runs. Returns at once; False where it does not run."""
        with self._lock:
            trial = self._known.get(name)
            if trial is None or trial.state != "running":
                return False
            self._stopped_by = self._stopped_by or who
            if self._process is not None:
                self._process.terminate()
            return True

    def newest(self) -> Trial | None:
        """The one that was started last."""
        with self._lock:
            return next(reversed(self._known.values()), None)

    def _run(self, trial: Trial, span: Sequence[str]) -> None:
        try:
            ended = self._tried(trial, span)
        except subprocess.TimeoutExpired:
            ended = replace(
                trial,
                state="overdue",
                said=said("it was not done after {longest_s} s", longest_s=f"{self._longest_s:g}"),
            )
        except (OSError, ValueError) as error:
            ended = replace(trial, state="failed", said=str(error))
        with self._lock:
            if self._stopped_by:
                words = said("it was stopped by {who}", who=self._stopped_by)
                ended = replace(trial, state="stopped", said=words)
            self._known[trial.name] = replace(ended, ended_us=time.time_ns() // 1000)

    def _tried(self, trial: Trial, span: Sequence[str]) -> Trial:
        with tempfile.TemporaryDirectory(prefix="soundpost-try-") as folder, tempfile.TemporaryFile() as out:
            path = pathlib.Path(folder) / "tried.toml"
            path.write_text(trial.text, "utf-8")
            command = ("nice", "-n", str(NICE), *self._command, *span, str(path))
            status, told_wrong = self._ran(command, out, os.environ | {"TMPDIR": folder})
            if status != 0:
                lines = told_wrong.decode("utf-8", "replace").strip().splitlines() or [f"it ended with {status}"]
                return replace(trial, state="failed", said=lines[-1].replace(str(path), "your policy")[:500])
            out.seek(0)
            told = out.read(MOST_BYTES + 1)
            if len(told) > MOST_BYTES:
                return replace(
                    trial,
                    state="failed",
                    said=said("more came out than {most} bytes: try fewer nights", most=MOST_BYTES),
                )
            return replace(trial, state="done", lines=[json.loads(line) for line in told.splitlines() if line.strip()])

    def _ran(self, command: Sequence[str], out: IO[bytes], environment: Mapping[str, str]) -> tuple[int, bytes]:
        """The command's status, and what it said on standard error. Raises subprocess.TimeoutExpired, OSError."""
        none, pipe = subprocess.DEVNULL, subprocess.PIPE
        with subprocess.Popen(command, stdin=none, stdout=out, stderr=pipe, env=environment) as process:
            with self._lock:
                self._process = process
                if self._stopped_by:
                    process.terminate()
            try:
                _, told_wrong = process.communicate(timeout=self._longest_s)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
            finally:
                with self._lock:
                    self._process = None
        return process.returncode, told_wrong
