"""Which nodes are silent: an alarm when one was not heard for too long, and its end when it is heard again. Pure.

A node tells of itself every HEALTH_US (firmware/node.py), older ones every minute; how often, its uptime shows, however
late its words come. Silent is who misses two of them, and never before LEAST_US. Who was not heard since the watch
began has no rhythm: a minute and the way is all that an older node needs. Those who fall silent together, when a broker
or a switch goes, are told in one alarm, so looks are LOOK_US apart.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Protocol

from firmware import wire
from gateway.incident import Alarm

LEAST_US = 45_000_000
LOOK_US = 10_000_000
SHORTEST_S, LONGEST_S = 20, 60
NEVER_US = 61_000_000  # who has not said a word since the watch began: even an older node would have by then
MISSED = 2.25  # of what a node leaves between its words
KIND = "silent"
TOLD_BY_NAME = 5


class State(Protocol):
    """What is known of a node (gateway/core.py)."""

    @property
    def heard_us(self) -> int: ...

    @property
    def health(self) -> wire.Health | None: ...


class Silence:
    """nodes : those that should be heard. since_us : when the watch began; who was never heard counts from there."""

    def __init__(self, nodes: Iterable[str], since_us: int) -> None:
        self._since_us = since_us
        self._uptimes_s = {node: deque[int](maxlen=3) for node in sorted(nodes)}
        self._silent: set[str] = set()
        self._due_us = since_us + NEVER_US % LOOK_US  # so that there is a look at NEVER_US

    def shift(self, by_us: int) -> None:
        """The clock was set by so much."""
        self._since_us += by_us
        self._due_us += by_us

    def tick(self, states: Mapping[str, State], now_us: int) -> list[Alarm]:
        """Time passes: look, where it is time to."""
        if now_us < self._due_us:
            return []
        self._due_us += LOOK_US * (1 + (now_us - self._due_us) // LOOK_US)
        return self.look(states, now_us)

    def look(self, states: Mapping[str, State], now_us: int) -> list[Alarm]:
        """What is to be told now: at most one alarm of those who fell silent and one of those who are back."""
        silent = set()
        for node, uptimes_s in self._uptimes_s.items():
            state = states.get(node)
            if state is not None and state.health is not None and state.health.uptime_s not in uptimes_s:
                uptimes_s.append(state.health.uptime_s)
            if state is None or state.heard_us < self._since_us:  # what a journal has of it is from before
                is_silent = now_us - self._since_us >= NEVER_US
            else:
                is_silent = now_us - state.heard_us >= _patience_us(uptimes_s)
            if is_silent:
                silent.add(node)
        fell, back = sorted(silent - self._silent), sorted(self._silent - silent)
        self._silent = silent
        told = [_alarm(fell, True, f"not heard for {LEAST_US // 1_000_000} s or more", now_us)] if fell else []
        return [*told, _alarm(back, False, "heard again", now_us)] if back else told


def _patience_us(uptimes_s: Iterable[int]) -> int:
    """How long a node may be silent, by what it left between its last words."""
    known = list(uptimes_s)
    gaps_s = [later - earlier for earlier, later in pairwise(known) if later > earlier]
    gap_s = max(SHORTEST_S, min(LONGEST_S, max(gaps_s))) if gaps_s else LONGEST_S
    return max(LEAST_US, round(MISSED * gap_s * 1_000_000))


def _alarm(nodes: list[str], raised: bool, why: str, now_us: int) -> Alarm:
    more = f" and {len(nodes) - TOLD_BY_NAME} more" if len(nodes) > TOLD_BY_NAME else ""
    return Alarm(", ".join(nodes[:TOLD_BY_NAME]) + more, KIND, raised, why, now_us, 0.0, 0)
