"""The street's policy, as pages show it: what is in force, and what another one would have done."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from gateway.web.rules.trials import Trials


@dataclass(frozen=True, slots=True)
class InForce:
    """policy : the gateway's own tables (docs/how-to/policy.md), as its journal has them. sha256 : of them, hex.
    number, at_us : of the journal's row."""

    policy: Mapping[str, Any]
    sha256: str
    number: int
    at_us: int


class Reads(Protocol):
    """Of the journal."""

    def in_force(self) -> InForce | None:
        """What the gateway said last that it goes by; None where it never did. Raises OSError or ValueError naming the
        journal where it cannot be read."""
        ...


@dataclass(frozen=True, slots=True)
class Rules:
    """gateway/assembly/web_rules.py puts it together."""

    reads: Reads
    trials: Trials
