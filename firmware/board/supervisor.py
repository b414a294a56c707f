"""Feeds the watchdog while everybody's heart beats, and not a moment longer.

Each task of the board says `beat` as it goes round. The supervisor says whether all of them did so lately enough. A
timer that feeds the watchdog would feed it for a node that has long been deaf. Portable and pure.
"""


class Supervisor:
    """limits_ms: task -> how long it may go without a beat."""

    def __init__(self, limits_ms: dict[str, int], now_ms: int) -> None:
        self._limits_ms = limits_ms
        self._last_ms = {name: now_ms for name in limits_ms}

    def beat(self, name: str, now_ms: int) -> None:
        """The task goes round. KeyError for a task that nobody watches."""
        if name not in self._limits_ms:
            raise KeyError(name)
        self._last_ms[name] = now_ms

    def late(self, now_ms: int) -> list[str]:
        """The tasks that ought to have come round again by now: while there are none, the watchdog may be fed."""
        return [name for name in sorted(self._limits_ms) if now_ms - self._last_ms[name] > self._limits_ms[name]]
