"""A small program that outlives the gateway: it puts lamps back whose bus or pins cannot do so by themselves.

The gateway starts it (hw/guarded_lamps.py) and tells it by a pipe which lamps are up: what each was, and what it was
told. When the pipe ends the gateway is dead, however it died. Then each lamp that is still as it was left goes back to
what it was; one that is at something else was set by somebody, and stays. Where a gateway is started again meanwhile,
its own guard waits until this one has ended, and the gateway for its guard: two never speak to one bus.

Lines in, JSON: first {"url", "answer_s", "channels"}, then {"up": {CHANNEL: [was_pct, raw, told_pct]}} whenever that
changes. One line out, `ready`: nobody else looks after these lamps.
"""

import asyncio
import contextlib
import hashlib
import importlib
import json
import signal
import socket
import sys
import time
from collections.abc import Mapping
from typing import Any, Protocol

from hw.ports import Lamps

DRIVERS = {"dali": ("hw.dali_lamps", "DaliLamps"), "gpio": ("hw.gpio_lamps", "GpioLamps")}
READY = "ready"
PUT_BACK_S = 8.0  # the promise is 10 s from the gateway's death
WAIT_S = 12.0  # for the guard of a gateway before
LOOK_S, AGAIN_S = 0.05, 0.2


class Exact(Lamps, Protocol):
    """Levels finer than per cent. raw : what stands behind a level that was read. learn : tell it."""

    def raw(self, channel: int, level_pct: int) -> int: ...

    def learn(self, channel: int, level_pct: int, raw: int) -> None: ...


Up = Mapping[int, tuple[int, int, int]]


async def put_back(lamps: Exact, up: Up, limit_s: float = PUT_BACK_S) -> list[int]:
    """Put lamps back that are as they were left, again and again until each is, or the time is over. Comes back: those
    that are not."""
    left = dict(up)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(limit_s):
            while left:
                for channel, (was_pct, raw, told_pct) in tuple(left.items()):
                    with contextlib.suppress(OSError):
                        if await _is_back(lamps, channel, was_pct, raw, told_pct):
                            del left[channel]
                if left:
                    await asyncio.sleep(AGAIN_S)
    await lamps.close()
    return sorted(left)


async def _is_back(lamps: Exact, channel: int, was_pct: int, raw: int, told_pct: int) -> bool:
    found_pct = await lamps.read_level(channel)
    if found_pct == was_pct or not min(was_pct, told_pct) <= found_pct <= max(was_pct, told_pct):
        return True
    lamps.learn(channel, was_pct, raw)
    await lamps.write_level(channel, was_pct)
    return await lamps.read_level(channel) == was_pct


def alone(url: str, channels: list[int]) -> socket.socket:
    """Held as long as it is open: nobody else looks after these lamps on this computer. Raises OSError where somebody
    does for longer than WAIT_S."""
    name = hashlib.sha256(f"{url} {sorted(channels)}".encode()).hexdigest()[:32]
    held, until_s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM), time.monotonic() + WAIT_S
    while True:
        try:
            held.bind(f"\0soundpost-lamps-{name}")
        except OSError:
            if time.monotonic() > until_s:
                held.close()
                raise
            time.sleep(LOOK_S)
        else:
            return held


def last_state(lines: list[str]) -> dict[int, tuple[int, int, int]]:
    """What the last whole line says."""
    for line in reversed(lines):
        with contextlib.suppress(ValueError, KeyError, TypeError):
            return {int(channel): (was, raw, told) for channel, (was, raw, told) in json.loads(line)["up"].items()}
    return {}


def _say(words: str) -> None:
    with contextlib.suppress(OSError):  # whoever read our words may be dead, too
        sys.stderr.write(f"lamp guard: {words}\n")
        sys.stderr.flush()


def main() -> int:
    """Guard until the pipe ends. Returns the exit status: 1 where lamps are not back."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # it ends with its gateway, and by nothing else
        signal.signal(number, signal.SIG_IGN)
    asked: dict[str, Any] = json.loads(sys.stdin.readline())
    url = str(asked["url"])
    scheme = url.partition(":")[0]
    module, name = DRIVERS[scheme]
    driver = getattr(importlib.import_module(module), name)  # now: later the disk may be gone
    lamps: Exact = driver(url, asked["answer_s"]) if scheme == "dali" else driver(url)
    with alone(url, asked["channels"]):
        sys.stdout.write(f"{READY}\n")
        sys.stdout.flush()
        last = ["", ""]
        for line in sys.stdin:  # the last may be cut short
            last = [last[1], line]
        up = last_state(last)
        if not up:
            return 0
        _say(f"the gateway is gone; url={url} lamps={len(up)} go back to what they were")
        left = asyncio.run(put_back(lamps, up))
        _say(f"url={url} " + (f"channels {left} are not back" if left else "all are back"))
        return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
