"""One Modbus line, TCP or RTU: a request out, its own answer back, never that of another request.

pymodbus makes and reads the frames, the line is ours: pymodbus 3.16's client waits on where the other end has hung up,
passes over answers that count their transaction ids in another way, takes a late answer for the next request's, and
logs all that it cannot read. Here one request is on the line at a time, and an answer belongs to it by its place and by
what it repeats: unit, function, address and value. Where that goes amiss the line is given up, and what may still be
under way with it: TCP connects anew, RTU listens until nothing more comes. A bank answers in the order in which it was
asked, so that a read that follows a confirmed write is of its time.
"""

import asyncio
import contextlib
import struct
from collections.abc import Awaitable, Callable
from typing import Protocol
from urllib.parse import SplitResult, parse_qs, urlsplit

from pymodbus import ModbusException
from pymodbus.framer import FramerRTU, FramerSocket
from pymodbus.pdu import DecodePDU, ModbusPDU

from hw.serial_port import SerialPort, open_serial_port

ANSWER_S = 0.5
"""For connecting and for each answer, where nothing else is told. At 19,200 baud both ways are 16 bytes, 9 ms."""
MOST_BYTES = 1024
"""No answer is longer than 260 bytes; whoever says more than this without one talks without end."""
READS = (1, 2, 3, 4)
"""Function codes whose answers repeat no address."""
FORMS = (
    "must be tcp://HOST:PORT or rtu:///dev/PORT?baud=19200 (both may add unit=1 to 247), dali:///dev/PORT or gpio://"
)


class Stream(Protocol):
    """Bytes both ways. `read` gives at least one, b"" where the other end has hung up; both raise OSError."""

    async def read(self) -> bytes: ...

    async def write(self, data: bytes) -> None: ...

    async def close(self) -> None: ...


