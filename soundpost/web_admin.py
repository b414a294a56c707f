"""`soundpost web admin`: the first administrator, and what is left where nobody can sign in. Works on the file beside a
running web process. A password is asked for on the terminal, twice; it is on no command line and in no answer."""

import argparse
import getpass
import pathlib
import sys
from sqlite3 import Connection
from typing import Any

from gateway.web.accounts import access_log, accounts, second_step
from gateway.web.accounts.access_log import Access
from gateway.web.accounts.accounts import Account
from gateway.web.accounts.lobby import wall_us
from gateway.web.accounts.passwords import LONGEST, Passwords, fault
from gateway.web.database import Database
from gateway.web.grants import ROLES
from gateway.web.settings import read_web_config
from soundpost.terminal import add_verb

HELP = "Accounts, from the machine itself: make, list, lock, unlock, role, reset; and check-log."
EXAMPLES = {"make": "anna --role dispatcher", "role": "bert analyst", "list": "", "check-log": ""}
WITH_NAME = {
    "make": "a new account; asks for its password",
    "lock": "nobody enters by it, and whoever is in is out",
    "unlock": "it opens again, and wrong passwords so far make nobody wait",
    "role": "gives it another role",
    "reset": "asks for a new password; ends its sessions",
}
WITHOUT = {"list": "accounts, roles, second steps", "check-log": "is the access log what was written there"}
DEEDS = WITH_NAME | WITHOUT


def add_arguments(verbs: Any) -> None:
    """The options of `soundpost web admin`."""
    shown = {deed: f"web admin {deed} {EXAMPLES.get(deed, 'bert')}".strip() + " --config web.toml" for deed in DEEDS}
    parser = add_verb(verbs, "admin", HELP, shown["make"], shown["role"])
    deeds = parser.add_subparsers(dest="deed", required=True, metavar="|".join(DEEDS))
    for deed, what in DEEDS.items():
        each = add_verb(deeds, deed, what, shown[deed])
        each.add_argument("--config", required=True, type=pathlib.Path, metavar="FILE", help="web.toml")
        if deed in WITH_NAME:
            each.add_argument("name", metavar="NAME", help="of the account")
        if deed == "role":
            each.add_argument("role", choices=ROLES, metavar="ROLE", help=", ".join(ROLES))
        if deed == "make":
            each.add_argument("--role", choices=ROLES, default="administrator", help="default: administrator")
        if deed == "reset":
            each.add_argument("--without-second-step", action="store_true", help="takes that away, too")


def run(args: argparse.Namespace) -> int:
    """0 done; 1 a broken access log. Raises ValueError or OSError of one line."""
    config = read_web_config(args.config)
    database = Database(args.config.parent / config.database)
    if args.deed == "list":
        return _list(database)
    if args.deed == "check-log":
        return _check_log(database)
    hashed = ""
    if args.deed in ("make", "reset"):
        with database.reading() as connection:
            is_there = accounts.named(connection, args.name) is not None
        if is_there == (args.deed == "make"):
            raise ValueError(f"there is {'an' if is_there else 'no'} account {args.name}{' already' * is_there}")
        hashed = Passwords().hashed(_password(args.name))
    with database.writing() as connection:
        print(_do(connection, args, hashed))
    return 0


def _do(connection: Connection, args: argparse.Namespace, hashed: str) -> str:
    now_us, name = wall_us(), args.name
    if args.deed == "make":
        _log(connection, "made an account", name, f"as {args.role}")
        accounts.make(connection, name, args.role, now_us, hashed)
        return f"{name} may sign in as {args.role}"
    account = _named(connection, name)
    if args.deed == "lock":
        _log(connection, "locked an account", name)
        accounts.lock(connection, account)
        return f"{name} is locked, and out"
    if args.deed == "unlock":
        _log(connection, "unlocked an account", name)
        accounts.unlock(connection, account, now_us)
        return f"{name} may sign in again"
    if args.deed == "role":
        _log(connection, "changed a role", name, f"to {args.role}")
        accounts.set_role(connection, account, args.role)
        return f"{name} is {args.role}"
    _log(connection, "gave a new password", name, "and took away the second step" if args.without_second_step else "")
    accounts.set_password(connection, account.id, hashed)
    if args.without_second_step:
        second_step.remove(connection, account.id)
    return f"{name} has a new password, and is signed out everywhere"


def _list(database: Database) -> int:
    with database.reading() as connection:
        for each in accounts.everyone(connection):
            marks = [mark for mark, is_so in (("locked", each.is_locked), ("second step", bool(each.seed)),
                                              ("single sign-on", bool(each.subject))) if is_so]  # fmt: skip
            print(f"{each.name:24} {each.role:14} {', '.join(marks)}".rstrip())
    return 0


def _check_log(database: Database) -> int:
    with database.reading() as connection:
        broken, rows = access_log.first_broken(connection), access_log.lines(connection, most=1)
    if broken is not None:
        print(f"soundpost web: row {broken} of the access log is not what was written there", file=sys.stderr)
        return 1
    print(f"whole, {rows[0].number if rows else 0} rows{f', head {rows[0].hash.hex()}' if rows else ''}")
    return 0


def _named(connection: Connection, name: str) -> Account:
    account = accounts.named(connection, name)
    if account is None:
        raise ValueError(f"there is no account {name}")
    return account


def _log(connection: Connection, what: str, about: str, note: str = "") -> None:
    access_log.write(connection, Access(wall_us(), f"{getpass.getuser()} on the machine", "", "", what, about, note))


def _password(name: str) -> str:
    """From the terminal, twice; from standard input, once, where that is none. Raises ValueError for one that cannot
    be."""
    if sys.stdin.isatty():
        password = getpass.getpass(f"Password for {name}: ")
        if password != getpass.getpass("Once more: "):
            raise ValueError("the two are not the same; nothing was changed")
    else:
        password = sys.stdin.readline(LONGEST + 2).rstrip("\n")
    wrong = fault(password, name)
    if wrong:
        raise ValueError(wrong)
    return password
