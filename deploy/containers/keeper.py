#!/usr/bin/python3 -I
"""What systemd does for a service of Type=notify, done for one in a container by its first process: it hands signals
on, gathers orphans, and ends a service that is not ready in time or whose WATCHDOG=1 stays away (sd_notify(3);
systemd.service(5), "WatchdogSec="). Whoever runs the container starts it again then.

    soundpost-keeper soundpost gateway --config /etc/soundpost/street/gateway.toml
    soundpost-keeper --alive                                  # for a healthcheck: does it say that it lives
    soundpost-keeper --alive https://web:8443/health          # and is this answered with 200, whatever its certificate
    soundpost-keeper --tls 8883                               # of one that tells nothing: does it shake hands

It stands alone, on the library of any Python that Debian brings. KEEPER_WATCHDOG_S (60), KEEPER_START_S (300) and
KEEPER_REST_S (2) are its limits, as deploy/units has them; KEEPER_DIR is where it keeps what it was told.
"""

import contextlib
import os
import pathlib
import signal
import socket
import ssl
import sys
import time
import urllib.request
from collections.abc import Callable

BOX = pathlib.Path(os.environ.get("KEEPER_DIR", "/tmp/soundpost-keeper"))  # noqa: S108 - of this container alone
"""Where the service's words come, and until when the last of them is good."""
SOCKET, GOOD_UNTIL = BOX / "notify", BOX / "good-until"
WATCHDOG_S = float(os.environ.get("KEEPER_WATCHDOG_S", "60"))
START_S = float(os.environ.get("KEEPER_START_S", "300"))
REST_S = float(os.environ.get("KEEPER_REST_S", "2"))
"""How long it waits before it ends after a failure: some who start a container again do so at once."""
LOOK_S, ABORT_S, ASK_S = 0.5, 5.0, 5.0
ENDS = (signal.SIGTERM, signal.SIGINT)


class Keeper:
    """words : the socket that the service speaks to. Times are of time.monotonic()."""

    def __init__(self, words: socket.socket) -> None:
        self.stopping = False
        self._words, self._ready, self._due_s = words, False, time.monotonic() + START_S
        self._child: int | None = None
        self._status: int | None = None
        self._signals: list[int] = []
        self._said_full = False

    def hand_on(self, number: int) -> None:
        """A signal, to the service: at once, or as soon as there is one."""
        self.stopping |= number in ENDS
        self._signals.append(number)
        while self._child is not None and self._status is None and self._signals:
            os.kill(self._child, self._signals.pop(0))

    def keep(self, command: list[str]) -> int:
        """Run it to its end. Comes back: its exit status, as a shell tells it. Raises OSError where there is no such
        program."""
        told = {"NOTIFY_SOCKET": str(SOCKET), "WATCHDOG_USEC": str(int(WATCHDOG_S * 1e6))}
        self._child = os.posix_spawnp(command[0], command, os.environ | told)
        for _ in range(len(self._signals)):
            self.hand_on(self._signals.pop(0))
        while self._gathered() is None:
            self._listen()
            if time.monotonic() > self._due_s and not self.stopping:
                self._end(self._child)
        assert self._status is not None, "it ended"
        return self._status

    def _listen(self) -> None:
        """To the next word, or for a moment."""
        try:
            said = self._words.recv(4096).split(b"\n")
        except TimeoutError:
            return
        self._ready |= b"READY=1" in said
        if self._ready and (b"READY=1" in said or b"WATCHDOG=1" in said):
            self._due_s = time.monotonic() + WATCHDOG_S
            self._write(self._due_s)

    def _write(self, good_until_s: float) -> None:
        """For --alive. Where it cannot be written that is said once, and the service goes on."""
        part = GOOD_UNTIL.with_suffix(".part")
        try:
            part.write_text(str(good_until_s))
            part.rename(GOOD_UNTIL)
            self._said_full = False
        except OSError as error:
            if not self._said_full:
                _say(f"{part}: {error.strerror}: that the service lives cannot be told; it goes on")
            self._said_full = True

    def _gathered(self) -> int | None:
        """The service's status once it ended. Orphans that ended are let go, too."""
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                if ended[0] == self._child:
                    code = os.waitstatus_to_exitcode(ended[1])
                    self._status = code if code >= 0 else 128 - code
        return self._status

    def _end(self, child: int) -> None:
        """As systemd does: SIGABRT, then what nobody can refuse."""
        said = f"no sign of life for {WATCHDOG_S:g} s" if self._ready else f"not ready after {START_S:g} s"
        _say(f"{said}; the service is ended, to be started again")
        with contextlib.suppress(OSError):
            GOOD_UNTIL.unlink()
        self._ready = False
        os.kill(child, signal.SIGABRT)
        until_s = time.monotonic() + ABORT_S
        while self._gathered() is None and time.monotonic() < until_s:
            time.sleep(LOOK_S)
        if self._gathered() is None:
            os.kill(child, signal.SIGKILL)
        self._due_s = float("inf")


