"""How long evidence is kept, for those who ask (docs/how-to/evidence.md)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Keeping:
    """days : of clips, stills and plates; no_gunshot_days : where a person found that it was no gunshot."""

    days: float
    no_gunshot_days: float
