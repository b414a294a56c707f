"""Which pin does what on the two reference nodes; docs/reference/hardware.md draws them. node.json may say otherwise.

granule: how many frames a chip drops at a time when its microphone is not read (notes/micropython.md 7.1). The LED and
the RS-485 driver are on when high.
"""

import sys
from collections import namedtuple

Pins = namedtuple(
    "Pins",
    ("granule", "sck", "ws", "sd", "gnss_tx", "gnss_rx", "rs485_tx", "rs485_rx", "rs485_de", "scl", "sda", "led"),
)
PIN_NAMES = ("sck", "ws", "sd", "gnss_tx", "gnss_rx", "rs485_tx", "rs485_rx", "rs485_de", "scl", "sda", "led")
"""Those of Pins that node.json may set."""

CHIPS = {
    "esp32s3": Pins(256, 4, 5, 6, 17, 18, 15, 16, 7, 9, 8, 2),
    "rp2350": Pins(16, 10, 11, 12, 4, 5, 0, 1, 2, 17, 16, 22),
}
GNSS_UART = {"esp32s3": 1, "rp2350": 1}
RS485_UART = {"esp32s3": 2, "rp2350": 0}


def usual_led() -> int:
    """The LED's pin where no config says which board this is."""
    return CHIPS["rp2350" if sys.platform == "rp2" else "esp32s3"].led
