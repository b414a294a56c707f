"""How long to wait before trying again: longer each time, never in step with others that wait for the same thing."""

import random


class Backoff:
    """Full jitter over a growing span: uniform in 0 to min(longest_s, first_s * 1.5^tries), as aiomqtt's guide has it.

    A floor keeps a thing that fails at once from being asked in a tight loop.
    """

    def __init__(self, first_s: float = 0.5, longest_s: float = 30.0, floor_s: float = 0.1) -> None:
        self._first_s, self._longest_s, self._floor_s = first_s, longest_s, floor_s
        self._tries = 0
        self._dice = random.Random()  # noqa: S311 (spreads load, guards nothing)

    def next_s(self) -> float:
        """Seconds to wait before the next try."""
        span_s = min(self._longest_s, self._first_s * 1.5 ** min(self._tries, 40))
        self._tries += 1
        return max(self._floor_s, self._dice.uniform(0, span_s))

    def reset(self) -> None:
        """It worked: the next wait is a short one again."""
        self._tries = 0
