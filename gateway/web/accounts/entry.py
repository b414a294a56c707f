"""Signing in: from a name and a password, a code, or a provider's word to a session. Whoever is wrong too often waits
(waits.py); what is answered, and how long it takes, is the same for a name that no account has."""

import sqlite3
from dataclasses import dataclass, replace

from gateway.web.accounts import access_log, accounts, second_step, sessions
from gateway.web.accounts.access_log import Access
from gateway.web.accounts.accounts import Account
from gateway.web.accounts.lobby import Lobby
from gateway.web.accounts.oidc import Arrival
from gateway.web.accounts.sessions import CODE, IN, PASSWORD, Session
from gateway.web.words.said import said


@dataclass(frozen=True, slots=True)
class From:
    """Where a try comes from. secret : of the cookie that the browser had; that session ends."""

    address: str
    browser: str
    secret: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """What came of it. secret : of the new session, or "" for who did not get on. stage : of that session.
    wait_us : how long to wait before the next try."""

    secret: str = ""
    stage: str = ""
    wait_us: int = 0


def by_password(lobby: Lobby, name: str, password: str, source: From) -> Entry:
    """Raises OSError where the file cannot be written: then nobody came in."""
    now_us, key = lobby.now_us(), f"name {name[:64].lower()}"
    with lobby.database.reading() as connection:
        account = accounts.named(connection, name[:65])
    wait_us = _wait_us(lobby, key, account, source, now_us)
    if wait_us:
        return Entry(wait_us=wait_us)
    is_right = lobby.passwords.is_right(account.password if account else "", password)
    if account is None or not is_right or account.is_locked or 0 < account.password_until_us < now_us:
        return _refused(lobby, key, account, source, now_us)
    with lobby.lock:
        lobby.of_account.right(key)
    if lobby.passwords.is_old(account.password):
        _hash_anew(lobby, account, password)
    return _pass(lobby, account, CODE if account.seed else _after_code(account), source)


def by_code(lobby: Lobby, session: Session, code: str, source: From) -> Entry:
    """The second step, of an app or of paper. Raises OSError as by_password."""
    now_us, key = lobby.now_us(), f"code {session.account}"
    with lobby.database.reading() as connection:
        account = accounts.numbered(connection, session.account)
    assert account is not None
    wait_us = _wait_us(lobby, key, account, source, now_us)
    if wait_us:
        return Entry(wait_us=wait_us)
    if not takes_code(lobby, account, code[:64], now_us):
        return _refused(lobby, key, account, source, now_us)
    with lobby.lock:
        lobby.of_account.right(key)
    return _pass(lobby, account, _after_code(account), source)


def confirmed(lobby: Lobby, account: Account, password: str, source: From) -> Entry | None:
    """None where this is the account's password; else what came of the try. For who is in and asks for much."""
    now_us, key = lobby.now_us(), f"name {account.name.lower()}"
    wait_us = _wait_us(lobby, key, account, source, now_us)
    if wait_us:
        return Entry(wait_us=wait_us)
    if not lobby.passwords.is_right(account.password, password):
        return _refused(lobby, key, account, source, now_us)
    return None


def by_provider(lobby: Lobby, arrival: Arrival, source: From) -> Entry:
    """Whom a provider vouches for; its account is made at the first time, and has the role that it gives at each.
    A locked one stays out."""
    with lobby.database.writing() as connection:
        account = accounts.vouched(connection, arrival.issuer, arrival.subject)
        if account is None:
            account = _new_account(connection, arrival, lobby.now_us())
        if not account.is_locked and account.role != arrival.role:
            note = said("to {role}", role=arrival.role)
            changed = Access(
                lobby.now_us(), "", "", source.address, said("the provider changed a role"), account.name, note
            )
            access_log.write(connection, changed)
            accounts.set_role_of_vouched(connection, account, arrival.role)
            account = replace(account, role=arrival.role)
    if account.is_locked:
        return _refused(lobby, f"vouched {account.id}", account, source, lobby.now_us())
    return _pass(lobby, account, CODE if account.seed else IN, source)


def takes_code(lobby: Lobby, account: Account, code: str, now_us: int) -> bool:
    """Use up a code of the app, or of paper; False for one that is not good."""
    step = second_step.taken_step(account.seed, code, now_us, account.last_step)
    with lobby.database.writing() as connection:
        if step:
            return second_step.take_step(connection, account.id, step, now_us)
        return second_step.take_paper_code(connection, account.id, code)


def with_new_password(lobby: Lobby, session: Session, password: str, source: From) -> Entry:
    """After the password that an administrator gave: one of their own."""
    hashed, now_us = lobby.passwords.hashed(password), lobby.now_us()
    with lobby.database.writing() as connection:
        account = accounts.numbered(connection, session.account)
        assert account is not None
        access_log.write(connection, _access(now_us, account, source, said("changed a password"), account.name))
        accounts.set_password(connection, account.id, hashed)
        access_log.write(connection, _access(now_us, account, source, said("signed in")))
        return Entry(sessions.begin(connection, account.id, IN, now_us, source.address, source.browser), IN)


def _pass(lobby: Lobby, account: Account, stage: str, source: From) -> Entry:
    now_us = lobby.now_us()
    with lobby.database.writing() as connection:
        if stage == IN:
            access_log.write(connection, _access(now_us, account, source, said("signed in")))
        sessions.end(connection, sessions.hash_of(source.secret))
        sessions.sweep(connection, now_us, lobby.ends)
        return Entry(sessions.begin(connection, account.id, stage, now_us, source.address, source.browser), stage)


def _after_code(account: Account) -> str:
    return PASSWORD if account.password_until_us else IN


def _wait_us(lobby: Lobby, key: str, account: Account | None, source: From, now_us: int) -> int:
    forgiven_us = account.forgiven_us if account else -1
    with lobby.lock:
        own_us = lobby.of_account.left_us(key, now_us, forgiven_us)
        return max(own_us, lobby.of_address.left_us(source.address, now_us))


def _refused(lobby: Lobby, key: str, account: Account | None, source: From, now_us: int) -> Entry:
    """A name that no account has is not repeated: it may be a password, typed into the wrong field."""
    with lobby.lock:
        lobby.of_account.wrong(key, now_us, account.forgiven_us if account else -1)
        lobby.of_address.wrong(source.address, now_us)
    with lobby.database.writing() as connection:
        about = account.name if account else said("a name that is not known")
        access_log.write(connection, Access(now_us, "", "", source.address, said("was not let in"), about))
    return Entry()


def _hash_anew(lobby: Lobby, account: Account, password: str) -> None:
    hashed = lobby.passwords.hashed(password)
    with lobby.database.writing() as connection:
        connection.execute("update account set password = ? where id = ?", (hashed, account.id))


def _new_account(connection: sqlite3.Connection, arrival: Arrival, now_us: int) -> Account:
    wanted = "".join(each if accounts.NAME.fullmatch(each) else "-" for each in arrival.name[:48]) or "somebody"
    name, count = wanted, 1
    while accounts.named(connection, name) is not None:
        count += 1
        name = f"{wanted}-{count}"
    number = accounts.make(connection, name, arrival.role, now_us)
    connection.execute(
        "update account set issuer = ?, subject = ? where id = ?", (arrival.issuer, arrival.subject, number)
    )
    made = accounts.numbered(connection, number)
    assert made is not None
    return made


def _access(now_us: int, account: Account, source: From, what: str, about: str = "") -> Access:
    return Access(now_us, account.name, account.role, source.address, what, about)
