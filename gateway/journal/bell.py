"""A follower's end of the socket beside a journal: it waits there for rows, and asks through it. Blocks: a follower is
a program of its own."""

import contextlib
import json
import pathlib
import select
import socket
import time

from gateway.journal.doorbell import RING, socket_beside, within_reach

ALONE_S = 1.0  # between looks where no gateway rings
RUNG_S = 30.0  # and where one does, lest a ring was lost
ANSWER_S = 5.0
MOST_BYTES = 65_536


class Bell:
    """Of this journal. Connects when it is needed, and again after the gateway was gone."""

    def __init__(self, journal: pathlib.Path) -> None:
        self._path = socket_beside(journal)
        self._socket: socket.socket | None = None

    @property
    def is_rung(self) -> bool:
        """Whether a gateway lets us in, as far as was seen at the last wait."""
        return self._socket is not None

    def wait(self) -> None:
        """Until rows have come, perhaps: a ring, or a while where there is none."""
        if self._socket is None:
            if not self._connect():
                time.sleep(ALONE_S)
            return  # what came before the connection nobody rang for
        if select.select((self._socket,), (), (), RUNG_S)[0] and not self._read():
            self.close()

    def ask(self, line: bytes) -> dict[str, str]:
        """What the gateway answers to a request: `taken` (its nonce) or `refused` (why). Raises OSError naming the
        socket where no gateway answers."""
        if self._socket is None and not self._connect():
            raise OSError(f"{self._path}: no gateway answers there")
        assert self._socket is not None
        self._socket.sendall(line)
        read, due_s = b"", time.monotonic() + ANSWER_S
        while b"\n" not in read:
            left_s = max(0.0, due_s - time.monotonic())
            more = self._read() if select.select((self._socket,), (), (), left_s)[0] else b""
            if not more or len(read) > MOST_BYTES:
                raise OSError(f"{self._path}: no answer within {ANSWER_S:g} s")
            read += more
        answer = json.loads(read.strip(RING).split(b"\n")[0].lstrip(RING))
        return {str(word): str(what) for word, what in answer.items()}

    def close(self) -> None:
        """Hang up."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None

    def _connect(self) -> bool:
        found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with within_reach(self._path) as address:
                found.connect(address)
        except OSError:
            found.close()
            return False
        self._socket = found
        return True

    def _read(self) -> bytes:
        assert self._socket is not None
        with contextlib.suppress(OSError):
            return self._socket.recv(4096)
        return b""
