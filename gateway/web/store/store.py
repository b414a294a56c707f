"""What was read of the journal, as pages and API ask for it. All calls block (some milliseconds): routes are plain
functions, or ask in a thread."""

from collections.abc import Sequence

from gateway.web.database import Database
from gateway.web.records import Access, Brief, Freshness, Plan, Review, Search, Whole
from gateway.web.street import AlarmState, Device, History, PoleState

LIMIT = 50
MOST = 1000


class Store:
    """Reads only. Every call sees one state of the database."""

    def __init__(self, database: Database, plan: Plan) -> None:
        self._database, self._plan = database, plan

    def briefs(self, search: Search, after: int | None = None, limit: int = LIMIT) -> Sequence[Brief]:
        """The newest first. after : `began` of the last one of the page before; None: from the newest. limit : MOST at
        most. Raises ValueError naming what of the search is out of range."""
        raise NotImplementedError

    def brief(self, incident: str) -> Brief | None:
        """One."""
        raise NotImplementedError

    def whole(self, incident: str) -> Whole | None:
        """One, with all that is known of it."""
        raise NotImplementedError

    def reviews(self, incident: str) -> Sequence[Review]:
        """All that were given, the oldest first."""
        raise NotImplementedError

    def poles(self) -> Sequence[PoleState]:
        """Those of the survey, and others that were heard, by name."""
        raise NotImplementedError

    def pole(self, name: str) -> PoleState | None:
        """One."""
        raise NotImplementedError

    def history(self, name: str, from_us: int, until_us: int, most: int = 500) -> History:
        """A pole's past, in at most so many steps."""
        raise NotImplementedError

    def lamps(self) -> Sequence[Device]:
        """All, by name."""
        raise NotImplementedError

    def cameras(self) -> Sequence[Device]:
        """All, by name."""
        raise NotImplementedError

    def alarms(self) -> Sequence[AlarmState]:
        """What is wrong now, the newest first."""
        raise NotImplementedError

    def accesses(self, before: int | None = None, limit: int = LIMIT) -> Sequence[Access]:
        """Who was shown evidence, the newest first. before : the number of the last one of the page before."""
        raise NotImplementedError

    def freshness(self) -> Freshness:
        """How far all this can be trusted to be of now."""
        raise NotImplementedError
