"""The tutorials, and what else is told step by step: what a page says to type is typed, in a folder of its own, and it
says what it should.

A block with a title "FILE" is written. One with a title "... terminal" begins a program that runs until the page's end.
A `text` block is what the block before it says, or the terminal that its title names; `...` stands for anything.
"""

import os
import re
import shlex
import signal
import subprocess
import sys
import time

import pytest

from deploy.handbook.linking import DOCS, ROOT
from deploy.handbook.page import parted
from simulators.ports import free_ports

LIMIT_S = 150
LATE = {
    "grade A": "grade ...",
    "  1 round  ": "...",
    "round 2 of 2  ": "round 2 of 2...",
    "  soon-...": "...",
    "the journal's 2 ": "the journal's ... ",
}
"""Where a machine does much else, a node may be late: then a round is told with fewer poles first, and again."""


class Reader:
    """Somebody who does what a page says. instead : what is typed otherwise here, where a machine does much at once."""

    def __init__(self, folder, instead):
        self.folder, self._instead = folder, instead
        self.running, self._said = {}, {}
        commands = folder / "bin"
        commands.mkdir()
        for name, runs in {"soundpost": (sys.executable, "-m", "soundpost"), "python": (sys.executable,)}.items():
            (commands / name).write_text(f'#!/bin/sh\nexec {shlex.join(runs)} "$@"\n')
            (commands / name).chmod(0o755)
        path = f"{commands}:{os.environ['PATH']}:/usr/sbin"
        self._env = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "COLUMNS": "120"}

    def follow(self, page):
        last = ""
        for block in parted(page.read_text())[1]:
            text = block.text
            for one, other in self._instead.items():
                text = text.replace(one, other)
            if block.kind == "text":
                self.sees(text, block.title or last)
            elif block.kind == "sh":
                last = block.title or "here"
                (self.begin if block.title else self.type)(text, last)
            elif block.title:
                (self.folder / block.title).write_text(text + "\n")

    def type(self, text, terminal):
        done = subprocess.run(
            ("bash", "-e", "-c", text), cwd=self.folder, env=self._env, timeout=LIMIT_S, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        self._said[terminal] = done.stdout + done.stderr

        assert done.returncode == 0, f"{text}\n{self._said[terminal]}\n{self.others()}"

    def begin(self, text, terminal):
        log = (self.folder / f"{terminal}.log").open("wb")
        self.running[terminal] = subprocess.Popen(
            ("bash", "-c", f"exec {text}"), cwd=self.folder, env=self._env, stdin=subprocess.DEVNULL,
            stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
        log.close()

    def said(self, terminal):
        return self._said[terminal] if terminal in self._said else (self.folder / f"{terminal}.log").read_text()

    def others(self):
        return "\n".join(f"--- {terminal}\n{self.said(terminal)}" for terminal in self.running)

    def sees(self, text, terminal):
        """What goes on by itself says its lines in the order of what happens here; what is typed, in the page's."""
        lines = [re.escape(line.rstrip()).replace(r"\.\.\.", ".*") + r".*\n" for line in text.splitlines()]
        wanted = lines if terminal in self.running else [r"(?:.*\n)*?".join(lines)]
        until = time.monotonic() + (LIMIT_S if terminal in self.running else 0)
        while not all(re.search(each, self.said(terminal)) for each in wanted):
            assert time.monotonic() < until, f"not said: {text}\n{self.said(terminal)}\n{self.others()}"
            assert terminal not in self.running or self.running[terminal].poll() is None, self.others()
            time.sleep(0.1)

    def ends(self):
        for each in reversed(self.running.values()):
            if each.poll() is None:
                each.send_signal(signal.SIGINT)
            try:
                each.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(each.pid, signal.SIGKILL)
                each.wait()


@pytest.fixture
def reader(tmp_path):
    made = []

    def make(instead):
        folder = tmp_path / "page"
        folder.mkdir()
        for path in (folder, *folder.parents):  # root's Mosquitto runs as another, who must get through
            if path != tmp_path.parents[-1] and path.stat().st_uid == os.getuid():
                path.chmod(path.stat().st_mode | 0o111)
        made.append(Reader(folder, instead))
        return made[-1]

    yield make
    for each in made:
        each.ends()


@pytest.mark.whole  # tests/soundpost/test_demo.py has the demo in every run
def test_ten_minutes_with_the_demo(reader):
    lamps = "  lamps         5.4 s  L1, L2, L3 read 100 %"  # before the camera's line or behind it
    figures = (lamps, "-2.4 s", "5.1 s", "5.4 s", "8.7 s", "64.7", "0.1 x 0.1", "0.8 x 0.2", "(9.5, -6.7)", "C2")

    instead = {"make demo": "soundpost demo --out out/demo", ".venv/bin/": ""} | dict.fromkeys(figures, "...")
    reader(instead).follow(DOCS / "tutorials" / "ten-minutes.md")


def test_the_first_street_from_a_list_to_lamps(reader, program):
    program("mosquitto")
    lamps, broker = free_ports(2)

    instead = {":5020": f":{lamps}", "--host localhost": f"--host localhost --port {broker}", ":8883": f":{broker}"}
    reader(instead | LATE).follow(DOCS / "tutorials" / "first-street.md")


def test_the_first_board_from_a_key_to_a_label(reader, micropython):
    reader({}).follow(DOCS / "tutorials" / "first-board.md")


def test_recordings_are_replayed_as_the_page_says(reader):
    reader({}).follow(DOCS / "how-to" / "replay-recordings.md")
