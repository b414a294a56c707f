"""How many connections are held, in all and of one address, and who gives way where one more comes: who has waited
longest without a whole request. So a flood of half requests pushes out itself, not whoever comes to ask something."""

import time
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from gateway.web.door.addresses import Network, client_address, is_inside

MOST, MOST_EACH = 2000, 256
"""In all, and of one address: behind one may stand an office. Not of loopback and of trusted proxies, who speak for
many."""
SAY_EVERY_S = 60.0
log = structlog.get_logger("gateway.web")


class Held(Protocol):
    """A connection."""

    def drop(self) -> None:
        """At once, without an answer."""


class Bounds:
    """Of one process. most : in all. trusted : proxies. clock : seconds that only go forward."""

    def __init__(
        self, most: int = MOST, trusted: Sequence[Network] = (), clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most, self._trusted, self._clock = most, trusted, clock
        self._counted: dict[Held, str] = {}
        self._waiting: dict[Held, None] = {}  # the longest first
        self._n_each: dict[str, int] = {}
        self._n_dropped, self._said_s = 0, -SAY_EVERY_S

    def __len__(self) -> int:
        return len(self._counted)

    def came(self, one: Held, peer: str) -> None:
        """It is held and waits, or is dropped, where nobody else can give way. peer : who is connected."""
        address = "" if is_inside(peer, self._trusted) else client_address(peer, "", ())
        self._counted[one] = address
        self._n_each[address] = self._n_each.get(address, 0) + 1
        self._waiting[one] = None
        if address and self._n_each[address] > MOST_EACH:
            self._make_room(next(each for each in self._waiting if self._counted[each] == address))
        elif len(self._counted) > self._most:
            self._make_room(next(iter(self._waiting)))

    def asks(self, one: Held) -> None:
        """Its request is here whole; it is being answered."""
        self._waiting.pop(one, None)

    def waits(self, one: Held) -> None:
        """It was answered, and may ask again."""
        if one in self._counted:
            self._waiting[one] = None

    def went(self, one: Held) -> None:
        """It is no more."""
        self._waiting.pop(one, None)
        address = self._counted.pop(one, None)
        if address is not None:
            self._n_each[address] -= 1
            if not self._n_each[address]:
                del self._n_each[address]

    def late(self, one: Held) -> None:
        """It did not say in time what it asks for."""
        self._make_room(one)

    def _make_room(self, one: Held) -> None:
        self.went(one)
        one.drop()
        self._n_dropped += 1
        if self._clock() - self._said_s >= SAY_EVERY_S:
            log.warning("connections were dropped: too many, or without a request in time", dropped=self._n_dropped)
            self._said_s, self._n_dropped = self._clock(), 0
