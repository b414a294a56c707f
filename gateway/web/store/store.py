"""What was read of the journal, as pages and API ask for it. All calls block (some milliseconds): routes are plain
functions, or ask in a thread."""

import sqlite3
from collections.abc import Mapping, Sequence

from gateway.web.database import Database
from gateway.web.records import Access, Brief, Freshness, Happened, Plan, Review, Search, Sound, Whole
from gateway.web.store import listing, reading, street_reading
from gateway.web.store.journal import Journal
from gateway.web.store.pulse import Pulse
from gateway.web.store.search import COLUMNS, query
from gateway.web.street import AlarmState, Device, History, PoleState

LIMIT = 50
MOST = 1000
SAID_US = 3_600_000_000
"""For so long what was not as it should be is told on."""
OF_ONE = f"select {COLUMNS} from incident where incident = :incident"  # noqa: S608
HAPPENED = """select * from happened where incident = :incident or incident in
    (select name from claimed where incident = :incident) order by number"""


class Store:
    """Reads only. Every call sees one state of the database. people : how many must agree until a review is done.
    journal : for the sounds; None: there are none."""

    def __init__(
        self,
        database: Database,
        plan: Plan,
        pulse: Pulse | None = None,
        journal: Journal | None = None,
        people: int = 1,
    ) -> None:
        self._database, self._plan = database, plan
        self._pulse = pulse or Pulse()
        self._journal, self._people = journal, people

    def briefs(self, search: Search, after: int | None = None, limit: int = LIMIT) -> Sequence[Brief]:
        """The newest first. after : `began` of the last one of the page before; None: from the newest. limit : MOST at
        most. Raises ValueError naming what of the search is out of range."""
        asked = query(search, self._people, after, max(1, min(limit, MOST)))
        with self._database.reading() as connection:
            return [reading.brief_of(row) for row in connection.execute(asked.sql, asked.values)]

    def brief(self, incident: str) -> Brief | None:
        """One."""
        with self._database.reading() as connection:
            return self._brief(connection, incident)

    def whole(self, incident: str) -> Whole | None:
        """One, with all that is known of it; without the sounds, where the journal cannot be read just now."""
        of = {"incident": incident}
        with self._database.reading() as connection:
            brief = self._brief(connection, incident)
            if brief is None:
                return None
            rounds = connection.execute("select * from round where incident = :incident order by t_us", of).fetchall()
            onsets = connection.execute("select * from onset where incident = :incident", of).fetchall()
            happened = [reading.happened_of(row) for row in connection.execute(HAPPENED, of)]
            reviews = _reviews(connection, incident)
            files = connection.execute("select * from evidence where incident = :incident order by file", of).fetchall()
            accesses = connection.execute("select * from access where incident = :incident", of).fetchall()
        sounds = self._sounds([each["frame"] for each in onsets])
        return Whole(
            brief,
            [reading.round_of(row, onsets, sounds) for row in rounds],
            happened,
            reviews,
            [reading.kept_of(row) for row in files],
            [reading.access_of(row) for row in accesses],
        )

    def reviews(self, incident: str) -> Sequence[Review]:
        """All that were given, the oldest first."""
        with self._database.reading() as connection:
            return _reviews(connection, incident)

    def review_by_nonce(self, incident: str, nonce: str) -> Review | None:
        """The one of this request, once its row was read."""
        with self._database.reading() as connection:
            found = connection.execute("select * from review where incident = ? and nonce = ?", (incident, nonce))
            row = found.fetchone()
        return None if row is None else reading.review_of(row)

    def newest_reviews(self, before: int | None = None, limit: int = LIMIT) -> Sequence[Review]:
        """Of all incidents, the newest first. before : the number of the last one of the page before."""
        with self._database.reading() as connection:
            return listing.reviews(connection, before, max(1, min(limit, MOST)))

    def rounds(self, after: tuple[int, str] | None = None, limit: int = LIMIT) -> Sequence[listing.ListedRound]:
        """Of all incidents, the newest fired first. after : t_us and incident of the last one of the page before."""
        with self._database.reading() as connection:
            return listing.rounds(connection, after, max(1, min(limit, MOST)))

    def counted(self) -> Sequence[listing.Count]:
        """How many incidents there are, by grade and kind."""
        with self._database.reading() as connection:
            return listing.counted(connection)

    def happened(self, kinds: Sequence[str], before: int | None = None, limit: int = LIMIT) -> Sequence[Happened]:
        """Rows of these kinds (gateway/journal/rows.py), the newest first: news of the gateway, policies. before : the
        number of the last one of the page before."""
        some = ", ".join("?" * len(kinds))
        sql = f"select * from happened where kind in ({some}) and number < ? order by number desc limit ?"  # noqa: S608
        with self._database.reading() as connection:
            values = (*kinds, before or 1 << 62, max(1, min(limit, MOST)))
            return [reading.happened_of(row) for row in connection.execute(sql, values)]

    def poles(self) -> Sequence[PoleState]:
        """Those of the survey, and others that were heard, by name."""
        with self._database.reading() as connection:
            return street_reading.poles(connection, self._plan)

    def pole(self, name: str) -> PoleState | None:
        """One."""
        return next((each for each in self.poles() if each.name == name), None)

    def history(self, name: str, from_us: int, until_us: int, most: int = 500) -> History:
        """A pole's past, in at most so many steps. Raises ValueError for a span that is none."""
        with self._database.reading() as connection:
            return street_reading.history(connection, name, (from_us, until_us), max(1, min(most, MOST)))

    def lamps(self) -> Sequence[Device]:
        """All, by name."""
        with self._database.reading() as connection:
            return street_reading.devices(connection, self._plan, "lamp")

    def cameras(self) -> Sequence[Device]:
        """All, by name."""
        with self._database.reading() as connection:
            return street_reading.devices(connection, self._plan, "camera")

    def alarms(self) -> Sequence[AlarmState]:
        """What is wrong now, the newest first."""
        with self._database.reading() as connection:
            found = connection.execute("select * from alarm order by since_us desc, name")
            return [reading.alarm_of(row) for row in found]

    def accesses(self, before: int | None = None, limit: int = LIMIT) -> Sequence[Access]:
        """Who was shown evidence, the newest first. before : the number of the last one of the page before."""
        with self._database.reading() as connection:
            found = connection.execute(
                "select * from access where number < ? order by number desc limit ?",
                (before or 1 << 62, max(1, min(limit, MOST))),
            )
            return [reading.access_of(row) for row in found]

    def freshness(self) -> Freshness:
        """How far all this can be trusted to be of now. Answers also where the database cannot be read."""
        try:
            with self._database.reading() as connection:
                row = connection.execute("select number, last_us from followed").fetchone()
            number, last_us = int(row["number"]), row["last_us"]
        except (OSError, ValueError) as error:
            return Freshness("offline", 0, 0, None, [str(error)])
        state, why = self._pulse.state(number, last_us)
        said = self._pulse.said(self._pulse.clock() - SAID_US)
        behind = max(0, self._pulse.newest - number)
        return Freshness(state, behind, number, last_us, list(dict.fromkeys((*why, *said))))

    def _brief(self, connection: sqlite3.Connection, incident: str) -> Brief | None:
        row = connection.execute(OF_ONE, {"incident": incident, "people": self._people}).fetchone()
        return None if row is None else reading.brief_of(row)

    def _sounds(self, frames: Sequence[int]) -> Mapping[int, Sound]:
        if self._journal is None:
            return {}
        try:
            return self._journal.sounds(frames)
        except (OSError, ValueError):
            return {}


def _reviews(connection: sqlite3.Connection, incident: str) -> list[Review]:
    found = connection.execute("select * from review where incident = ? order by number", (incident,))
    return [reading.review_of(row) for row in found]
