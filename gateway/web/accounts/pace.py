"""How often somebody may ask: so many at once, and as many again in a minute, evenly (a token bucket). Bounded: beyond
MOST the one that asked longest ago is forgotten. Pure; time is an argument. Where the clock was set back nobody gains
and nobody loses."""

from collections import OrderedDict

MINUTE_US = 60_000_000
MOST = 1000


class Pace:
    """per_min : how many in a minute, and at once for who asked nothing in the last one."""

    def __init__(self, per_min: int, most: int = MOST) -> None:
        self._each_us, self._most = MINUTE_US // per_min, most
        self._free_us: OrderedDict[str, tuple[int, int]] = OrderedDict()  # by key: what is left, of MINUTE_US, and when

    def wait_us(self, key: str, now_us: int) -> int:
        """0, and it is counted; else how long to wait, and it is not."""
        left_us, seen_us = self._free_us.pop(key, (MINUTE_US, now_us))
        left_us = min(MINUTE_US, left_us + max(0, now_us - seen_us))
        wait_us = max(0, self._each_us - left_us)
        self._free_us[key] = left_us - (0 if wait_us else self._each_us), now_us
        if len(self._free_us) > self._most:
            self._free_us.popitem(last=False)
        return wait_us
