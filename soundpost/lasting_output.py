"""Standard output and error of a program that must live on: what cannot be written (the disk is full, the reader gone)
is lost and counted, and ends nothing. When it can be written again, how much was lost is said once."""

import contextlib
import io
import sys
from collections.abc import Iterator
from typing import TextIO


@contextlib.contextmanager
def lasting_output() -> Iterator[None]:
    """In here, nothing that is printed or logged can end the program. A pipe that breaks elsewhere is an OSError like
    any other: `soundpost` does not take it for a reader who has enough."""
    with (
        contextlib.redirect_stderr(_lasting(sys.stderr, "standard error")),
        contextlib.redirect_stdout(_lasting(sys.stdout, "standard output")),
    ):
        try:
            yield
        except BrokenPipeError as error:
            raise OSError(f"{error.filename}: {error.strerror}" if error.filename else f"{error}") from error


class LastingText(io.TextIOBase):
    """Writes on to what `under` writes to. lost : the lines that could not be written since one last could."""

    def __init__(self, under: TextIO, name: str) -> None:
        self.lost = 0
        self._name = name
        self._encoding = under.encoding or "utf-8"
        self._raw = getattr(under.buffer, "raw", under.buffer)  # what a buffer could not write would come again
        self._line, self._cut = "", False

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, text: str) -> int:
        """Write whole lines; the rest waits for its end. Raises nothing. Comes back: how many letters there were."""
        *lines, self._line = (self._line + text).split("\n")
        for line in lines:
            self._write_out(f"{line}\n".encode(self._encoding, "backslashreplace"))
        return len(text)

    def _write_out(self, line: bytes) -> None:
        rest = b"\n" + line if self._cut else line
        try:
            while rest:
                rest = rest[self._raw.write(rest) or 0 :]
                self._cut = rest != b""
        except (OSError, ValueError):  # ValueError: somebody closed it
            self.lost += 1
            return
        lost, self.lost = self.lost, 0
        if lost:
            print(f"{lost} lines of {self._name} could not be written", file=sys.stderr)


def _lasting(under: TextIO | None, name: str) -> LastingText | None:
    if under is None:  # as Python leaves it where it was closed from the start: then print() says nothing
        return None
    with contextlib.suppress(OSError):
        under.flush()
    return LastingText(under, name)
