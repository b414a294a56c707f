"""What a gateway learns of its street: the air (`dsp/placing/medium.py`) and each pole, by what it hears
(`gateway/upkeep/ledger.py`) and by the time that it tells (`gateway/upkeep/node_clocks.py`). Pure.

Every placed round of enough poles teaches both, but the air nothing of a pole in doubt. The air that fixes reckon with
is renewed only when it has changed by what matters, and each renewal is an effect that goes to the journal: a replay
takes the air from there, so its fixes come out as they were, whatever had been learnt before the gateway was last
started.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from dsp.air import Air
from dsp.placing.medium import Medium
from firmware import wire
from gateway.incident import Alarm, NewAir, Round
from gateway.upkeep.ledger import Ledger
from gateway.upkeep.node_clocks import NodeClocks

READ_US = 600_000_000  # how often the poles' thermometers are looked at
RENEW_C, RENEW_MPS = 0.25, 0.1  # moves a fix by a few centimetres (measured: 10 C make 0.5 m, 5 m/s 1.9 m)


class Watch:
    """air : what fixes reckon with at the start. known : renewals that an earlier run made, oldest first; they come in
    force again at their times. since_us : from when on it learns; None, for a replay, never. offsets_us : what each
    node's times are always late by, where they are."""

    def __init__(
        self,
        air: Air,
        medium: Medium,
        ledger: Ledger,
        known: Iterable[NewAir] = (),
        since_us: int | None = 0,
        offsets_us: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        self.air = air
        self._medium, self._ledger, self._since_us = medium, ledger, since_us
        self._clocks = NodeClocks(ledger.nodes, offsets_us)
        self._known = deque(known)
        if self._known:
            medium.begin(_air(air, self._known[-1]), self._known[-1].at_us)
        self._read_us: int | None = None

    def feed(self, shot: Round, now_us: int) -> list[Alarm | NewAir]:
        """What a new round teaches."""
        if not self._learns(now_us):
            return []
        doubtful = self._ledger.doubtful
        told = self._medium.feed(
            [each.xyz_m for each in shot.arrivals],
            [each.t_us for each in shot.arrivals],
            [each.sigma_us for each in shot.arrivals],
            shot.fix.xyz_m,
            [each.node not in doubtful for each in shot.arrivals],
        )
        return (
            [] if told is None else [*self._ledger.feed(shot, told, now_us, self._clocks.wrong), *self._renew(now_us)]
        )

    def word(self, node: str, said: wire.Health, now_us: int) -> list[Alarm]:
        """What a node's word of itself shows of its clock."""
        return self._clocks.feed(node, said, now_us) if self._learns(now_us) else []

    def tick(self, boxes_c: Iterable[float], now_us: int) -> list[NewAir]:
        """What the passing of time asks for. boxes_c : the newest readings of the poles' thermometers; looked at only
        every READ_US."""
        while self._known and self._known[0].at_us <= now_us:
            self.air = _air(self.air, self._known.popleft())
        if not self._learns(now_us) or now_us // READ_US == self._read_us:
            return []
        self._read_us = now_us // READ_US
        self._medium.read(tuple(boxes_c), now_us)
        return self._renew(now_us)

    def shift(self, by_us: int) -> None:
        """The clock was set by so much."""
        self._since_us = None if self._since_us is None else self._since_us + by_us
        self._medium.shift(by_us)
        self._clocks.forget()

    def _learns(self, now_us: int) -> bool:
        return self._since_us is not None and now_us >= self._since_us

    def _renew(self, now_us: int) -> list[NewAir]:
        """The air as it is known now, if it is another one."""
        air = self._medium.air(now_us)
        by_mps = float(np.hypot(*np.subtract(air.wind_en_mps, self.air.wind_en_mps)))
        if abs(air.temperature_c - self.air.temperature_c) < RENEW_C and by_mps < RENEW_MPS:
            return []
        self.air = air
        return [NewAir(air.temperature_c, air.wind_en_mps, now_us)]


def _air(prior: Air, then: NewAir) -> Air:
    return replace(prior, temperature_c=then.temperature_c, wind_en_mps=then.wind_en_mps)
