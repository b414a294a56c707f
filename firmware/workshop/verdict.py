"""What a board's readings of itself say: what is good, what is not, and what to do next. Pure.

Readings are the lines of firmware/board/check.py. docs/reference/hardware.md has the same faults by the LED's code.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Reading = Mapping[str, object]

MARK = "SOUNDPOST "
"""What a reading's line begins with (firmware/board/check.py has the same)."""
FULL_SCALE = 1 << 23
QUIETEST_DB = -100.0
"""dB re full scale, the peak of a second. Chosen: an INMP441's own noise (61 dBA below 94 dB SPL, which is 26 dB below
full scale: notes/micropython.md 7.4 has the overload; the rest from general knowledge) is some 15 dB above it."""
LEAST_PULSES = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """name : what was tried. figure : what was seen. next_action : what to do, "" where all is well."""

    name: str
    figure: str
    next_action: str = ""

    @property
    def is_good(self) -> bool:
        """Whether there is nothing to do."""
        return not self.next_action


def judge(readings: Sequence[Reading], fingerprint: str) -> list[Finding]:
    """One finding each of microphone, PPS, GNSS and gateway, and the heap. fingerprint : of the node's key."""
    said = next((str(reading["error"]) for reading in readings if "error" in reading), "")
    if said:
        return [Finding("node", said, "provision the board again: what it has on its flash is not what it must be")]
    if not readings:
        why = "the firmware does not start; look at `soundpost board logs`, then provision again"
        return [Finding("node", "said nothing", why)]
    last = readings[-1]
    heap = Finding("heap", f"{last.get('free', '?')} bytes free")
    return [_microphone(readings), _pulses(last), _fix(last), _gateway(last, fingerprint), heap]


def peak_db(low: int, high: int) -> float:
    """Of the greatest swing from the middle of 24-bit words, dB re full scale."""
    return 20 * math.log10(max((high - low) / 2, 0.5) / FULL_SCALE)


def _microphone(readings: Sequence[Reading]) -> Finding:
    heard = [(reading["low"], reading["high"]) for reading in readings if isinstance(reading.get("low"), int)]
    if not heard:
        return Finding("microphone", "no sound comes", "SCK and WS to the microphone; is it powered?")
    low, high = heard[-1]
    assert isinstance(low, int)
    assert isinstance(high, int)
    if low == high:
        what = "silent: every word is 0" if low == 0 else f"stuck: every word is {low}"
        return Finding("microphone", what, "SD and its 100 kOhm; L/R to ground, which puts it in the left slot")
    level_db = peak_db(low, high)
    figure = f"peak {level_db:.0f} dBFS"
    if level_db < QUIETEST_DB:
        return Finding(
            "microphone", f"silent: {figure}", f"its port is closed, or it is dead: {QUIETEST_DB:.0f} is least"
        )
    return Finding("microphone", figure)


def _pulses(last: Reading) -> Finding:
    n = last["pulses"]
    assert isinstance(n, int)
    figure = f"{n} pulses in {last['s']} s"
    if n >= LEAST_PULSES:
        return Finding("pps", figure)
    why = "no PPS in the sound: " if n == 0 else "too few pulses: "
    return Finding(
        "pps", figure, why + "the PPS wire, the gate (126, not 125), its OE on WS; no receiver sends it unfixed"
    )


def _fix(last: Reading) -> Finding:
    if last["fix"]:
        return Finding("gnss", "fix")
    if last["fix"] is None:
        return Finding("gnss", "the receiver says nothing", "its power; TX to RX and RX to TX; 9600 baud")
    return Finding("gnss", "no fix", "antenna and sky; wait 15 minutes after the first start, then check again")


def _gateway(last: Reading, fingerprint: str) -> Finding:
    if last["words"]:
        return Finding("gateway", "acked")
    enrolled = f"is the node enrolled there with the key {fingerprint}? (`soundpost keys list` shows it)"
    if last["up"]:
        return Finding("gateway", "no ack", f"A and B of the pair; is the gateway up? {enrolled}")
    return Finding("gateway", "no line to it", f"network, its password, the broker's key and address; {enrolled}")
