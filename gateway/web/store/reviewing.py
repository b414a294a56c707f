"""A person's review of an incident, on its way to the gateway."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.web.records import Brief, Review

LONGEST_NOTE = 500


@dataclass(frozen=True, slots=True)
class NewReview:
    """version : of the Brief that the person saw. who : the person's name."""

    incident: str
    version: int
    verdict: str
    what: str
    note: str
    who: str


class ReviewFault(ValueError):
    """It is not taken; in words why. Nothing of it is lost that the page still has."""


class BadReview(ReviewFault):
    """Something in it is out of range; the limit is told."""


class StaleReview(ReviewFault):
    """The incident changed, or was reviewed, since the person saw it. now : as it is. reviews : all of it."""

    def __init__(self, words: str, now: Brief, reviews: Sequence[Review]) -> None:
        super().__init__(words)
        self.now, self.reviews = now, reviews


class GatewayAway(ReviewFault):
    """No gateway answered: try again."""


class Reviewing:
    """One a process."""

    def review(self, new: NewReview) -> Review:
        """It is on the journal's disk and was read back. Blocks, some seconds at most. Raises ReviewFault's kinds."""
        raise NotImplementedError
