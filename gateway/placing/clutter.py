"""How many impulses of no round each pole hears: measured, not assumed. Pure.

Each arrival that was decided to be of no round counts 1, and fades with FADES_US of event time, before and behind it:

    rate(t) = sum over these arrivals of exp(-|t - t_i| / FADES_US) / FADES_US

This is the rate of a Poisson process seen through an exponential window (general knowledge); a sum has no order, so it
does not matter in which order arrivals are told. What was let go for want of room does not count: it can make no round
by chance, either. A burst of rounds and its echoes, a dozen impulses of which the rounds take most, comes to less than
the one a second that a street is taken to have anyway (gateway/placing/acoustics.py).
"""

import math
from collections.abc import Iterable

from gateway.incident import Arrival

FADES_US = 5_000_000


class Clutter:
    """One for a street. fades_us : how long what was heard counts."""

    def __init__(self, fades_us: int = FADES_US) -> None:
        self._fades_us = fades_us
        self._of: dict[str, tuple[float, int]] = {}  # how many, as they count at the time of the last of them

    def hear(self, arrival: Arrival) -> None:
        """One more that is of no round."""
        count, last_us = self._of.get(arrival.node, (0.0, arrival.t_us))
        fades = math.exp(-abs(arrival.t_us - last_us) / self._fades_us)
        if arrival.t_us > last_us:
            self._of[arrival.node] = count * fades + 1, arrival.t_us
        else:
            self._of[arrival.node] = count + fades, last_us

    def crowd(self, arrival: Arrival, per_s: float) -> bool:
        """The pole of an arrival has so much clutter at once, and not only when what is there has been decided. Comes
        back: whether that is news."""
        count, last_us = self._of.get(arrival.node, (0.0, arrival.t_us))
        at_once = per_s * self._fades_us / 1e6
        self._of[arrival.node] = max(count, at_once), max(last_us, arrival.t_us)
        return at_once > 1.5 * count

    def per_s(self, nodes: Iterable[str], now_us: int) -> list[float]:
        """Impulses a second of each of these nodes' poles, of late."""
        told = (self._of.get(node, (0.0, now_us)) for node in nodes)
        fades_us = self._fades_us
        return [count * math.exp(-abs(now_us - last_us) / fades_us) / fades_us * 1e6 for count, last_us in told]
