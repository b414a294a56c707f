"""A board tries itself, for who stands beside it: the node runs as it always does, and says once a second what it saw.

    SOUNDPOST {"s": 4, "low": -71, "high": 80, "pulses": 3, "fix": true, "words": 1, "up": true, ...}

low, high: of the microphone's words in that second, 24 bits; null where no sound came. words: frames that were the
gateway's word. A line with "error" instead says why the node could not be built. What is good enough, and what to do
where it is not, is for the other end of the cable to say (firmware/workshop/verdict.py).
"""

import asyncio
import gc
import json

from firmware.board.unload import let_go

MARK = "SOUNDPOST "
PULSES = 3


class NoWatchdog:
    """What the shell feeds here: a board that hears nothing must live to say so."""

    def feed(self) -> None:
        """Nothing."""


def run(ear_of, limit_s: int, watchdog) -> None:  # type: ignore[no-untyped-def]
    """Run the node until all is seen, for at most limit_s. ear_of(rate_hz): a MeasuredEar. watchdog: has `feed`, and is
    fed all the time."""
    from firmware.board import build as board  # noqa: PLC0415  (let go of, as main.py does)

    try:
        config = board.read_config()
        ear = ear_of(config.rate_hz)
        shell = board.build(config, ear, NoWatchdog())
    except (ValueError, OSError) as error:
        print(MARK + json.dumps({"error": str(error)}))
        return
    del board
    let_go()
    asyncio.run(_watch(shell, ear, limit_s, watchdog))


async def _watch(shell, ear, limit_s, watchdog) -> None:  # type: ignore[no-untyped-def]
    node = asyncio.create_task(shell.run())
    for second in range(1, limit_s + 1):
        await asyncio.sleep_ms(1000)
        watchdog.feed()
        print(MARK + json.dumps(reading(second, shell, ear)))
        heard = ear.low is not None and ear.low != ear.high
        if heard and shell.pulses >= PULSES and shell.node.words and shell.parser.has_fix:
            break
        ear.low = ear.high = None
    node.cancel()


def reading(second: int, shell, ear) -> "dict[str, object]":  # type: ignore[no-untyped-def]
    """What is so in this second."""
    return {
        "s": second,
        "low": ear.low,
        "high": ear.high,
        "pulses": shell.pulses,
        "fix": shell.parser.has_fix,
        "words": shell.node.words,
        "up": shell.link.is_up,
        "temperature_cc": shell.node.temperature_cc,
        "free": gc.mem_free(),
    }
