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
from urllib.parse import parse_qs, urlsplit

from pymodbus import ModbusException
from pymodbus.framer import FramerRTU, FramerSocket
from pymodbus.pdu import DecodePDU, ModbusPDU

from hw.modbus_wire import MOST_BYTES, Stream, Wires

ANSWER_S = 0.5
"""For connecting and for each answer, where nothing else is told. At 19,200 baud both ways are 16 bytes, 9 ms."""
READS = (1, 2, 3, 4)
"""Function codes whose answers repeat no address."""
FORMS = (
    "must be tcp://HOST:PORT or rtu:///dev/PORT?baud=19200 (both may add unit=1 to 247), dali:///dev/PORT or gpio://"
)


class ModbusLine:
    """The line to the unit at `url`, tcp://HOST:PORT?unit=1 or rtu:///dev/ttyUSB0?baud=19200&unit=1. It connects when
    first asked. wires : whose serial port it shares with the other units on it; None: it has a wire of its own.

    Raises ValueError for a url that makes no sense. Needs no event loop until it is asked.
    """

    def __init__(self, url: str, answer_s: float = ANSWER_S, wires: Wires | None = None) -> None:
        try:
            parts = urlsplit(url)
            asked = {name: int(values[0]) for name, values in parse_qs(parts.query, True, bool(parts.query)).items()}
            self._unit = asked.pop("unit", 1)
            baud = asked.pop("baud", 19200)
            self._wire = (wires or Wires()).of(parts, baud)
            if asked or not 1 <= self._unit <= 247:
                raise ValueError
        except ValueError as error:
            raise ValueError(f"lamps url {url!r}: {FORMS}") from error
        if self._wire.baud != baud:
            raise ValueError(f"lamps url {url!r}: its port has {self._wire.baud} baud for another board")
        self._is_rtu = parts.scheme == "rtu"
        self._framer = (FramerRTU if self._is_rtu else FramerSocket)(DecodePDU(False))
        self._answer_s = answer_s
        self._alone = asyncio.Lock()

    async def ask(self, request: ModbusPDU) -> ModbusPDU:
        """The answer to a request, which may be a refusal (`isError`).

        Raises OSError that says what the other end does, such as "does not answer within 0.5 s", in that time; where it
        must connect first in twice that, and where the line must fall quiet, too, in five times that at most; all of it
        from its turn on, which may come after that of another unit on the wire.
        """
        request.dev_id = self._unit
        async with self._alone:
            was_late = self._unit in self._wire.late
            if was_late:
                async with self._wire.turn(self, behind=True):
                    await self._fall_quiet(self._wire.stream or await self._connect())
            async with self._wire.turn(self, behind=was_late):
                if self._wire.stream is not None:
                    with contextlib.suppress(ConnectionError):  # hung up since, as some do after each answer
                        return await self._exchange(self._wire.stream, request)
                return await self._exchange(await self._connect(), request)

    async def close(self) -> None:
        """Let go of the wire; where nobody else is on it, it is hung up. The next request would connect again."""
        await self._wire.leave(self)

    async def _connect(self) -> Stream:
        try:
            async with asyncio.timeout(self._answer_s):
                self._wire.stream = await self._wire.connect()
        except TimeoutError as error:
            raise OSError(f"does not answer within {self._answer_s:g} s") from error
        except OSError as error:
            raise OSError(f"does not answer: {error.strerror or error}") from error
        return self._wire.stream

    async def _fall_quiet(self, stream: Stream) -> None:
        """Let answers of before go by: listen until nothing has come for as long as an answer may take."""
        try:
            with contextlib.suppress(TimeoutError):
                now_s = asyncio.get_running_loop().time
                end_s = now_s() + 2 * self._answer_s
                async with asyncio.timeout(self._answer_s) as silence:
                    while now_s() < end_s:
                        await stream.read()
                        silence.reschedule(now_s() + self._answer_s)
                raise OSError("talks without end")
        except BaseException:
            await self._wire.hang_up()
            raise
        self._wire.late.discard(self._unit)

    async def _exchange(self, stream: Stream, request: ModbusPDU) -> ModbusPDU:
        """Ask and hear. Whatever fails, being cancelled too, leaves no line behind on which its answer could come."""
        answer = None
        try:
            async with asyncio.timeout(self._answer_s):
                sent = self._framer.buildFrame(request)
                await stream.write(sent)
                can_tell = self._is_rtu and (self._wire.echoes or request.function_code in READS)
                heard = await self._hear(stream, sent if can_tell else b"")
            if not _belongs(heard, request):
                raise OSError("confirms something else than it was told")
            answer = heard
        except TimeoutError as error:
            raise OSError(f"does not answer within {self._answer_s:g} s") from error
        finally:
            if answer is None:
                if self._is_rtu:
                    self._wire.late.add(self._unit)
                await self._wire.hang_up()
        return answer

    async def _hear(self, stream: Stream, echo: bytes) -> ModbusPDU:
        """The first whole answer, after the echo of what we sent that some RS-485 adapters give. An echoed write looks
        like its own confirmation; so whether the line echoes is learnt from a read. What another unit says late
        goes by."""
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
                received, echo, self._wire.echoes = received[len(echo) :], b"", True
            try:
                used, answer = self._framer.handleFrame(received, 0, 0)
            except (ModbusException, struct.error, LookupError, ValueError) as error:
                raise OSError("answers something that is not Modbus") from error
            received = received[used:]
            if answer is not None and answer.dev_id not in self._wire.late - {self._unit}:
                return answer
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
