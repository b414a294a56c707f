"""The gateway's end of the socket beside its journal: followers are woken through it, and ask through it.

A follower connects to FILE.socket; it is sent one byte after each commit, many commits in one byte where it is slow,
and may send requests (gateway/journal/request.py), a line each, answered with a line. The file lets only its owner in.
"""

import asyncio
import contextlib
import json
import os
import pathlib
from collections.abc import Callable, Iterator

import structlog

from gateway.incident import Asked
from gateway.journal.request import MOST_BYTES, Refused, Requests
from gateway.tasks import until

RING = b"."
MOST_FOLLOWERS = 32
MOST_PATH = 107  # bytes (unix(7), sun_path)
MOST_BEHIND = 4096  # bytes: who reads no more rings than this is behind anyhow, and looks by itself
log = structlog.get_logger("gateway.journal")


def socket_beside(journal: pathlib.Path) -> pathlib.Path:
    """Where a journal's followers knock."""
    return journal.with_name(journal.name + ".socket")


@contextlib.contextmanager
def within_reach(path: pathlib.Path) -> Iterator[str]:
    """The socket's address for as long as it is bound or called: a path of more than MOST_PATH bytes, which none takes,
    goes by its folder's open file. Raises OSError where there is no such folder."""
    if len(os.fsencode(path)) <= MOST_PATH:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


class Doorbell:
    """An edge (gateway/edges.py). requests : None where nobody may ask. tell : is told what was asked. clock : () ->
    microseconds UTC."""

    def __init__(
        self,
        journal: pathlib.Path,
        requests: Requests | None,
        tell: Callable[[Asked], None],
        clock: Callable[[], int],
    ) -> None:
        self._path = socket_beside(journal)
        self._requests, self._tell, self._clock = requests, tell, clock
        self._began_s = asyncio.get_running_loop().time()
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    def order(self, effect: object) -> None:
        """Rows were committed: wake the followers."""
        for writer in self._writers:
            if writer.transport.get_write_buffer_size() < MOST_BEHIND:
                writer.write(RING)

    async def run(self, beat: Callable[[], None]) -> None:
        """Let followers in, for ever. Raises OSError naming the socket that cannot be."""
        self._path.unlink(missing_ok=True)
        try:
            with within_reach(self._path) as address:
                self._server = await asyncio.start_unix_server(self._serve, address, limit=MOST_BYTES)
            self._path.chmod(0o600)
        except OSError as error:
            raise OSError(f"{self._path}: {error}; followers look once a second instead") from error
        await until(asyncio.Event(), beat)

    async def close(self) -> None:
        """Let go of all followers."""
        if self._server is not None:
            self._server.close()
        for writer in self._writers:
            writer.close()
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._writers) >= MOST_FOLLOWERS:
            log.warning("a follower is turned away", most=MOST_FOLLOWERS)
            writer.close()
            return
        self._writers.add(writer)
        writer.write(RING)  # what was committed until now it was not rung for
        try:
            while line := await reader.readline():
                writer.write(json.dumps(self._answer(line)).encode() + b"\n")
                await writer.drain()
        except (OSError, ValueError, asyncio.CancelledError):  # it is gone, or sends no lines; or the gateway ends
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    def _answer(self, line: bytes) -> dict[str, str]:
        try:
            if self._requests is None:
                raise Refused("nobody may ask here: gateway.toml names no requests_keys_file")
            age_s = asyncio.get_running_loop().time() - self._began_s
            asked = self._requests.take(line, self._clock(), round(age_s * 1e6))
        except Refused as why:
            return {"refused": str(why)}
        self._tell(asked)
        return {"taken": asked.nonce}
