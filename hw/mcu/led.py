"""The one LED of a node: on or off."""

from machine import Pin


class Led:
    """On when its pin is high."""

    def __init__(self, pin: int) -> None:
        self._pin = Pin(pin, Pin.OUT)

    def show(self, is_on: bool) -> None:
        """Light it, or not."""
        self._pin.value(int(is_on))
