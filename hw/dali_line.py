"""A DALI bus behind a serial gateway: forward frames out, backward frames in, one at a time.

The gateway speaks as the Lunatone DALI SCI RS232 does, known to us through python-dali 0.16 (dali/driver/serial.py)
and not from its datasheet: five bytes each way at 38,400 baud, the last the XOR of the others. Out: control (0x20 echo,
0x10 send twice, low four bits 3 for a frame of 16 bits), two bytes of frame, 0. In: status (low four bits 0 sent, 1 no
answer, 2 a backward frame in the fourth byte, 7 an error named by it), three bytes. A frame and its answer take some
25 ms on the bus (1200 bit/s).
"""

import asyncio
from urllib.parse import parse_qs, urlsplit

from dali.command import Command

from hw.serial_port import SerialPort, open_serial_port

ANSWER_S = 0.5
MESSAGE_BYTES = 5
ECHO, TWICE, SEND_16 = 0x20, 0x10, 0x03
SENT, NO_ANSWER, BACKWARD, FAULT = 0, 1, 2, 7
FAULTS = {1: "a wrong checksum", 2: "a short circuit on the bus", 3: "a damaged frame", 5: "a collision on the bus"}
MOST_MESSAGES = 20
"""Other masters may speak on the bus; whoever says more than this between question and answer talks without end."""
FORM = "must be dali:///dev/PORT?baud=38400"


class DaliLine:
    """The bus at `url`, dali:///dev/ttyUSB0?baud=38400. It opens the port when first asked, and anew after any fault.

    Raises ValueError for a url that makes no sense.
    """

    def __init__(self, url: str, answer_s: float = ANSWER_S) -> None:
        parts = urlsplit(url)
        try:
            asked = {name: int(values[0]) for name, values in parse_qs(parts.query, True, bool(parts.query)).items()}
            self._baud = asked.pop("baud", 38400)
            if asked or parts.scheme != "dali" or not parts.path or parts.netloc or self._baud <= 0:
                raise ValueError
        except ValueError as error:
            raise ValueError(f"lamps url {url!r}: {FORM}") from error
        self._name, self._answer_s = parts.path, answer_s
        self._port: SerialPort | None = None
        self._received = b""
        self._alone = asyncio.Lock()

    async def ask(self, command: Command) -> int | None:
        """Send a frame. Comes back: the byte of the backward frame, None where nobody answered or nothing was asked.
        Raises OSError that says what the gateway does; then the port is opened anew for the next."""
        async with self._alone:
            done = False
            try:
                async with asyncio.timeout(self._answer_s):
                    answer = await self._exchange(command)
                done = True
            except TimeoutError:
                raise OSError(f"does not answer within {self._answer_s:g} s") from None
            finally:
                if not done:  # cancelled, too: no later request may be given this one's answer
                    await self.close()
            return answer

    async def close(self) -> None:
        """Let go of the port. The next request would open it again."""
        port, self._port = self._port, None
        if port is not None:
            await port.close()

    async def _exchange(self, command: Command) -> int | None:
        if self._port is None:
            self._port, self._received = await open_serial_port(self._name, self._baud), b""
        frame = bytes(command.frame.as_byte_sequence)
        control = ECHO | SEND_16 | (TWICE if command.sendtwice else 0)
        message = bytes([control, *frame, 0])
        await self._port.write(message + bytes([_checksum(message)]))
        asks = command.response is not None
        for _ in range(MOST_MESSAGES):
            code, value = await self._message(self._port)
            if code == FAULT:
                raise OSError(f"reports {FAULTS.get(value, f'fault {value}')}")
            if code == NO_ANSWER or (code == SENT and not asks):
                return None
            if code == BACKWARD and asks:
                return value
        raise OSError("talks without end")

    async def _message(self, port: SerialPort) -> tuple[int, int]:
        """The next whole message: its code, and its last byte."""
        while len(self._received) < MESSAGE_BYTES:
            part = await port.read()
            if not part:
                raise OSError("does not answer: the port is closed")
            self._received += part
        message, self._received = self._received[:MESSAGE_BYTES], self._received[MESSAGE_BYTES:]
        if _checksum(message[:-1]) != message[-1]:
            raise OSError("answers with a wrong checksum")
        return message[0] & 0x0F, message[3]


def _checksum(data: bytes) -> int:
    total = 0
    for byte in data:
        total ^= byte
    return total
