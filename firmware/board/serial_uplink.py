"""What opens a board's line to its gateway over RS-485. Loaded only on a board that has one
(firmware/board/build.py)."""

from hw.mcu.rs485_line import Rs485Line


def opener(uart: int, tx: int, rx: int, de: int, baud: int):  # type: ignore[no-untyped-def]
    """The line is there at once, and always the same."""
    line = Rs485Line(uart, tx, rx, de, baud)

    async def open_line() -> Rs485Line:
        return line

    return open_line
