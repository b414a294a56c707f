"""A serial cable that needs no hardware: two ptys whose far ends are joined, and that can be cut and made noisy.

`a` and `b` are port names that any program may open like /dev/ttyUSB0. As with a real cable, one end may be closed
and opened again without the other noticing. An end that nobody reads makes the other's writer wait, as a line with
flow control does; nothing is lost but what is cut or spoilt.
"""

import asyncio
import contextlib
import os
import tty
from collections.abc import Callable
from typing import Self

READ_BYTES = 4096


class Cable:
    """Open on construction, inside a running event loop; `close` it at the end, or use it as a context manager.

    `cut` : while True nothing passes. `noise` : what passes is replaced by noise(bytes).
    """

    def __init__(self) -> None:
        self.cut = False
        self.noise: Callable[[bytes], bytes] | None = None
        (self._far_a, self._near_a), (self._far_b, self._near_b) = _open_pty(), _open_pty()
        self.a, self.b = os.ttyname(self._near_a), os.ttyname(self._near_b)
        self._loop = asyncio.get_running_loop()
        self._listen(self._far_a, self._far_b)
        self._listen(self._far_b, self._far_a)

    def _listen(self, source: int, target: int) -> None:
        self._loop.add_reader(source, self._pass_on, source, target)

    def _pass_on(self, source: int, target: int) -> None:
        carried = os.read(source, READ_BYTES)
        if self.cut:
            return
        self._hand_over(source, target, self.noise(carried) if self.noise is not None else carried)

    def _hand_over(self, source: int, target: int, rest: bytes) -> None:
        """Give the target what it takes; while it does not take all, the source waits."""
        with contextlib.suppress(BlockingIOError):
            rest = rest[os.write(target, rest) :]
        if rest:
            self._loop.remove_reader(source)
            self._loop.add_writer(target, self._hand_over, source, target, rest)
        else:
            self._loop.remove_writer(target)
            self._listen(source, target)

    def close(self) -> None:
        """Pull the cable out: both ports hang up."""
        for far in (self._far_a, self._far_b):
            self._loop.remove_reader(far)
            self._loop.remove_writer(far)
        for end in (self._far_a, self._near_a, self._far_b, self._near_b):
            os.close(end)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()


def _open_pty() -> tuple[int, int]:
    """(far, near) file descriptors of a raw pty; the near one is held open so that the port outlives its users."""
    far, near = os.openpty()
    tty.setraw(near)
    os.set_blocking(far, False)
    return far, near
