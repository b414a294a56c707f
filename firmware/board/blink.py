"""What a node's one LED says to who stands under the pole. docs/reference/hardware.md has the same table.

A code is that many short flashes and a pause; the worst that is wrong is shown. A healthy node flashes once in four
seconds; one that was asked to identify itself blinks fast. Portable and pure.
"""

CODES = (
    (1, "uplink", "no word from the gateway for two minutes"),
    (2, "fix", "the GNSS receiver has no fix"),
    (3, "pps", "no pulse in the sound"),
    (4, "microphone", "the microphone is silent or stuck"),
    (5, "outbox", "records are kept in memory only"),
    (6, "config", "node.json or a key is not what it must be"),
)
"""Flashes, what is wrong, in words; a later one is worse."""
FLASH_MS, SPACE_MS, PAUSE_MS = 150, 250, 1_400
HEALTHY_MS, SHORT_MS = 4_000, 80
FAST_MS = 100


def code_of(wrong: "set[str]") -> int:
    """The code of the worst of what is wrong; 0 where nothing is."""
    return max([0] + [number for number, name, _ in CODES if name in wrong])


def is_on(code: int, now_ms: int) -> bool:
    """Whether the LED is on at this moment, showing this code."""
    if code == 0:
        return now_ms % HEALTHY_MS < SHORT_MS
    step_ms = FLASH_MS + SPACE_MS
    at_ms = now_ms % (code * step_ms + PAUSE_MS)
    return at_ms < code * step_ms and at_ms % step_ms < FLASH_MS


def is_on_to_identify(now_ms: int) -> bool:
    """The same for a node that was asked to identify itself."""
    return now_ms // FAST_MS % 2 == 0
