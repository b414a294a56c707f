"""From what a request brings, a cookie's secret or an API key, to whose it is."""

import contextlib
import re
from dataclasses import dataclass, replace

from gateway.web.accounts import accounts, api_keys, sessions
from gateway.web.accounts.lobby import Lobby
from gateway.web.accounts.person import NOBODY, Person
from gateway.web.accounts.sessions import IN, Session

SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
SEEN_EVERY_US = 60_000_000
"""How often a use is written down; between, it is known in memory alone."""
MOST_SEEN = 10_000


@dataclass(frozen=True, slots=True)
class Found:
    """session : also of somebody who is not in yet. scopes : of an API key."""

    person: Person = NOBODY
    session: Session | None = None
    scopes: tuple[str, ...] = ()


def by_cookie(lobby: Lobby, secret: str) -> Found:
    """Whose session this secret is of. Raises OSError or ValueError where the file cannot be read."""
    now_us, hashed = lobby.now_us(), sessions.hash_of(secret)
    with lobby.database.reading() as connection:
        session = sessions.found(connection, hashed)
        account = None if session is None else accounts.numbered(connection, session.account)
    if session is None or account is None:
        return Found()
    session = replace(session, seen_us=max(session.seen_us, lobby.seen.get(hashed, 0)))
    if sessions.has_ended(session, now_us, lobby.ends):
        return Found()
    if session.stage != IN:
        return Found(session=session)
    if now_us - session.seen_us >= SEEN_EVERY_US:
        _note_seen(lobby, hashed, now_us)
    return Found(Person(account.name, account.role, account.language, account.time_zone, account=account.id), session)


def by_key(lobby: Lobby, key: str) -> Found:
    """Which machine's key this is. Raises as by_cookie."""
    now_us = lobby.now_us()
    with lobby.database.reading() as connection:
        found = api_keys.found(connection, key)
    if found is None:
        return Found()
    if now_us - found.used_us >= SEEN_EVERY_US:
        with contextlib.suppress(OSError), lobby.database.writing() as connection:
            api_keys.use(connection, found.id, now_us)
    person = Person(f"key {found.name}", found.role, is_machine=True, account=found.by_account)
    return Found(person, scopes=found.scopes)


def _note_seen(lobby: Lobby, hashed: bytes, now_us: int) -> None:
    """A full disk signs nobody out: what cannot be written is known in memory."""
    if len(lobby.seen) >= MOST_SEEN:
        lobby.seen.clear()
    lobby.seen[hashed] = now_us
    with contextlib.suppress(OSError), lobby.database.writing() as connection:
        sessions.see(connection, hashed, now_us)
