"""A real Mosquitto on a port of its own, that can be killed and started again."""

import asyncio
import signal
from pathlib import Path

from simulators.ports import free_ports

START_S = 10.0


class Mosquitto:
    """program : the broker's path. folder : where its config is written. port : None for a free one. more : lines of
    its config."""

    def __init__(self, program: str | Path, folder: Path, port: int | None = None, more: str = "") -> None:
        self.port = free_ports(1)[0] if port is None else port
        lines = f"listener {self.port} 127.0.0.1\nallow_anonymous true\nlog_type error\n{more}"
        (folder / "mosquitto.conf").write_text(lines)
        self._command = (str(program), "-c", str(folder / "mosquitto.conf"))
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> "Mosquitto":
        """Returns when it listens. TimeoutError where it does not."""
        self._process = await asyncio.create_subprocess_exec(*self._command)
        async with asyncio.timeout(START_S):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                except OSError:
                    await asyncio.sleep(0.01)
                else:
                    writer.close()
                    return self

    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.returncode is None

    async def stop(self, number: int = signal.SIGKILL) -> None:
        """End it, as a crash would."""
        assert self._process is not None
        self._process.send_signal(number)
        await self._process.wait()
