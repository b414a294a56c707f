"""Why the street does something for an incident, or does not: the records that policy gives beside its orders, the
journal keeps and `soundpost policy explain` tells. Values only; the words for people are gateway/alerts/because.py."""

from dataclasses import dataclass

ACTS = ("lights", "cameras", "clips", "announce")
"""What may be done for an incident; each is a table of [policy]."""

AGAIN = "+"
"""Between the name of an action and a number: the same, asked for again by a later round for the same reason. So
lights-1+2 is done because of the reason of lights-1."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """What an incident was when an act was weighed, and what the rules asked for at that hour and place.

    grade, p_gunshot : its best round's, its likeliest one's. grade_rule, p_rule : the tables that ask for min_grade and
    min_p_gunshot. is_night : whether the rules of the night held. sun_deg : the sun's elevation, None where unknown.
    age_us : how old the round was. zone, quiet : the names of the zone and of the announced event that it is in.
    """

    grade: str
    p_gunshot: float | None
    min_grade: str
    min_p_gunshot: float
    grade_rule: str
    p_rule: str
    is_night: bool
    sun_deg: float | None
    age_us: int
    zone: str = ""
    quiet: str = ""


@dataclass(frozen=True, slots=True)
class Near:
    """A device that an act is about, and how far from the round it stands (None where nobody asked)."""

    name: str
    away_m: float | None = None


@dataclass(frozen=True, slots=True)
class Because:
    """Why an act is done for an incident (`does`), or is not.

    number : counts the reasons of an incident's act from 1; `action` names the orders that follow from this one. word :
    which of gateway/alerts/because.py it is. rule : the table of gateway.toml that decided. at_us : when. devices : the
    ones that were asked; where none is, the nearest. bound : what the word is measured by (metres, degrees, seconds, a
    number an hour), or the level that lamps are brought to. became : of a provisional round, the incident that rests on
    what it rests on.
    """

    incident: str
    act: str
    number: int
    does: bool
    word: str
    rule: str
    at_us: int
    weighed: Weighed | None = None
    devices: tuple[Near, ...] = ()
    bound: float | None = None
    became: str = ""

    @property
    def action(self) -> str:
        """The id of what is done, one of its incident's, the same in every replay."""
        return f"{self.act}-{self.number}"
