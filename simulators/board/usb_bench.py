"""A board on a technician's USB cable: the bench's, with a pty for its console and LittleFS in a file for its flash.

The real MicroPython runs in it as on a board: a hard reset runs boot.py and main.py, a soft reset in the raw REPL
boot.py alone. The cable can be pulled after so many bytes, or at once, which cuts the board's power; what was written
to its flash stays.
"""

import asyncio
import contextlib
import os
import sys
import termios
import time
import tty
from pathlib import Path

from simulators.board.bench import HEAP, WATCHDOG_S, Bench

START = Path(__file__).parent / "usb_start.py"
MACHINES = {"esp32s3": "Generic ESP32S3 module with ESP32S3", "rp2350": "Raspberry Pi Pico2 with RP2350"}
BLOCK_BYTES = 4096
PATIENCE_S = 0.5
INTERRUPT, SOFT_RESET = 0x03, b"\r\nMPY: soft reboot\r\n"
HOLD_TTY = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"


class UsbBench(Bench):
    """As Bench; n_blocks : of its flash. `link` is the port's name, which is there while the cable is in."""

    def __init__(self, folder: Path, config: dict[str, object], *, n_blocks: int = 256, port: str, seed: int,
                 start_s: int) -> None:  # fmt: skip
        super().__init__(folder, "bare", bytes(32), config, Path("/nowhere"), port=port, seed=seed, start_s=start_s)
        self.link, self._n_blocks = folder / "ttyUSB0", n_blocks
        (folder / "flash").write_bytes(b"\xff" * BLOCK_BYTES * n_blocks)
        self._outer = self._inner = -1
        self._left: int | None = None
        self._held = bytearray()
        self._is_raw = False
        self.said = bytearray()
        self._life: asyncio.Task[None] | None = None

    async def start(self, micropython: str) -> None:
        """Plug it in: the board has power, and the port is there."""
        self._micropython = micropython
        self._outer, near = os.openpty()
        tty.setraw(near)
        os.set_blocking(self._outer, False)
        self._near = near
        self.link.unlink(missing_ok=True)
        self.link.symlink_to(os.ttyname(near))
        asyncio.get_running_loop().add_reader(self._outer, self._from_host)
        self._life = asyncio.create_task(self._live(micropython))

    async def _guard(self) -> None:
        """The watchdog, once it was started: what has not fed it for WATCHDOG_S starts anew."""
        while True:
            await asyncio.sleep(0.25)
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                hungry_s = time.time() - (self.folder / "watchdog").stat().st_mtime
                if hungry_s > WATCHDOG_S and self._process is not None and self._process.returncode is None:
                    self._process.kill()

    def drive_reset(self) -> None:
        """Press its RESET button."""
        assert self._process is not None
        self._process.kill()

    def drive_unplug(self, after_bytes: int) -> None:
        """Pull the cable when so many more bytes have come from the host."""
        self._left = after_bytes

    async def unplug(self) -> None:
        """Pull the cable: no power, no port."""
        if self._life is not None:
            self._life.cancel()
            await asyncio.gather(self._life, return_exceptions=True)
            self._life = None
        self._hang_up()
        await self._end()

    async def kill(self) -> None:
        await self.unplug()

    def _hang_up(self) -> None:
        self.link.unlink(missing_ok=True)
        if self._outer >= 0:
            asyncio.get_running_loop().remove_reader(self._outer)
            os.close(self._near)
            os.close(self._outer)
        self._outer = -1

    async def _live(self, micropython: str) -> None:
        """From power on to power off: run after run, each after the reset that ended the one before."""
        then = "main"
        while True:
            await self._boot(micropython, then)
            assert self._process is not None
            status = await self._process.wait()
            asyncio.get_running_loop().remove_reader(self._inner)
            os.close(self._inner)
            then = "-" if status == 0 and self._is_raw else "main"
            if then == "-":
                self._to_host(SOFT_RESET)
            else:
                self._is_raw = False
                self.resets += 1

    async def _boot(self, micropython: str, then: str) -> None:
        with contextlib.suppress(BlockingIOError):
            while os.read(self._pipe, 1 << 16):
                pass
        (self.folder / "watchdog").unlink(missing_ok=True)
        self._inner, slave = os.openpty()
        _half_raw(slave)
        os.set_blocking(self._inner, False)
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-S", "-c", HOLD_TTY, micropython, "-X", f"heapsize={HEAP}", "-i", str(START),
            str(self.folder / "flash"), str(self._n_blocks), MACHINES[self.chip], then,
            stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            env={"MICROPYPATH": f"{self._rom.name}:.frozen", "SOUNDPOST_BOARD": str(self.folder)},
        )  # fmt: skip
        os.close(slave)
        if then == "-":
            self._held[:0] = b"\x01"  # a soft reset stays in the raw REPL
        self._ready = then == "main"
        asyncio.get_running_loop().add_reader(self._inner, self._from_board)

    def _from_host(self) -> None:
        with contextlib.suppress(OSError):
            carried = os.read(self._outer, 4096)
            if self._left is not None:
                carried = carried[: self._left]
                self._left -= len(carried)
                if self._left <= 0:
                    self._left = None
                    asyncio.get_running_loop().create_task(self.unplug())
            self._held.extend(carried)
            self._pass_on()

    def _pass_on(self) -> None:
        """Bytes to the board, up to the next interrupt; what follows one waits for its prompt, as USB makes it."""
        while self._ready and self._held and self._inner >= 0:
            at = self._held.find(INTERRUPT)
            n = at + 1 if at >= 0 else min(len(self._held), 256)
            part, self._held = bytes(self._held[:n]), self._held[n:]
            if b"\x01" in part:
                self._is_raw = True
            os.write(self._inner, part)
            if at >= 0:
                self._ready = False
                asyncio.get_running_loop().call_later(PATIENCE_S, self._go_on)

    def _go_on(self) -> None:
        self._ready = True
        self._pass_on()

    def _from_board(self) -> None:
        try:
            said = os.read(self._inner, 4096)
        except OSError:  # the process has ended
            asyncio.get_running_loop().remove_reader(self._inner)
            return
        self.said.extend(said)
        self._to_host(said)
        if said.endswith(b">>> "):
            self._go_on()

    def _to_host(self, said: bytes) -> None:
        if self._outer >= 0:
            with contextlib.suppress(BlockingIOError):
                os.write(self._outer, said)

    def console(self) -> str:
        """All that it has printed."""
        return self.said.decode("utf-8", "replace")


def _half_raw(slave: int) -> None:
    """A terminal that changes no byte, but on which Ctrl-C interrupts."""
    tty.setraw(slave)
    settings = termios.tcgetattr(slave)
    settings[3] |= termios.ISIG | termios.NOFLSH
    termios.tcsetattr(slave, termios.TCSANOW, settings)
