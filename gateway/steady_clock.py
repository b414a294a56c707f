"""The gateway's time: UTC that goes forward, and says when it was stepped.

The host's clock may be wrong, and be set right while the gateway runs. Between two readings of it this one goes on by
the monotonic clock; where the host's differs by no more than STEP_US, it is followed (chrony slews so), never back and
never the same twice: a journal's frames are replayed by when they came. Where it differs by more it was stepped, and
the gateway's time goes on as it was until `stepped` is asked.
"""

from collections.abc import Callable

from gateway.incident import ClockStep

STEP_US = 1_000_000


class SteadyClock:
    """utc_us : the host's clock. elapsed_us : a clock that nobody sets, from any beginning."""

    def __init__(self, utc_us: Callable[[], int], elapsed_us: Callable[[], int]) -> None:
        self._utc_us, self._elapsed_us = utc_us, elapsed_us
        self._last_us = utc_us()
        self._apart_us = self._last_us - elapsed_us()

    def now_us(self) -> int:
        """Microseconds UTC, later than at any call before but for a step that was told."""
        utc_us, reckoned_us = self._utc_us(), self._elapsed_us() + self._apart_us
        if abs(utc_us - reckoned_us) <= STEP_US:
            self._apart_us += utc_us - reckoned_us
            reckoned_us = utc_us
        self._last_us = max(self._last_us + 1, reckoned_us)
        return self._last_us

    def stepped(self) -> ClockStep | None:
        """The step that the host's clock has made since the last call, which `now_us` takes from here on."""
        utc_us, elapsed_us = self._utc_us(), self._elapsed_us()
        if abs(utc_us - elapsed_us - self._apart_us) <= STEP_US:
            return None
        step = ClockStep(max(self._last_us + 1, elapsed_us + self._apart_us), utc_us)
        self._apart_us, self._last_us = utc_us - elapsed_us, utc_us
        return step
