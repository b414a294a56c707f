"""How long somebody waits who was wrong too often: per account and per address, longer each time.

After FREE wrong answers the wait is FIRST_S, doubled with each further one up to LONGEST_S: 96 tries a day at most for
an account. A name that no account has waits alike. Bounded: beyond MOST keys the one that was wrong longest ago is
forgotten, and counted.

The clock may be set while somebody waits. Where it was set back, what is left is counted from the new time on; an
"Unlock" counts because it came since the wrong answer, whatever the clock said at either.
"""

from collections import OrderedDict
from dataclasses import dataclass, replace

import structlog

S = 1_000_000
FIRST_S, LONGEST_S = 2, 900
FORGOTTEN_S = 86_400
EASED_S = 3600
"""Each such time without a wrong answer takes one away: the typos of weeks shut no office out."""
MOST, TOLD_EACH = 20_000, 1000
log = structlog.get_logger("gateway.web")


@dataclass(frozen=True, slots=True)
class _Wrong:
    times: int
    last_us: int
    until_us: int
    forgiven_us: int


class Waits:
    """free : wrong answers that cost no waiting."""

    def __init__(self, free: int, most: int = MOST) -> None:
        self._free, self._most = free, most
        self._wrong: OrderedDict[str, _Wrong] = OrderedDict()
        self.n_forgotten = 0

    def left_us(self, key: str, now_us: int, forgiven_us: int = -1) -> int:
        """How long this one still waits; 0 for who may try. forgiven_us : when all was forgiven last; what was wrong
        while that was another time does not count."""
        found = self._wrong.get(key)
        if found is None or found.forgiven_us != forgiven_us:
            return 0
        if found.last_us > now_us:  # the clock was set back
            found = replace(found, last_us=now_us, until_us=now_us + found.until_us - found.last_us)
            self._wrong[key] = found
        return max(0, found.until_us - now_us)

    def wrong(self, key: str, now_us: int, forgiven_us: int = -1) -> int:
        """Another wrong answer. Returns how many there were."""
        found = self._wrong.pop(key, None)
        stale = found is None or found.forgiven_us != forgiven_us or now_us - found.last_us > FORGOTTEN_S * S
        eased = 0 if found is None else max(0, now_us - found.last_us) // (EASED_S * S)
        times = 1 if found is None or stale else max(0, found.times - eased) + 1
        over = times - self._free
        wait_s = 0 if over < 0 else min(LONGEST_S, FIRST_S * 2 ** min(over, 20))
        self._wrong[key] = _Wrong(times, now_us, now_us + wait_s * S, forgiven_us)
        if len(self._wrong) > self._most:
            self._wrong.popitem(last=False)
            self.n_forgotten += 1
            if self.n_forgotten % TOLD_EACH == 1:
                log.warning("more wait than are remembered: the oldest was forgotten", forgotten=self.n_forgotten)
        return times

    def right(self, key: str) -> None:
        """The right answer: the next wrong one is the first."""
        self._wrong.pop(key, None)

    def __len__(self) -> int:
        return len(self._wrong)
