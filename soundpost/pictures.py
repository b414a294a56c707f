"""The pictures of `soundpost detect`: --plot, one of each file, and --report, a page of them all.

What draws them is imported only when a picture is asked for, so that detection itself needs no drawing library.
"""

import argparse
import asyncio
import importlib
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dsp.hearing.traces import Sketch
from hw.linux.audio_file import AudioFile
from simulators.pages.hearing import Hearing, Mark
from soundpost.terminal import printable

SUFFIXES = (".png", ".svg", ".pdf")
BLOCK_S = 1.0


def add_picture_arguments(parser: argparse.ArgumentParser) -> None:
    """--plot and --report."""
    parser.add_argument(
        "--plot", type=Path, metavar="OUT.png",
        help="draw sound, statistic and onsets (.png, .svg, .pdf); of several files OUT-NAME.png each",
    )  # fmt: skip
    parser.add_argument("--report", type=Path, metavar="DIR", help="write a page of all files there")


class Pictures:
    """Takes each file that was heard. Raises ValueError where something is wrong with what was asked for: before any
    file is heard, so that nobody waits for a picture that cannot be."""

    def __init__(self, plot: Path | None, report: Path | None, n_files: int) -> None:
        self._plot, self._report, self._n_files = plot, report, n_files
        self._taken: Counter[Path] = Counter()
        self._rows: list[Any] = []
        self._drawing = _module("simulators.pages.onset_plot", "--plot") if plot else None
        self._pages = _module("simulators.pages.detect_report", "--report") if report else None
        if plot and plot.suffix.lower() not in SUFFIXES:
            raise ValueError(f"--plot {plot}: must end in {', '.join(SUFFIXES)}")
        if plot and not plot.absolute().parent.is_dir():
            raise ValueError(f"--plot {plot}: there is no folder {plot.parent}")
        if self._pages:
            self._pages.check_folder(report)

    def take(self, path: Path, lines: Sequence[Mapping[str, Any]], name: str) -> None:
        """One file, its onsets as `detect` tells them, its name. Raises OSError or ValueError: it has no picture."""
        if not (self._drawing or self._pages):
            return
        hearing = asyncio.run(_hearing(path, lines, printable(name)))
        if self._pages:
            self._rows.append(self._pages.row_of(hearing))
        if self._drawing:
            _whole(self._drawing, hearing, self._path_for(Path(name)))

    def finish(self, title: str, faults: Sequence[str]) -> Path | None:
        """Every file has been taken: writes the report, unless not one was heard. Returns its index.html."""
        if not (self._pages and self._rows):
            return None
        index: Path = self._pages.write_report(self._report, printable(title), self._rows, faults)
        return index

    def _path_for(self, path: Path) -> Path:
        """OUT itself for a single file, else OUT-NAME; files of one name in several folders are numbered."""
        assert self._plot is not None
        if self._n_files == 1:
            return self._plot
        named = self._plot.with_name(f"{self._plot.stem}-{path.stem}{self._plot.suffix}")
        self._taken[named] += 1
        again = self._taken[named]
        return named if again == 1 else named.with_name(f"{named.stem}-{again}{named.suffix}")


def _module(name: str, option: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise ValueError(
            f"{option} needs {error.name}, which is not installed: pip install -e '.[sim]' in Soundpost's folder"
        ) from error


async def _hearing(path: Path, lines: Sequence[Mapping[str, Any]], name: str) -> Hearing:
    audio = AudioFile(path, block_s=BLOCK_S)
    await audio.open()
    n_samples, sketch = 0, Sketch(audio.rate_hz, audio.n_channels)
    try:
        async for block in audio.blocks():
            sketch.feed(block.samples)
            n_samples += len(block.samples)
    finally:
        await audio.close()
    marks = tuple(Mark(each["onset_s"], each["p_gunshot"], each["snr_db"], each.get("channel", 0)) for each in lines)
    try:
        curves = sketch.curves()
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return Hearing(name, audio.rate_hz, audio.n_channels, n_samples / audio.rate_hz, curves, marks)


def _whole(drawing: Any, hearing: Hearing, path: Path) -> None:
    """Draw beside the place first, so that what stands there is a whole picture or the former one."""
    with tempfile.TemporaryDirectory(prefix=".plot-", dir=path.absolute().parent) as unfinished:
        made = Path(unfinished) / path.name
        drawing.draw(hearing, made)
        made.replace(path)
