"""What a policy does for each incident, written down as it goes."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from gateway.incident import Announce, Early, Incident, Revised, Round, Unplaced
from gateway.orders import Aim, Light
from gateway.reaction.conditions import Sun
from gateway.reaction.policy import REVISED_US, Policy, Rules
from gateway.reaction.walls import Walls
from gateway.reasons import Because
from gateway.street import Lamp, Mount

LONG_US = 86_400_000_000
"""Longer than any lamp may be held (`hold_s`)."""
Orders = list[Announce | Light | Aim]
NotedOrders = TypeVar("NotedOrders", list[Announce | Light | Aim], list[Announce | Light])


@dataclass(slots=True)
class Deeds:
    """What was done for one incident. lamps : name -> level, per cent. lit_us, dark_us : when the first came up and the
    last went back. cameras : in the order that they were turned. why : by act, the reason that counts."""

    incident: str
    first_us: int
    changed_us: int = 0
    known: Incident | None = None
    lamps: dict[str, int] = field(default_factory=dict)
    lit_us: int | None = None
    dark_us: int | None = None
    cameras: list[str] = field(default_factory=list)
    n_told: int = 0
    why: dict[str, Because] = field(default_factory=dict)

    def of(self, act: str) -> str:
        """What an act came to, in words; "-" for nothing."""
        if act == "lights" and self.lamps:
            levels = "/".join(str(level) for level in sorted(set(self.lamps.values())))
            held = "" if self.lit_us is None or self.dark_us is None else f" {(self.dark_us - self.lit_us) / 1e6:.0f} s"
            return f"{len(self.lamps)} lamp{'s' if len(self.lamps) > 1 else ''} {levels} %{held}"
        if act == "cameras" and self.cameras:
            return ", ".join(self.cameras)
        if act == "announce" and self.n_told:
            mark = f", quiet: {self.known.quiet}" if self.known and self.known.quiet else ""
            return f"told {self.n_told} time{'s' if self.n_told > 1 else ''}{mark}"
        done = act not in ("lights", "cameras", "announce") and act in self.why and self.why[act].does
        return "yes" if done else "-"

    def same(self, act: str) -> object:
        """What must be equal for an act to be the same."""
        return self.of(act), tuple(sorted(self.lamps.items())) if act == "lights" else ()


class Watched(Policy):
    """A policy whose deeds are written down, and another one beside it that gets the same rounds.

    open : what was done for each incident that may still change. Its reasons are written down there, and go no farther.
    """

    def __init__(
        self,
        rules: Rules,
        lamps: Iterable[Lamp],
        mounts: Iterable[Mount],
        sun: Sun,
        walls: Walls,
        beside: "Watched | None" = None,
    ) -> None:
        super().__init__(rules, lamps, mounts, sun, walls)
        self.open: dict[str, Deeds] = {}
        self._open_us = REVISED_US + round(rules.incident_gap_s * 1e6)
        self._beside = beside

    def feed(self, shot: Round, now_us: int) -> Orders:
        """As of Policy."""
        if self._beside:
            self._beside.feed(shot, now_us)
        return self._note(super().feed(shot, now_us), now_us)

    def revise(self, revised: Revised, now_us: int) -> Orders:
        """As of Policy."""
        if self._beside:
            self._beside.revise(revised, now_us)
        return self._note(super().revise(revised, now_us), now_us)

    def soon(self, shot: Round, now_us: int) -> list[Light | Aim | Early]:
        """Nothing: what comes of a provisional round is of no incident, and the decided one is compared."""
        return []

    def area(self, group: Unplaced, now_us: int) -> list[Light]:
        """Nothing: an area is no incident."""
        return []

    def tick(self, now_us: int) -> list[Announce | Light | Aim]:
        """As of Policy."""
        if self._beside:
            self._beside.tick(now_us)
        orders = super().tick(now_us)
        self._note(orders, now_us)
        return orders

    def shift(self, by_us: int) -> None:
        """As of Policy."""
        if self._beside:
            self._beside.shift(by_us)
        super().shift(by_us)
        for deeds in self.open.values():
            deeds.changed_us += by_us

    def take_reasons(self) -> list[Because]:
        """None."""
        return []

    def over(self, now_us: int) -> list[str]:
        """The incidents that change no more: they changed long ago, their lamps are down or a later one's."""
        return [
            name
            for name, deeds in self.open.items()
            if deeds.changed_us < now_us - (LONG_US if deeds.lit_us and deeds.dark_us is None else self._open_us)
        ]

    def _note(self, orders: NotedOrders, now_us: int) -> NotedOrders:
        for reason in super().take_reasons():
            self._because(reason)
        for order in orders:
            if isinstance(order, Announce):
                deeds = self._deeds(order.incident.id, now_us)
                deeds.known, deeds.n_told = order.incident, deeds.n_told + 1
        return orders

    def _because(self, reason: Because) -> None:
        deeds = self._deeds(reason.incident, reason.at_us)
        if reason.word == "over":
            deeds.dark_us = reason.at_us
            return
        if reason.does or not deeds.why.get(reason.act, reason).does:
            deeds.why[reason.act] = reason
        if reason.does and reason.act == "lights":
            deeds.lamps |= {each.name: round(reason.bound or 0) for each in reason.devices}
            deeds.lit_us, deeds.dark_us = deeds.lit_us or reason.at_us, None
        elif reason.does and reason.act == "cameras":
            deeds.cameras += [each.name for each in reason.devices if each.name not in deeds.cameras]

    def _deeds(self, incident: str, now_us: int) -> Deeds:
        deeds = self.open.setdefault(incident, Deeds(incident, now_us))
        deeds.changed_us = now_us
        return deeds
