"""Passwords as Argon2id hashes, and what a password must be.

Cost: 3 passes over 64 MiB in 4 lanes, argon2-cffi's profile RFC_9106_LOW_MEMORY, which its documentation names as the
second recommended option of RFC 9106. Rules: OWASP ASVS 5.0, 6.2.1 (at least 8 characters, 15 recommended), 6.2.5 (any
characters), 6.2.8 (verified as typed), 6.2.9 (at least 64 allowed), 6.2.11 (not made of what it is for).
"""

import secrets
from collections.abc import Sequence

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from gateway.web.words.said import Said, said

SHORTEST, LONGEST = 12, 256
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is taken for another
GIVEN_LENGTH = 20


class Passwords:
    """hasher : of another cost, for tests."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
        self._nobodys = self._hasher.hash(secrets.token_urlsafe())

    def hashed(self, password: str) -> str:
        """What is kept of it."""
        return self._hasher.hash(password)

    def is_right(self, kept: str, password: str) -> bool:
        """Whether this is the password; it takes as long where there is none (kept is "")."""
        try:
            return self._hasher.verify(kept or self._nobodys, password) and kept != ""
        except (VerificationError, InvalidHashError):
            return False

    def is_old(self, kept: str) -> bool:
        """Whether this was hashed at another cost than is now in force."""
        return self._hasher.check_needs_rehash(kept)


def fault(password: str, name: str) -> Said | str:
    """What is wrong with a new password, in a sentence; "" where nothing is."""
    count = len(password)
    if count < SHORTEST:
        return said("A password has at least {least} characters; this one has {count}.", least=SHORTEST, count=count)
    if count > LONGEST:
        return said("A password has at most {most} characters; this one has {count}.", most=LONGEST, count=count)
    if len(set(password)) < 5:
        return said("A password has at least 5 different characters.")
    lowered = password.lower()
    for word in _known(name):
        if lowered.replace(word, "").strip("0123456789!.-_ ") == "":
            return said("A password is more than a name or a common word with digits.")
    return ""


def _known(name: str) -> Sequence[str]:
    """Words that are not enough for a password: whose it is, what for, and what is always tried first."""
    common = ("password", "passw0rd", "soundpost", "gunshot", "dispatcher", "administrator", "qwertyuiop", "letmein")
    return [word for word in (name.lower(), *common, "1234567890", "abcdefghijkl") if len(word) >= 3]


def given() -> str:
    """A password that an administrator hands on: about 99 bits, typed once."""
    return "".join(secrets.choice(ALPHABET) for _ in range(GIVEN_LENGTH))
