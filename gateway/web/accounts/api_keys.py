"""API keys: how a machine says who it is (`Authorization: Bearer KEY`). Shown once; kept is the
SHA-256 of its 256 random bits. A key has a role and scopes, and may do what both allow."""

import secrets
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.web.accounts.accounts import NAME
from gateway.web.accounts.sessions import hash_of
from gateway.web.grants import ROLES
from gateway.web.words.said import said

PREFIX = "soundpost_"
"""So that whoever finds one knows what it opens."""
COLUMNS = "id, name, role, scopes, by_account, made_us, used_us, revoked_us"


@dataclass(frozen=True, slots=True)
class Key:
    """used_us, revoked_us : 0 for never."""

    id: int
    name: str
    role: str
    scopes: tuple[str, ...]
    by_account: int
    made_us: int
    used_us: int
    revoked_us: int


def make(
    connection: sqlite3.Connection,
    name: str,
    role: str,
    scopes: Sequence[str],
    known: Sequence[str],
    by: int,
    now_us: int,
) -> str:
    """A new key. known : the scopes that there are. Returns it; it is kept nowhere. Raises ValueError for a name, role
    or scope that cannot be."""
    if not NAME.fullmatch(name):
        raise ValueError(said("a name has 1 to 64 letters, digits, dots, hyphens, underlines or @"))
    if role not in ROLES or role == "administrator":
        raise ValueError(said("a key's role is one of {roles}", roles=ROLES[:-1]))
    if not scopes or not set(scopes) <= set(known):
        raise ValueError(said("a key has one or more scopes of {scopes}", scopes=", ".join(known)))
    if connection.execute("select 1 from api_key where name = ?", (name,)).fetchone():
        raise ValueError(said("there is or was a key {name} already", name=name))
    key = PREFIX + secrets.token_urlsafe(32)
    connection.execute(
        "insert into api_key(hash, name, role, scopes, by_account, made_us) values (?, ?, ?, ?, ?, ?)",
        (hash_of(key), name, role, " ".join(sorted(set(scopes))), by, now_us),
    )
    return key


def found(connection: sqlite3.Connection, key: str) -> Key | None:
    """The key, unless it is unknown or revoked."""
    query = f"select {COLUMNS} from api_key where hash = ? and revoked_us = 0"  # noqa: S608 (a constant)
    row = connection.execute(query, (hash_of(key),)).fetchone()
    return None if row is None else _key(row)


def everyone(connection: sqlite3.Connection) -> Sequence[Key]:
    """All keys that there are or were, by name."""
    return [_key(row) for row in connection.execute(f"select {COLUMNS} from api_key order by name")]  # noqa: S608


def use(connection: sqlite3.Connection, number: int, now_us: int) -> None:
    """It was used."""
    connection.execute("update api_key set used_us = max(used_us, ?) where id = ?", (now_us, number))


def revoke(connection: sqlite3.Connection, number: int, now_us: int) -> str:
    """It opens nothing any more. Returns its name; raises ValueError where there is none that does."""
    row = connection.execute(
        "update api_key set revoked_us = ? where id = ? and revoked_us = 0 returning name", (now_us, number)
    ).fetchone()
    if row is None:
        raise ValueError(said("there is no such key, or it is revoked already"))
    return str(row[0])


def _key(row: sqlite3.Row) -> Key:
    return Key(**{**dict(row), "scopes": tuple(row["scopes"].split())})
