"""A TMP102 or one like it (LM75's registers) on I2C, in a shield in the air: the sound's speed hangs on it.

Register 0: two bytes, a twelve-bit two's complement number of 1/16 degree, left-justified (from general knowledge of
the LM75 family; a bench check is in docs/reference/hardware.md).
"""

from machine import I2C, Pin

ADDRESS = 0x48


class Thermometer:
    """Opens the bus at once; there need be no sensor on it."""

    def __init__(self, scl: int, sda: int) -> None:
        self._bus = I2C(0, scl=Pin(scl), sda=Pin(sda), freq=100_000)

    def read_cc(self) -> "int | None":
        """Centi-degrees Celsius, or None where no sensor answers."""
        try:
            high, low = self._bus.readfrom_mem(ADDRESS, 0, 2)
        except OSError:
            return None
        sixteenths = ((high << 8 | low) >> 4 ^ 0x800) - 0x800
        return sixteenths * 100 // 16
