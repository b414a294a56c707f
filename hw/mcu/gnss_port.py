"""The GNSS receiver's serial port. Asks a u-blox receiver for UBX-NAV-PVT and UBX-TIM-TP once a second.

UBX-CFG-MSG (class 6, id 1): class, id and six rates, the second of which is UART1's; a receiver that does not know it
ignores it, and NMEA, which it sends by itself, does instead.
"""

from asyncio import StreamReader, wait_for_ms
from asyncio import TimeoutError as Late

from machine import UART, Pin

BAUD = 9600
READ_BYTES = 256
LIMIT_MS = 1500
ASK = (
    b"\xb5b\x06\x01\x08\x00\x01\x07\x00\x01\x00\x00\x00\x00\x18\xe1"
    b"\xb5b\x06\x01\x08\x00\x0d\x01\x00\x01\x00\x00\x00\x00\x1e\x17"
)


class GnssPort:
    """Opens the port at once."""

    def __init__(self, uart: int, tx: int, rx: int, baud: int = BAUD) -> None:
        self._uart = UART(uart, baudrate=baud, tx=Pin(tx), rx=Pin(rx), rxbuf=1024)
        self._stream = StreamReader(self._uart)

    def ask(self) -> None:
        """Ask for the messages that name the second."""
        self._uart.write(ASK)

    async def read(self) -> bytes:
        """The next bytes; none where the receiver says nothing for LIMIT_MS."""
        try:
            return await wait_for_ms(self._stream.read(READ_BYTES), LIMIT_MS) or b""
        except Late:
            return b""
