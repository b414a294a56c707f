"""Gives each placed round its third look. Pure: the same rounds in the same order are judged the same."""

from dataclasses import replace

from gateway.incident import Round
from gateway.judging.agreement import agreement
from gateway.judging.source_level import source_level
from gateway.judging.third_look import Weights, third_look
from gateway.judging.weights import WEIGHTS


class Judge:
    """Feed it each round as it is decided; it comes back with p_gunshot, kind and why."""

    def __init__(self, weights: Weights = WEIGHTS) -> None:
        self._weights = weights

    def feed(self, shot: Round) -> Round:
        """The round, judged."""
        told = third_look(agreement(shot), source_level(shot), self._weights)
        return replace(shot, p_gunshot=told.p_gunshot, kind=told.kind, why=told.why)
