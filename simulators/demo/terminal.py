"""What the demo says while it runs: a few lines and a bar on a terminal, the same lines without the bar elsewhere."""

import json
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn

from gateway.orders import is_superseded

STYLES = {"shot": "bold red", "lamps": "yellow", "camera": "green", "fault": "bold red"}
SHOTS = ("gunshot", "possible gunshot", "unknown")  # kinds of incidents that are counted as gunfire
HEAD = 11
BATCH_US = 300_000


class Terminal:
    """Says `HEAD what` lines; `bar` shows how far the night is. A context manager: on leaving, the bar is gone."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._progress = Progress(
            TextColumn("  {task.description:9}"),
            BarColumn(40),
            TextColumn("{task.completed:.0f} of {task.total:.0f} s"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._night = self._progress.add_task("listening", total=None, visible=False)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def say(self, head: str, what: str) -> None:
        """One line."""
        style = STYLES.get(head, "bold")
        self.console.print(f"  [{style}]{head:{HEAD}}[/] {escape(what)}", highlight=False, soft_wrap=True)

    def bar(self, heard_s: float, length_s: float) -> None:
        """How much of the night is over."""
        shown = 0 < heard_s < length_s
        self._progress.update(self._night, total=length_s, completed=max(0, min(heard_s, length_s)), visible=shown)


class Announcer:
    """Turns what the gateway says, as JSON lines, into lines for people; lamps of one incident into one line.

    seen : is told camera, incident and ordered azimuth when the gateway says that a camera looks where it should. lit :
    is told lamp and level when it says that a lamp is there.
    start_us : of the sound; None while that is not known. n_rounds : gunshots announced. last_us : when the gateway
    last said anything.
    """

    def __init__(
        self, terminal: Terminal, seen: Callable[[str, str, float], None], lit: Callable[[str, int], None]
    ) -> None:
        self._lit_soon = lit
        self.start_us: int | None = None
        self.last_us = 0
        self._rounds: dict[str, int] = {}
        self._terminal = terminal
        self._seen = seen
        self._lit: dict[str, set[str]] = {}

    def feed(self, line: str, now_us: int) -> None:
        """One line of the gateway's."""
        told = json.loads(line)
        self.last_us = now_us
        if told["what"] == "incident":
            self._rounds[told["incident"]] = told["n_rounds"] if told["kind"] in SHOTS else 0
            self._terminal.say("shot" if told["kind"] in SHOTS else "sound", self._incident(told, now_us))
        elif told["what"] == "light" and told["done"]:
            self._lit.setdefault(f"{told['level_pct']} %", set()).add(told["device"])
            self._lit_soon(told["device"], told["level_pct"])
        elif told["what"] == "lamp":
            self._terminal.say("fault" if told["open"] else "lamps", f"{self._at(now_us)}{told['lamp']}: {told['why']}")
        elif told["what"] == "aim" and told["note"].startswith("looks there"):
            self.flush(now_us)
            self._terminal.say("camera", f"{self._at(now_us)}{told['device']} looks at {told['azimuth_deg']:.1f} deg")
            self._seen(told["device"], told["incident"], told["azimuth_deg"])
        elif told["what"] in ("light", "aim") and not told["done"]:
            head = "fault" if not is_superseded(told) else "lamps" if told["what"] == "light" else "camera"
            self._terminal.say(head, f"{self._at(now_us)}{told['device']}: {told['note']}")

    @property
    def n_rounds(self) -> int:
        """How many rounds of gunfire were announced so far."""
        return sum(self._rounds.values())

    def flush_if_quiet(self, now_us: int) -> None:
        """`flush` once a batch of lamps seems to be through."""
        if now_us - self.last_us > BATCH_US:
            self.flush(now_us)

    def flush(self, now_us: int) -> None:
        """Say which lamps came up since the last time."""
        for level, lamps in self._lit.items():
            self._terminal.say("lamps", f"{self._at(now_us)}{', '.join(sorted(lamps))} read {level}")
        self._lit.clear()

    def _at(self, now_us: int) -> str:
        return "" if self.start_us is None else f"{(now_us - self.start_us) / 1e6:5.1f} s  "

    def _incident(self, told: dict[str, Any], now_us: int) -> str:
        shape, n_rounds = told["ellipse_95"], told["n_rounds"]
        rounds = f"{n_rounds} round{'s' if n_rounds > 1 else ''}"
        return (
            f"{self._at(now_us)}{told['kind']}, {rounds}, grade {told['grade']}, at ({told['e_m']:.1f}, "
            f"{told['n_m']:.1f}) m, 95 % within {shape['major_m']:.1f} x {shape['minor_m']:.1f} m"
        )
