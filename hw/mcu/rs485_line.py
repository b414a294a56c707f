"""Frames over RS-485, as COBS (hw/mcu/cobs.py). The driver is switched to the pair only while we send.

`flush` is waited for before the driver is switched off: a UART has sent its last bit some time after it took it.
"""

from asyncio import StreamReader, StreamWriter, sleep_ms

from machine import UART, Pin

from hw.mcu.cobs import Deframer, Enframer

READ_BYTES = 512


class Rs485Line:
    """A line that carries whole frames both ways. Opens its port at once; is there as long as the node is."""

    def __init__(self, uart: int, tx: int, rx: int, de: int, baud: int) -> None:
        self._uart = UART(uart, baudrate=baud, tx=Pin(tx), rx=Pin(rx), txbuf=4096, rxbuf=4096)
        self._driver = Pin(de, Pin.OUT)
        self._driver.value(0)
        self._reader, self._writer = StreamReader(self._uart), StreamWriter(self._uart, {})
        self._deframer, self._enframer = Deframer(), Enframer()

    async def read_frames(self) -> list[bytes]:
        """The frames that the next bytes complete. OSError when the port is gone."""
        received = await self._reader.read(READ_BYTES)
        if not received:
            raise OSError("the serial line is gone")
        return self._deframer.feed(received)

    async def write_frame(self, frame: bytes) -> None:
        """Returns when it is sent."""
        self._driver.value(1)
        try:
            self._writer.write(self._enframer.enframe(frame))
            await self._writer.drain()
            while not self._uart.txdone():
                await sleep_ms(1)
        finally:
            self._driver.value(0)

    async def tend(self) -> None:
        """Nothing: a pair of wires wants no care."""

    async def close(self) -> None:
        """Nothing: the port stays ours."""
