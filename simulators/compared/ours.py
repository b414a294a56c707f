"""Our own figures of the last `soundpost score detector`, kept to stand beside the peers'.

They take the training of every voice without each part, some twenty minutes; so they are not made anew for `make
peers`, and stand there only where they are of the same recordings.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from simulators.training.clips import Clip
from simulators.training.scoreboard import Figure, line

FILE = "ours.json"
COMPARED = ("clips, alone", "clips, with the wide ear", "position left out", "all live fire left out")
"""How what can be compared begins."""


def keep(folder: Path, clips: Sequence[Clip], figures: Sequence[Figure]) -> None:
    """Keeps what can be compared, where there is something of it. Raises OSError."""
    rows = [line(each) for each in figures if each.what.startswith(COMPARED)]
    if rows:
        (folder / FILE).write_text(json.dumps({"of": _of(clips), "figures": rows}), "utf-8")


def kept(folder: Path, clips: Sequence[Clip]) -> list[Figure]:
    """Those figures; a line that says why where there are none of the same recordings."""
    path = folder / FILE
    try:
        table = json.loads(path.read_text("utf-8"))
        figures = [Figure(row["what"], row["figure"], row["bar"] or "", row["ok"]) for row in table["figures"]]
        if table["of"] != _of(clips):
            return [_none("those kept are of other recordings")]
        scored = datetime.fromtimestamp(path.stat().st_mtime).astimezone()
    except FileNotFoundError:
        return [_none("not scored here yet")]
    except (OSError, ValueError, KeyError, TypeError) as error:
        return [_none(f"{path}: {error!r}")]
    return [Figure("ours", f"scored {scored:%Y-%m-%d %H:%M}"), *figures]


def _none(why: str) -> Figure:
    return Figure("ours", f"{why} (soundpost score detector DATA, after make peers and make .venv/.train)")


def _of(clips: Sequence[Clip]) -> str:
    """Which recordings they are: by name and length of their files."""
    names = sorted(f"{clip.group} {clip.name} {clip.path.stat().st_size}" for clip in clips)
    return hashlib.sha256("\n".join(names).encode()).hexdigest()
