"""Gives each placed round its third look. Pure: the same rounds in the same order are judged the same."""

from collections.abc import Callable
from dataclasses import replace

from dsp.air import Air
from gateway.incident import Round
from gateway.judging.agreement import agreement
from gateway.judging.height import aloft
from gateway.judging.rarity import RARE_S, rare
from gateway.judging.source_level import source_level
from gateway.judging.surroundings import Around, Surroundings
from gateway.judging.third_look import Facts, Weights, may_be_loud, third_look
from gateway.judging.weights import WEIGHTS


class Judge:
    """Feed it each round as it is decided; it comes back with p_gunshot, kind and why. rare_s : what all poles hear
    more rarely is at least a possible gunshot."""

    def __init__(self, weights: Weights = WEIGHTS, rare_s: float = RARE_S) -> None:
        self._weights, self._rare_s = weights, rare_s
        self._surroundings = Surroundings()

    def feed(self, shot: Round, air: Air) -> Round:
        """A new round, judged, and remembered for those to come."""
        return self._judged(shot, self.facts(shot, air))

    def again(self, shot: Round, air: Air) -> Round:
        """A round that is known better, or withdrawn: judged by what is remembered by now."""
        return self._judged(shot, self._facts(shot, air, self._surroundings.about))

    def facts(self, shot: Round, air: Air) -> Facts:
        """All that is known of a new round, which is remembered."""
        return self._facts(shot, air, self._surroundings.feed)

    def _judged(self, shot: Round, facts: Facts) -> Round:
        told = third_look(facts, self._weights)
        return replace(shot, p_gunshot=told.p_gunshot, kind=told.kind, why=told.why)

    def _facts(self, shot: Round, air: Air, around: Callable[[Round, bool, bool], Around]) -> Facts:
        level, up = source_level(shot), aloft(shot, air)
        near, rarity = around(shot, up is not None, may_be_loud(level)), rare(shot.arrivals, self._rare_s)
        return Facts(agreement(shot), level, up, near, shot.line is not None, rarity)