class ModbusLine:
    """The line at `url`, tcp://HOST:PORT?unit=1 or rtu:///dev/ttyUSB0?baud=19200&unit=1. It connects when first asked.

    Raises ValueError for a url that makes no sense. Needs no event loop until it is asked.
    """

    def __init__(self, url: str, answer_s: float = ANSWER_S) -> None:
        try:
            parts = urlsplit(url)
            asked = {name: int(values[0]) for name, values in parse_qs(parts.query, True, bool(parts.query)).items()}
            self._unit = asked.pop("unit", 1)
            self._open = OPENERS[parts.scheme](parts, asked.pop("baud", 19200))
            if asked or not 1 <= self._unit <= 247:
                raise ValueError
        except (KeyError, ValueError) as error:
            raise ValueError(f"lamps url {url!r}: {FORMS}") from error
        self._is_rtu = parts.scheme == "rtu"
        self._framer = (FramerRTU if self._is_rtu else FramerSocket)(DecodePDU(False))
        self._answer_s = answer_s
        self._stream: Stream | None = None
        self._late = self._echoes = False
        self._alone = asyncio.Lock()

    async def ask(self, request: ModbusPDU) -> ModbusPDU:
        """The answer to a request, which may be a refusal (`isError`).

        Raises OSError that says what the other end does, such as "does not answer within 0.5 s", in that time; where it
        must connect first in twice that, and where the line must fall quiet, too, in five times that at most.
        """
        request.dev_id = self._unit
        async with self._alone:
            if self._stream is not None:
                with contextlib.suppress(ConnectionError):  # hung up since, as some do after each answer: connect anew
                    return await self._exchange(self._stream, request)
            self._stream = await self._connect()
            return await self._exchange(self._stream, request)

    async def close(self) -> None:
        """Hang up. The next request would connect again."""
        if self._stream is not None:
            stream, self._stream = self._stream, None
            await stream.close()

    async def _connect(self) -> Stream:
        try:
            async with asyncio.timeout(self._answer_s):
                stream = await self._open()
        except TimeoutError as error:
            raise OSError(f"does not answer within {self._answer_s:g} s") from error
        except OSError as error:
            raise OSError(f"does not answer: {error.strerror or error}") from error
        try:
            if self._late:
                await self._fall_quiet(stream)
        except BaseException:
            await stream.close()
            raise
        return stream

    async def _fall_quiet(self, stream: Stream) -> None:
        """Let answers of before go by: listen until nothing has come for as long as an answer may take."""
        with contextlib.suppress(TimeoutError):
            now_s = asyncio.get_running_loop().time
            end_s = now_s() + 2 * self._answer_s
            async with asyncio.timeout(self._answer_s) as silence:
                while now_s() < end_s:
                    await stream.read()
                    silence.reschedule(now_s() + self._answer_s)
            raise OSError("talks without end")
        self._late = False

    async def _exchange(self, stream: Stream, request: ModbusPDU) -> ModbusPDU:
        """Ask and hear. Whatever fails, being cancelled too, leaves no line behind on which its answer could come."""
        answer = None
        try:
            async with asyncio.timeout(self._answer_s):
                sent = self._framer.buildFrame(request)
                await stream.write(sent)
                can_tell = self._is_rtu and (self._echoes or request.function_code in READS)
                heard = await self._hear(stream, sent if can_tell else b"")
            if not _belongs(heard, request):
                raise OSError("confirms something else than it was told")
            answer = heard
        except TimeoutError as error:
            raise OSError(f"does not answer within {self._answer_s:g} s") from error
        finally:
            if answer is None:
                self._late = self._is_rtu
                await self.close()
        return answer

    async def _hear(self, stream: Stream, echo: bytes) -> ModbusPDU:
        """The first whole answer, after the echo of what we sent that some RS-485 adapters give. An echoed write looks
        like its own confirmation; so whether the line echoes is learnt from a read."""
        left, received = MOST_BYTES, b""
        while left > 0:
            part = await stream.read()
            if not part:
                raise ConnectionResetError("does not answer: it hangs up")
            left -= len(part)
            received += part
            if echo and echo.startswith(received[: len(echo)]):
                if len(received) < len(echo):
                    continue
                received, echo, self._echoes = received[len(echo) :], b"", True
            try:
                used, answer = self._framer.handleFrame(received, 0, 0)
            except (ModbusException, struct.error, LookupError, ValueError) as error:
                raise OSError("answers something that is not Modbus") from error
            if answer is not None:
                return answer
            received = received[used:]
        raise OSError("talks without end")


def _belongs(answer: ModbusPDU, request: ModbusPDU) -> bool:
    """Whether an answer can be this request's."""
    if (answer.dev_id, answer.function_code & 0x7F) != (request.dev_id, request.function_code):
        return False
    if answer.isError():
        return True
    if request.function_code in READS:
        return len(answer.registers or answer.bits) >= request.count
    told, repeated = ((each.address, [*each.registers], [*each.bits]) for each in (request, answer))
    return told == repeated


class _Tcp:
    """A Stream over a socket that holds no more than MOST_BYTES of what nobody has asked for."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def read(self) -> bytes:
        return await self._reader.read(MOST_BYTES)

    async def write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def close(self) -> None:
        self._writer.close()


def _tcp(parts: SplitResult, _baud: int) -> Callable[[], Awaitable[Stream]]:
    host, port = parts.hostname, parts.port or 502
    if not host or parts.path:
        raise ValueError

    async def connect() -> Stream:
        return _Tcp(*await asyncio.open_connection(host, port, limit=MOST_BYTES))

    return connect


def _rtu(parts: SplitResult, baud: int) -> Callable[[], Awaitable[Stream]]:
    if not parts.path or parts.netloc or baud <= 0:
        raise ValueError

    async def connect() -> SerialPort:
        return await open_serial_port(parts.path, baud)

    return connect


OPENERS: dict[str, Callable[[SplitResult, int], Callable[[], Awaitable[Stream]]]] = {"tcp": _tcp, "rtu": _rtu}
