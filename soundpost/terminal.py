"""What the commands say to people: an error in one line, a table in columns, a time in UTC."""

import argparse
import contextlib
import signal
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from types import FrameType
from typing import Any


def add_verb(verbs: Any, name: str, words: str, *examples: str, more: str = "") -> argparse.ArgumentParser:
    """A command within a command. verbs : of `add_subparsers`. words : what it does. examples : lines as they are typed
    after `soundpost`; they stand below its options. more : a sentence that only its own --help has."""
    shown = "".join(f"\n  soundpost {each}" for each in examples)
    head = f"example{'s' * (len(examples) > 1)}:"
    sentence = f"{words[0].upper()}{words[1:].rstrip('.')}{'' if words.endswith('?') else '.'}"
    parser: argparse.ArgumentParser = verbs.add_parser(
        name, help=words, description=f"{sentence} {more}".strip(), epilog=f"{head}{shown}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    return parser


def one_line(error: Exception) -> str:
    """An error in one line; an OSError names its file as `path: reason`."""
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return printable(f"{error.filename}: {error.strerror}")
    return printable(" ".join(str(error).split()))


@contextlib.contextmanager
def ended_alike() -> Iterator[None]:
    """SIGTERM and SIGHUP (a terminal that is closed) end what runs here as Ctrl-C does: it clears up behind itself.
    What is ignored, as under nohup, stays so. Of the main thread only (Python signal.signal)."""
    told = (signal.SIGTERM, signal.SIGHUP)
    former = {each: signal.getsignal(each) for each in told}

    def end(number: int, frame: FrameType | None) -> None:
        for each in told:
            signal.signal(each, signal.SIG_IGN)  # a second one would end the clearing up
        raise KeyboardInterrupt

    for each in (each for each in told if former[each] is signal.SIG_DFL):
        signal.signal(each, end)
    try:
        yield
    finally:
        for each in told:
            signal.signal(each, former[each])


def printable(text: str) -> str:
    """Text that any program can write out: what of a file's name is not UTF-8 is shown as a box."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def complain(command: str, error: Exception) -> None:
    """Tell of an error that the command goes on after, on standard error."""
    print(f"soundpost {command}: {one_line(error)}", file=sys.stderr, flush=True)


def columns(rows: Sequence[Sequence[str]], left: Sequence[int] = (0,)) -> str:
    """Rows of as many cells each as aligned lines. left : the columns that are flush left, the others are right."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return "\n".join(aligned(row, widths, left) for row in rows)


def aligned(row: Sequence[str], widths: Sequence[int], left: Sequence[int] = (0,)) -> str:
    """One row's cells, each so wide at least. left : as for `columns`."""
    cells = enumerate(zip(row, widths, strict=True))
    return "  ".join(
        cell.ljust(width) if index in left else cell.rjust(width) for index, (cell, width) in cells
    ).rstrip()


def utc(t_us: int) -> str:
    """A time for people, to the millisecond."""
    return f"{utc_second(t_us)[:-1]}.{t_us // 1000 % 1000:03d}Z"


def utc_second(t_us: int) -> str:
    """A time for people, to the second. OverflowError for one that no calendar has."""
    return f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=t_us):%Y-%m-%d %H:%M:%S}Z"
