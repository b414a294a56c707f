"""What a dispatcher has before them: what waits for somebody to take note of it, and below what was seen."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.web.database import Database
from gateway.web.desk.acknowledged import acknowledged
from gateway.web.desk.deeds import Deeds, deeds_of
from gateway.web.records import Brief, Search
from gateway.web.store.store import Store
from gateway.web.street import AlarmState
from gateway.web.unforeseen import or_none

CALM = ("fireworks", "thunder", "other")
"""Kinds that nobody is called for: they are listed, and make no sound."""
LOOKED_AT, SHOWN, IN_FULL, SEEN = 200, 30, 6, 12
WAITS_US = 24 * 3_600_000_000


@dataclass(frozen=True, slots=True)
class Waiting:
    """An incident that nobody took note of. deeds : what was done for it, None where that was not looked up."""

    brief: Brief
    deeds: Sequence[Deeds] | None


@dataclass(frozen=True, slots=True)
class Board:
    """n_more : that wait beside those of `waiting`. seen : the newest others. calm : the kinds that call nobody."""

    waiting: Sequence[Waiting]
    n_more: int
    seen: Sequence[Brief]
    alarms: Sequence[AlarmState]
    calm: Sequence[str] = CALM


def board_of(store: Store, database: Database, now_us: int) -> Board:
    """As it stands now: of the newest LOOKED_AT incidents those of the last day that nobody reviewed or took note of
    wait, the newest first."""
    newest = store.briefs(Search(), limit=LOOKED_AT)
    noted = acknowledged(database, (brief.incident for brief in newest))
    waits = [brief for brief in newest if brief.incident not in noted and is_waiting(brief, now_us)]
    names = {brief.incident for brief in waits}
    shown = [
        Waiting(brief, _deeds(store, brief.incident) if index < IN_FULL else None)
        for index, brief in enumerate(waits[:SHOWN])
    ]
    seen = [brief for brief in newest if brief.incident not in names]
    return Board(shown, len(waits) - len(shown), seen[:SEEN], store.alarms())


def _deeds(store: Store, incident: str) -> Sequence[Deeds] | None:
    return or_none(lambda: deeds_of(store.whole(incident)), incident)


def is_waiting(brief: Brief, now_us: int) -> bool:
    """Whether it calls for somebody, as long as nobody took note of it."""
    return brief.kind not in CALM and brief.review_state == "open" and now_us - brief.told_us < WAITS_US
