"""Accounts: who may sign in, as what. Each function works within the transaction that it is given."""

import re
import sqlite3
import zoneinfo
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.web.grants import ROLES
from gateway.web.words.said import said

NAME = re.compile(r"[A-Za-z0-9._@-]{1,64}")
LANGUAGE = re.compile(r"[a-z]{2}|")
COLUMNS = (
    "id, name, role, made_us, password, password_until_us, is_locked, forgiven_us, seed, last_step, issuer, subject, "
    "language, time_zone"
)


@dataclass(frozen=True, slots=True)
class Account:
    """password : its hash. password_until_us : 0, or until when the password that an administrator gave opens.
    seed : of the second step, "" without one. forgiven_us : wrong passwords up to then count no more."""

    id: int
    name: str
    role: str
    made_us: int
    password: str
    password_until_us: int
    is_locked: bool
    forgiven_us: int
    seed: str
    last_step: int
    issuer: str
    subject: str
    language: str
    time_zone: str

    def __repr__(self) -> str:
        return f"Account({self.id}, {self.name!r}, {self.role!r})"  # a log may hold this, and not the rest


def numbered(connection: sqlite3.Connection, number: int) -> Account | None:
    """The account of this number."""
    return _one(connection.execute(f"select {COLUMNS} from account where id = ?", (number,)))  # noqa: S608


def named(connection: sqlite3.Connection, name: str) -> Account | None:
    """The account of this name, in capitals or not."""
    return _one(connection.execute(f"select {COLUMNS} from account where name = ?", (name,)))  # noqa: S608


def vouched(connection: sqlite3.Connection, issuer: str, subject: str) -> Account | None:
    """The account of whom this provider knows by this subject."""
    query = f"select {COLUMNS} from account where issuer = ? and subject = ? and subject != ''"  # noqa: S608
    return _one(connection.execute(query, (issuer, subject)))


def everyone(connection: sqlite3.Connection) -> Sequence[Account]:
    """All accounts, by name."""
    return [_account(row) for row in connection.execute(f"select {COLUMNS} from account order by name")]  # noqa: S608


def make(
    connection: sqlite3.Connection, name: str, role: str, now_us: int, password: str = "", until_us: int = 0
) -> int:
    """A new account; password : its hash. Returns its number. Raises ValueError for a name or role that cannot be."""
    if not NAME.fullmatch(name):
        raise ValueError(said("a name has 1 to 64 letters, digits, dots, hyphens, underlines or @"))
    if role not in ROLES:
        raise ValueError(said("a role is one of {roles}", roles=ROLES))
    if named(connection, name) is not None:
        raise ValueError(said("there is an account {name} already", name=name))
    made = connection.execute(
        "insert into account(name, role, made_us, password, password_until_us) values (?, ?, ?, ?, ?)",
        (name, role, now_us, password, until_us),
    )
    assert made.lastrowid is not None
    return made.lastrowid


def set_role(connection: sqlite3.Connection, account: Account, role: str) -> None:
    """Raises ValueError for no role, and where nobody would be left to administrate."""
    if role not in ROLES:
        raise ValueError(said("a role is one of {roles}", roles=ROLES))
    if role != "administrator":
        _others_administrate(connection, account)
    connection.execute("update account set role = ? where id = ?", (role, account.id))


def set_role_of_vouched(connection: sqlite3.Connection, account: Account, role: str) -> None:
    """The role that its provider gives, even where no administrator is left: `soundpost web admin` makes one."""
    connection.execute("update account set role = ? where id = ?", (role, account.id))


def lock(connection: sqlite3.Connection, account: Account) -> None:
    """Nobody enters by it any more, and whoever is in is out. Raises ValueError where none would administrate."""
    _others_administrate(connection, account)
    connection.execute("update account set is_locked = 1 where id = ?", (account.id,))
    connection.execute("delete from session where account = ?", (account.id,))


def unlock(connection: sqlite3.Connection, account: Account, now_us: int) -> None:
    """It opens again, and wrong passwords so far make nobody wait."""
    connection.execute("update account set is_locked = 0, forgiven_us = ? where id = ?", (now_us, account.id))


def set_password(connection: sqlite3.Connection, number: int, hashed: str, until_us: int = 0) -> None:
    """A new password; whoever is in by the old one is out."""
    connection.execute(
        "update account set password = ?, password_until_us = ? where id = ?", (hashed, until_us, number)
    )
    connection.execute("delete from session where account = ?", (number,))


def set_reader(connection: sqlite3.Connection, number: int, language: str, time_zone: str) -> None:
    """How pages speak to this one. Raises ValueError for a language or a time zone that is none."""
    if not LANGUAGE.fullmatch(language):
        raise ValueError(said("a language is two small letters, as en"))
    if time_zone not in zoneinfo.available_timezones():
        raise ValueError(said("a time zone is of the IANA list, as America/Chicago"))
    connection.execute("update account set language = ?, time_zone = ? where id = ?", (language, time_zone, number))


def _others_administrate(connection: sqlite3.Connection, account: Account) -> None:
    if account.role != "administrator" or account.is_locked:
        return
    others = "select count(*) from account where role = 'administrator' and is_locked = 0 and id != ?"
    if connection.execute(others, (account.id,)).fetchone()[0] == 0:
        raise ValueError(said("{name} is the last administrator; make another one first", name=account.name))


def _one(rows: sqlite3.Cursor) -> Account | None:
    row = rows.fetchone()
    return None if row is None else _account(row)


def _account(row: sqlite3.Row) -> Account:
    return Account(**{**dict(row), "is_locked": bool(row["is_locked"])})