def unwell(address: str = "") -> str:
    """Why the service in this container is not well; "" where it is."""
    try:
        good_until_s = float(GOOD_UNTIL.read_text())
    except OSError:
        return "is not ready"
    if time.monotonic() > good_until_s:
        return "gives no sign of life"
    return _unanswered(address) if address else ""


def _unanswered(address: str) -> str:
    try:
        with urllib.request.urlopen(address, timeout=ASK_S, context=_whoever()) as answer:  # noqa: S310 - of compose.yaml
            return "" if answer.status == 200 else f"{address}: {answer.status}"
    except (OSError, ValueError) as error:
        return f"{address}: {error}"


def _hands_unshaken(port: str) -> str:
    """A connection alone proves nothing: the kernel takes it for a program that stands still."""
    try:
        with socket.create_connection(("127.0.0.1", int(port)), ASK_S) as line, _whoever().wrap_socket(line):
            return ""
    except (OSError, ValueError, OverflowError) as error:
        return f"port {port}: {error}"


def _whoever() -> ssl.SSLContext:
    """Of TLS with a service of this very container, under whatever name."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


ASKED: dict[str, dict[int, Callable[..., str]]] = {"--alive": {1: unwell, 2: unwell}, "--tls": {2: _hands_unshaken}}
"""Option -> how many words it has, itself among them -> why not; "" where all is well."""


def main(argv: list[str]) -> int:
    """The service's exit status, or 1 where it is not well or cannot be started, 2 for wrong usage."""
    if len(argv) in ASKED.get(argv[0] if argv else "", {}):
        why = ASKED[argv[0]][len(argv)](*argv[1:])
        print(why or "well")
        return 1 if why else 0
    if not argv or not argv[0] or argv[0].startswith("-"):
        _say("give a command, or --alive [ADDRESS], or --tls PORT")
        return 2
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as words:
        try:
            _listen_at(words)
        except OSError as error:
            _say(f"KEEPER_DIR {BOX}: {error.strerror or error}")
            time.sleep(REST_S)
            return 1
        return _kept(Keeper(words), argv)


def _listen_at(words: socket.socket) -> None:
    """Raises OSError where the box cannot be."""
    BOX.mkdir(mode=0o700, exist_ok=True)
    for path in (SOCKET, GOOD_UNTIL):
        path.unlink(missing_ok=True)
    words.bind(str(SOCKET))
    words.settimeout(LOOK_S)


def _say(words: str) -> None:
    print(f"soundpost-keeper: {words}", file=sys.stderr, flush=True)


def _kept(keeper: Keeper, command: list[str]) -> int:
    for number in (*ENDS, signal.SIGHUP):
        signal.signal(number, lambda number, _frame: keeper.hand_on(number))
    try:
        status = keeper.keep(command)
    except OSError as error:
        _say(f"{command[0]}: {error.strerror}")
        status = 1
    if status and not keeper.stopping:
        time.sleep(REST_S)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
