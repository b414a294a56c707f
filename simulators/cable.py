"""A serial cable that needs no hardware: two ptys whose far ends are joined, and that can be cut and made noisy.

`a` and `b` are port names that any program may open like /dev/ttyUSB0. As with a real cable, one end may be closed
and opened again without the other noticing, and bytes that nobody takes are lost.
"""

import asyncio
import os
import tty
from collections.abc import Callable
from typing import Self

READ_BYTES = 4096


class Cable:
    """Open on construction, inside a running event loop; `close` it at the end, or use it as a context manager.

    `cut` : while True nothing passes. `noise` : what passes is replaced by noise(bytes). `lost_bytes` : how many found
    the far end full.
    """

    def __init__(self) -> None:
        self.cut = False
        self.noise: Callable[[bytes], bytes] | None = None
        self.lost_bytes = 0
        (self._far_a, self._near_a), (self._far_b, self._near_b) = _open_pty(), _open_pty()
        self.a, self.b = os.ttyname(self._near_a), os.ttyname(self._near_b)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._far_a, self._pass_on, self._far_a, self._far_b)
        self._loop.add_reader(self._far_b, self._pass_on, self._far_b, self._far_a)

    def _pass_on(self, source: int, target: int) -> None:
        carried = os.read(source, READ_BYTES)
        if self.cut:
            return
        if self.noise is not None:
            carried = self.noise(carried)
        try:
            self.lost_bytes += len(carried) - os.write(target, carried)
        except BlockingIOError:
            self.lost_bytes += len(carried)

    def close(self) -> None:
        """Pull the cable out: both ports hang up."""
        for far in (self._far_a, self._far_b):
            self._loop.remove_reader(far)
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
