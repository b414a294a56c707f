"""A person's review of an incident, on its way to the gateway and back: the gateway checks it and writes it down, the
journal brings it here. What people wrote is kept side by side; nothing of it is ever changed."""

import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gateway.web.records import VERDICTS, WHATS, Brief, Review
from gateway.web.store.journal import Journal, Refused
from gateway.web.store.store import Store
from gateway.web.words.said import Said, said

LONGEST_NOTE, MOST_BYTES = 500, 3600
"""Letters of a comment; and bytes of all of it as JSON, in which all but ASCII takes 6 or 12 a letter: a request is one
line of at most 4096 (gateway/journal/request.py)."""
READ_BACK_S, LOOK_S = 5.0, 0.02
TURN_S = 6.0
"""A gateway that does not answer is waited for 5 s (gateway/journal/bell.py)."""


@dataclass(frozen=True, slots=True)
class NewReview:
    """version : of the Brief that the person saw. who : the person's name. note : line ends in it become blanks."""

    incident: str
    version: int
    verdict: str
    what: str
    note: str
    who: str


class ReviewFault(ValueError):
    """It is not taken; in words why. Nothing of it is lost that the page still has."""


class NoIncident(ReviewFault):
    """There is none of that name."""


class BadReview(ReviewFault):
    """Something in it is out of range; the limit is told."""


class StaleReview(ReviewFault):
    """The incident changed, or was reviewed, since the person saw it. now : as it is; a review made on its version is
    taken, and stands beside the others. reviews : all there are."""

    def __init__(self, words: str, now: Brief, reviews: Sequence[Review]) -> None:
        super().__init__(words)
        self.now, self.reviews = now, reviews


class GatewayAway(ReviewFault):
    """No gateway answered: try again."""


class NotReadBack(ReviewFault):
    """The gateway took it, but it did not come back within READ_BACK_S: do not send it again, look again soon."""


class Reviewing:
    """One a process. sleep : for so many seconds."""

    def __init__(self, store: Store, journal: Journal, sleep: Callable[[float], None] = time.sleep) -> None:
        self._store, self._journal, self._sleep = store, journal, sleep
        self._turn = threading.Lock()

    def review(self, new: NewReview) -> Review:
        """It is on the journal's disk and was read back. Blocks, some seconds at most. Raises ReviewFault's kinds."""
        body = checked(new)
        if not self._turn.acquire(timeout=TURN_S):
            raise GatewayAway(said("the gateway does not answer just now; nothing was written down, try again"))
        try:
            self._check_version(new)
            return self._ask(new.incident, body)
        finally:
            self._turn.release()

    def _check_version(self, new: NewReview) -> None:
        now = self._store.brief(new.incident)
        if now is None:
            raise NoIncident(said("there is no incident {name} here", name=repr(new.incident[:64])))
        if now.version != new.version:
            reviews = self._store.reviews(new.incident)
            raise StaleReview(_stale_words(new, reviews), now, reviews)

    def _ask(self, incident: str, body: dict[str, str]) -> Review:
        try:
            nonce = self._journal.ask_review(body)
        except Refused as error:
            raise BadReview(said("the gateway does not take it: {why}", why=error)) from error
        except (OSError, ValueError) as error:
            words = said("no gateway answers just now; nothing was written down, try again")
            raise GatewayAway(words) from error
        for _ in range(round(READ_BACK_S / LOOK_S)):
            if (review := self._store.review_by_nonce(incident, nonce)) is not None:
                return review
            self._sleep(LOOK_S)
        raise NotReadBack(said("the gateway took it, but it is not in the journal yet; it shows here when it is"))


def _stale_words(new: NewReview, reviews: Sequence[Review]) -> Said:
    """Who or what came between: the person's own review, pressed twice or in another window, or something else."""
    since = [each for each in reviews if each.number > new.version]
    if not since:
        return said("this incident was told anew since you saw it: look at it, and send yours again")
    if any(each.who != new.who for each in since):
        return said("this incident was reviewed by somebody else since you saw it: look at it, and send yours again")
    return said("your own review was taken already since you saw this page; send again only to change it")


def checked(new: NewReview) -> dict[str, str]:
    """The body of the request. Raises BadReview naming what is out of range, and the range."""
    note = " ".join(new.note.split()) if len(new.note) <= 4 * LONGEST_NOTE else new.note
    if len(note) > LONGEST_NOTE:
        raise BadReview(
            said("the comment must be of at most {most} letters (it has {count})", most=LONGEST_NOTE, count=len(note))
        )
    if new.verdict not in VERDICTS:
        raise BadReview(said("the verdict must be one of {legal}", legal=VERDICTS))
    if new.what and new.what not in WHATS:
        raise BadReview(said("what it was must be one of {legal}", legal=WHATS))
    if new.what not in ("", "exercise") and new.verdict != "no gunshot":
        raise BadReview(said("{what} goes only with the verdict no gunshot", what=(new.what,)))
    body = {"incident": new.incident, "verdict": new.verdict, "who": new.who, "what": new.what, "note": note}
    if (n_bytes := len(json.dumps(body))) > MOST_BYTES:
        raise BadReview(
            said(
                "the comment must be shorter: in the journal all takes {count} bytes, of at most {most}",
                count=n_bytes,
                most=MOST_BYTES,
            )
        )
    return {name: text for name, text in body.items() if text}
