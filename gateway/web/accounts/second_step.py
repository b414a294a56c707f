"""The second step of signing in: a code of an authenticator app (TOTP, RFC 6238), or one of ten codes on paper.

A time step is 30 s; a code of the step before and after is taken, too (RFC 6238, section 5.2, recommends at most one
step for the network's delay), and none twice: its step must be later than the last that was taken. A last one that lies
ahead was taken while the clock was wrong, and does not count. A paper code has
125 random bits, so a plain SHA-256 of it is kept (OWASP ASVS 5.0, 6.5.2), and goes with its use.
"""

import hmac
import secrets
import sqlite3
from collections.abc import Sequence

import pyotp

from gateway.web.accounts.sessions import hash_of

STEP_S = 30
ISSUER = "Soundpost"
N_PAPER, GROUPS, GROUP = 10, 5, 5
BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def new_seed() -> str:
    """160 random bits, base32: as long as HMAC-SHA-1's output (RFC 6238, section 5.1)."""
    return pyotp.random_base32(32)


def uri(seed: str, name: str) -> str:
    """What an authenticator app takes as a link."""
    return pyotp.TOTP(seed).provisioning_uri(name=name, issuer_name=ISSUER)


def taken_step(seed: str, code: str, now_us: int, last_step: int) -> int:
    """The time step that this code is of, later than the last; 0 for a code that is wrong, old or was taken before."""
    typed = "".join(code.split())
    if not (typed.isascii() and typed.isdigit() and len(typed) == 6):
        return 0
    now, totp, matched = step_at(now_us), pyotp.TOTP(seed), 0
    if last_step > now + 1:
        last_step = 0
    for step in (now - 1, now, now + 1):
        if hmac.compare_digest(totp.generate_otp(step), typed) and step > last_step:
            matched = step
    return matched


def step_at(now_us: int) -> int:
    """The time step of this moment (RFC 6238, section 4.2: from 1970 on)."""
    return now_us // 1_000_000 // STEP_S


def take_step(connection: sqlite3.Connection, account: int, step: int, now_us: int) -> bool:
    """Note that this step's code is used up; False where another request was first."""
    query = "update account set last_step = ?1 where id = ?2 and (last_step < ?1 or last_step > ?3)"
    return connection.execute(query, (step, account, step_at(now_us) + 1)).rowcount == 1


def enrol(connection: sqlite3.Connection, account: int, seed: str, step: int) -> Sequence[str]:
    """From now on this account has a second step. Returns new codes for paper."""
    connection.execute("update account set seed = ?, last_step = ? where id = ?", (seed, step, account))
    return new_paper_codes(connection, account)


def remove(connection: sqlite3.Connection, account: int) -> None:
    """The password alone opens again."""
    connection.execute("update account set seed = '', last_step = 0 where id = ?", (account,))
    connection.execute("delete from recovery_code where account = ?", (account,))


def new_paper_codes(connection: sqlite3.Connection, account: int) -> Sequence[str]:
    """Ten codes, each good once; those of before are not good any more."""
    codes = ["-".join(_letters(GROUP) for _ in range(GROUPS)) for _ in range(N_PAPER)]
    connection.execute("delete from recovery_code where account = ?", (account,))
    connection.executemany(
        "insert into recovery_code values (?, ?)", [(hash_of(plain_paper(code)), account) for code in codes]
    )
    return codes


def take_paper_code(connection: sqlite3.Connection, account: int, code: str) -> bool:
    """Use one up; False for one that is not, or not any more."""
    query = "delete from recovery_code where hash = ? and account = ?"
    return connection.execute(query, (hash_of(plain_paper(code)), account)).rowcount == 1


def n_paper_codes(connection: sqlite3.Connection, account: int) -> int:
    """How many are left."""
    return int(connection.execute("select count(*) from recovery_code where account = ?", (account,)).fetchone()[0])


def plain_paper(code: str) -> str:
    """As it is hashed: however it was typed."""
    return "".join(each for each in code.upper() if each in BASE32)


def _letters(count: int) -> str:
    return "".join(secrets.choice(BASE32) for _ in range(count))
