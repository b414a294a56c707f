"""How patient a gateway is with a lamp bank, and how often it looks at its lamps. Values only."""

from dataclasses import dataclass

TRY_ANSWERS = 6
"""A try has the time of the four answers that it needs, of connecting and of a line that must fall quiet. The driver
gives up on each answer by itself, so that three tries at a silent bank take the time of three answers."""


@dataclass(frozen=True, slots=True)
class BankRules:
    """answer_s : how long the bank may take for one answer. looks_s : how often each lamp is looked at."""

    answer_s: float = 0.5
    looks_s: float = 5.0


def try_s(answer_s: float) -> float:
    """How long one try may take at a bank that takes so long for an answer."""
    return TRY_ANSWERS * answer_s
