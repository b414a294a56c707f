"""Keeps count of what was done and not done for each incident, and why. Pure.

A reason is given when something is ordered, and when what stands against an act has become another. So a drizzle of
rounds makes no drizzle of reasons, and the n-th reason of an act of an incident is the same in every replay.
"""

from dataclasses import replace
from typing import TypeVar

from gateway.orders import Aim, Light
from gateway.reaction.conditions import Verdict
from gateway.reasons import AGAIN, Because, Near

Order = TypeVar("Order", Light, Aim)


class Reasoning:
    """Tell it what is decided; `take` what is new of it."""

    def __init__(self) -> None:
        self._new: list[Because] = []
        self._numbers: dict[str, dict[str, int]] = {}  # incident -> act -> the last number
        self._last: dict[tuple[str, str], tuple[bool, str, str]] = {}
        self._did: set[tuple[str, str]] = set()
        self._ordered: dict[tuple[str, str], int] = {}  # the number of the last reason for which devices were asked
        self._n_again: dict[tuple[str, str], int] = {}

    def does(
        self,
        act: str,
        incident: str,
        verdict: Verdict,
        now_us: int,
        devices: tuple[Near, ...] = (),
        bound: float | None = None,
        *,
        again: bool = False,
    ) -> str:
        """An act is done. again : it is asked for again. Comes back: the id of the action."""
        word = "again" if again else "does"
        return self._give(Because(incident, act, 0, True, word, verdict.rule, now_us, verdict.weighed, devices, bound))

    def goes_on(self, act: str, incident: str, verdict: Verdict, now_us: int) -> None:
        """An act is done for as long as nothing speaks against it: said where it was not so before."""
        if self._last.get((incident, act), ())[:1] != (True,):
            self.does(act, incident, verdict, now_us)

    def does_not(
        self,
        act: str,
        incident: str,
        verdict: Verdict,
        now_us: int,
        devices: tuple[Near, ...] = (),
        bound: float | None = None,
    ) -> None:
        """An act is not done, for the verdict's word: said where that is new."""
        if self._last.get((incident, act)) != (False, verdict.word, verdict.rule):
            reason = Because(incident, act, 0, False, verdict.word, verdict.rule, now_us, verdict.weighed, devices)
            self._give(replace(reason, bound=bound))

    def did(self, act: str, incident: str) -> bool:
        """Whether an act was done for an incident before."""
        return (incident, act) in self._did

    def again(self, act: str, incident: str) -> str:
        """What was done is asked for again, for the same reason; it was done before. Comes back: the id of the action,
        which no other one has."""
        key = incident, act
        self._n_again[key] = self._n_again.get(key, 0) + 1
        return f"{act}-{self._ordered[key]}{AGAIN}{self._n_again[key]}"

    def ordered(self, act: str, incident: str) -> bool:
        """Whether devices were asked for an act of an incident before."""
        return (incident, act) in self._ordered

    def over(self, incident: str, lamps: tuple[str, ...], level_pct: int, now_us: int) -> str:
        """Lamps go back. Comes back: the id of the action."""
        devices = tuple(Near(name) for name in lamps)
        reason = Because(incident, "lights", 0, True, "over", "policy.lights", now_us, None, devices, level_pct)
        return self._give(reason)

    def became(self, name: str, incident: str, now_us: int) -> None:
        """What was done under the name of a provisional round was done for this incident."""
        self._give(Because(name, "lights", 0, True, "became", "policy.lights.soon", now_us, became=incident))

    def take(self) -> list[Because]:
        """The reasons since the last call."""
        new, self._new = self._new, []
        return new

    def known(self) -> list[str]:
        """The incidents that are remembered."""
        return list(self._numbers)

    def forget(self, incident: str) -> None:
        """Nothing more is done for it."""
        for act in self._numbers.pop(incident, {}):
            self._last.pop((incident, act), None)
            self._did.discard((incident, act))
            self._ordered.pop((incident, act), None)
            self._n_again.pop((incident, act), None)

    def _give(self, reason: Because) -> str:
        numbers = self._numbers.setdefault(reason.incident, {})
        numbers[reason.act] = numbers.get(reason.act, 0) + 1
        self._last[reason.incident, reason.act] = reason.does, reason.word, reason.rule
        if reason.does:
            self._did.add((reason.incident, reason.act))
            if reason.word in ("does", "again"):
                self._ordered[reason.incident, reason.act] = numbers[reason.act]
        self._new.append(replace(reason, number=numbers[reason.act]))
        return self._new[-1].action


def named(order: Order, action: str) -> Order:
    """An order as this action; and what is to be done otherwise is the same action."""
    if isinstance(order, Aim) and order.otherwise is not None:
        return replace(order, action=action, otherwise=named(order.otherwise, action))
    return replace(order, action=action)
