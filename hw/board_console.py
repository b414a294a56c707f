"""A board at the end of a USB cable, by MicroPython's raw REPL: what it is, what lies on its flash, a program to run.

mpremote's transport (1.29.0) does the talking. Opening interrupts what runs and does a soft reset: boot.py has run,
main.py has not. The watchdog, which main.py starts and nothing stops, is fed with every call; when the cable is pulled,
it starts the board anew after 8 s. Nothing that is written to a board gets into an error.
"""

import ast
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass
from io import StringIO
from typing import Self

from mpremote.transport import TransportError, TransportExecError
from mpremote.transport_serial import SerialTransport

CHUNK = 1024
WATCHDOG_MS, QUIET_S, SERIAL_S = 8_000, 15.0, 5.0
SETUP = f"""
import hashlib, machine, os, sys
_w = machine.WDT(timeout={WATCHDOG_MS})
def _walk(path):
    for row in os.ilistdir(path or "/"):
        if row[1] & 0x4000:
            if row[0] not in ("host", "remote", "rom"):
                _walk(path + "/" + row[0])
        else:
            _hash(path + "/" + row[0])
def _hash(path):
    _w.feed()
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while True:
            part = file.read(512)
            if not part:
                break
            digest.update(part)
    print(repr((path, "".join(["%02x" % byte for byte in digest.digest()]))))
def _make(path):
    for n in range(2, path.count("/") + 1):
        try:
            os.mkdir("/".join(path.split("/")[:n]))
        except OSError as error:
            if error.errno != 17:
                raise
"""
WHO = "m = sys.implementation._mpy; print(repr((os.uname().machine, sys.implementation.version[:3], m & 255, m >> 10)))"
FREE = "s = os.statvfs('/'); print(s[0] * s[3])"


UNPLUGGED = "is the cable in, and no other program on the port? then run the same command again: it goes on from there"
FULL = "its flash is full; erase it (`soundpost board flash --erase`) and provision again, or take one with more flash"


@dataclass(frozen=True, slots=True)
class Board:
    """machine : its name for itself. version : MicroPython's. mpy, architecture : of the .mpy files that it takes."""

    machine: str
    version: tuple[int, int, int]
    mpy: int
    architecture: int


class BoardConsole:
    """port : a serial port. Opens it, and interrupts what runs. Raises OSError of one line, as all its calls do."""

    def __init__(self, port: str) -> None:
        self.port = port
        with self._talking("be reached"):
            self._transport = SerialTransport(port, timeout=SERIAL_S)
        try:
            try:
                self.renew()
            except OSError:  # it may just have been starting
                self.renew()
        except OSError:
            self._close()
            raise

    def renew(self) -> None:
        """Interrupt what runs, and do a soft reset."""
        with (
            self._talking("be interrupted"),
            redirect_stdout(StringIO()),
        ):  # mpremote prints what it does not understand
            self._transport.enter_raw_repl(soft_reset=True)
            self._exec(SETUP)

    def who(self) -> Board:
        """What it is."""
        with self._talking("say what it is"):
            return Board(*ast.literal_eval(self._exec(WHO)))

    def hashes(self) -> dict[str, str]:
        """Path -> SHA-256, in hexadecimal digits, of every file on its flash."""
        with self._talking("read its flash"):
            return dict(ast.literal_eval(line) for line in self._exec("_walk('')").splitlines())

    def read(self, path: str) -> bytes:
        """What lies at this path."""
        with self._talking(f"read {path}"):
            return bytes(ast.literal_eval(self._exec(f"with open({path!r}, 'rb') as f: print(repr(f.read()))")))

    def free_bytes(self) -> int:
        """Room on its flash."""
        with self._talking("read its flash"):
            return int(self._exec(FREE))

    def write(self, path: str, content: bytes, progress: Callable[[int], None]) -> None:
        """Put it there, whole or not at all: under another name first. progress : told of each part's bytes."""
        with self._talking(f"write {path}"):
            self._exec(f"_make({path!r}); f = open({path + '.new'!r}, 'wb')")
            for at in range(0, len(content), CHUNK):
                part = content[at : at + CHUNK]
                self._exec(f"_w.feed(); f.write({part!r})")
                progress(len(part))
            self._exec(f"f.close(); os.rename({path + '.new'!r}, {path!r})")

    def remove(self, path: str) -> None:
        """Take it away."""
        with self._talking(f"remove {path}"):
            self._exec(f"_w.feed(); os.remove({path!r})")

    def run(self, program: str, on_line: Callable[[str], None], quiet_s: float = QUIET_S) -> None:
        """Run it to its end. on_line : told each line it prints. quiet_s : longest time without any."""
        held = bytearray()

        def take(part: bytes) -> None:
            held.extend(part)
            if part == b"\n":
                on_line(held.decode("utf-8", "replace").strip())
                held.clear()

        with self._talking("run its test"):
            self._transport.exec_raw_no_follow("_w.feed()\n" + program)
            _, failure = self._transport.follow(quiet_s, take)
            if failure:
                raise TransportExecError(1, failure.decode("utf-8", "replace"))

    def reset(self) -> None:
        """Start it anew, as the power does, and let it go."""
        try:
            with self._talking("be reset"):
                self._transport.exec_raw_no_follow("machine.reset()")
        finally:
            self._close()

    def _exec(self, program: str) -> str:
        return str(self._transport.exec(program).decode("utf-8", "replace"))

    def _close(self) -> None:
        with suppress(OSError, TransportError):
            self._transport.close()

    @contextmanager
    def _talking(self, what: str) -> Iterator[None]:
        """What goes wrong within, as OSError of one line."""
        try:
            yield
        except TransportExecError as error:
            raise _complaint(self.port, what, str(error.error_output)) from None
        except (TransportError, OSError, struct.error, IndexError, ValueError, SyntaxError):
            raise ConnectionError(f"{self.port}: the board cannot {what}: {UNPLUGGED}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self._close()


def _complaint(port: str, what: str, traceback: str) -> OSError:
    """Of the last line of the board's traceback, which names the error and nothing that was written."""
    why = (traceback.strip().splitlines() or [""])[-1][:100]
    if why.startswith("OSError") and ("28" in why or "ENOSPC" in why):
        return OSError(f"{port}: the board cannot {what}: {FULL}")
    return OSError(f"{port}: the board cannot {what}: it says {why}")
