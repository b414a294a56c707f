"""Sessions: what a browser's cookie stands for. Kept is the SHA-256 of the cookie's 256 random bits (OWASP ASVS 5.0,
7.2.3 asks for 128); a new one is made at each step of signing in (7.2.4), and one that a browser brings is never taken.

A session has an end, used or not, and an idle end (7.3.1, 7.3.2). An account has at most MOST of them: a further one
ends the one that was used longest ago.
"""

import hashlib
import secrets
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

S = 1_000_000
MOST = 20
HALF_IN_S = 600
"""How long somebody has for the second step, or for a new password."""
IN, CODE, PASSWORD = "in", "code", "password"  # signed in; a code is awaited; a new password is


@dataclass(frozen=True, slots=True)
class Session:
    """stage : IN, or what is still missing. hash : of its secret."""

    hash: bytes
    account: int
    stage: str
    made_us: int
    seen_us: int
    address: str
    browser: str


@dataclass(frozen=True, slots=True)
class Ends:
    """How long a session lasts at all, and unused."""

    whole_us: int
    idle_us: int


def hash_of(secret: str) -> bytes:
    """What is kept of a secret that is random by itself."""
    return hashlib.sha256(secret.encode()).digest()


def begin(connection: sqlite3.Connection, account: int, stage: str, now_us: int, address: str, browser: str) -> str:
    """A new session. Returns its secret, which is kept nowhere."""
    secret = secrets.token_urlsafe(32)
    connection.execute(
        "insert into session values (?, ?, ?, ?, ?, ?, ?)",
        (hash_of(secret), account, stage, now_us, now_us, address[:64], browser[:200]),
    )
    connection.execute(
        "delete from session where account = ?1 and hash not in "
        "(select hash from session where account = ?1 order by seen_us desc, rowid desc limit ?2)",
        (account, MOST),
    )
    return secret


def found(connection: sqlite3.Connection, hashed: bytes) -> Session | None:
    """The session, ended or not; none of a locked account."""
    row = connection.execute(
        "select s.* from session s join account a on a.id = s.account where s.hash = ? and a.is_locked = 0", (hashed,)
    ).fetchone()
    return None if row is None else Session(*row)


def has_ended(session: Session, now_us: int, ends: Ends) -> bool:
    """Whether its time is over. A clock that was set back ends it, too, where it lies before the session's start."""
    if session.stage != IN:
        return not 0 <= now_us - session.made_us < HALF_IN_S * S
    return not -60 * S <= now_us - session.made_us < ends.whole_us or now_us - session.seen_us >= ends.idle_us


def see(connection: sqlite3.Connection, hashed: bytes, now_us: int) -> None:
    """It is in use."""
    connection.execute("update session set seen_us = max(seen_us, ?) where hash = ?", (now_us, hashed))


def end(connection: sqlite3.Connection, hashed: bytes) -> None:
    """It is over."""
    connection.execute("delete from session where hash = ?", (hashed,))


def end_others(connection: sqlite3.Connection, account: int, kept: bytes) -> int:
    """All of an account but this one. Returns how many."""
    return connection.execute("delete from session where account = ? and hash != ?", (account, kept)).rowcount


def sweep(connection: sqlite3.Connection, now_us: int, ends: Ends) -> None:
    """Take away what has ended."""
    connection.execute("delete from session where stage != 'in' and made_us < ?", (now_us - HALF_IN_S * S,))
    connection.execute("delete from session where made_us < ?", (now_us - ends.whole_us,))


def of_account(connection: sqlite3.Connection, account: int) -> Sequence[Session]:
    """Its sessions, the one used last first."""
    rows = connection.execute(
        "select * from session where account = ? and stage = 'in' order by seen_us desc, rowid", (account,)
    )
    return [Session(*row) for row in rows]
