"""What a follower asks of the gateway: signed by a key of its own, checked, and itself a row of the journal. Pure.

A request is one line of JSON: `by` (who), `at_us` (when, microseconds UTC), `nonce` (16 bytes, hexadecimal), `ask`
(what), `body` (a table), and `mac`: HMAC-SHA256 (RFC 2104) under who's key over CONTEXT and the rest as JSON with its
keys sorted and no blanks. What is old, came before, is signed by nobody known here, or reviews an incident that the
journal does not tell of is refused, with a word why.
"""

import hmac
import json
import re
import unicodedata
from collections import deque
from collections.abc import Container, Mapping
from typing import Any

from gateway.incident import Asked
from gateway.journal.evidence_asks import fault_of
from gateway.journal.incidents import MOST as KNOWN

CONTEXT = b"soundpost/1 request\0"
FRESH_US = 30_000_000
MOST_BYTES = 4096
MOST_SEEN = 10_000
MOST_NAMED = 64  # letters of a name that are told back; a true one has 23
VERDICTS = ("gunshot", "no gunshot", "unsure")
WHATS = ("fireworks", "backfire", "construction", "thunder", "other", "exercise")
"""What it was, of a review: all but `exercise` only with `no gunshot`."""
LONGEST, LONGEST_WHO = 500, 64
UNSEEN = ("Cc", "Cs", "Zl", "Zp")
"""Of Unicode's general categories: controls, surrogates, ends of lines."""
TURNS = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
"""Of its bidirectional classes: those that turn a line's direction round."""
NAME = re.compile(r"[A-Za-z0-9._-]{1,32}")
FIELDS = {"by": str, "at_us": int, "nonce": str, "ask": str, "body": dict, "mac": str}


class Refused(ValueError):
    """Why a request is not taken, in words that name no secret."""


def signed(ask: str, body: Mapping[str, Any], by: str, key: bytes, at_us: int, nonce: bytes) -> bytes:
    """The line of a request."""
    asked = {"by": by, "at_us": at_us, "nonce": nonce.hex(), "ask": ask, "body": dict(body)}
    return json.dumps({**asked, "mac": _mac(asked, key)}).encode() + b"\n"


class Requests:
    """keys : who may ask -> the key, read at each request. incidents : the names of those that there are."""

    def __init__(self, keys: Mapping[str, bytes], incidents: Container[str]) -> None:
        self._keys, self._incidents = keys, incidents
        self._nonces: deque[str] = deque(maxlen=MOST_SEEN)

    def take(self, line: bytes, now_us: int, age_us: int) -> Asked:
        """What is asked. age_us : for how long this gateway has run, whatever its clock was set to meanwhile: what was
        signed before may have been taken by the one before it. Raises only Refused."""
        asked = _read(line)
        mac = asked.pop("mac")
        key = self._keys.get(asked["by"], b"")
        if not hmac.compare_digest(mac.encode(), _mac(asked, key).encode()) or not key:
            raise Refused("signed by nobody who may ask here")
        if not now_us - min(age_us, FRESH_US) <= asked["at_us"] <= now_us + FRESH_US:
            raise Refused("too old, from the future, or from before the gateway's start: sign it anew")
        if asked["nonce"] in self._nonces:
            raise Refused("came before")
        check(asked["ask"], asked["body"])
        is_review = asked["ask"] == "review"  # evidence may outlive its journal
        if is_review and asked["body"]["incident"] not in self._incidents:
            name = asked["body"]["incident"][:MOST_NAMED]
            raise Refused(f"there is no incident {name!r} in this journal, of which the newest {KNOWN} are known")
        self._nonces.append(asked["nonce"])
        return Asked(asked["by"], asked["ask"], asked["body"], asked["nonce"], mac, asked["at_us"])


def check(ask: str, body: Mapping[str, Any]) -> None:
    """Whether this can be asked for. Raises Refused."""
    if ask == "evidence":
        if words := fault_of(body):
            raise Refused(words)
        return _check_letters(body)
    if ask != "review":
        raise Refused(f"ask must be review or evidence (it is {ask[:32]!r})")
    _check_review(body)
    return _check_letters(body)


def _check_review(body: Mapping[str, Any]) -> None:
    """what : of WHATS. who : the person, where a program asks for many."""
    if set(body) - {"note", "what", "who"} != {"incident", "verdict"}:
        raise Refused("a review has incident, verdict and perhaps a note, what it was and who says so")
    if body["verdict"] not in VERDICTS:
        raise Refused(f"verdict must be one of {', '.join(VERDICTS)}")
    if not all(isinstance(text, str) and len(text) <= LONGEST for text in body.values()):
        raise Refused(f"incident and note must be texts of at most {LONGEST} letters")
    if "what" in body and body["what"] not in WHATS:
        raise Refused(f"what must be one of {', '.join(WHATS)}")
    if body.get("what", "exercise") != "exercise" and body["verdict"] != "no gunshot":
        raise Refused(f"what: only exercise goes with {body['verdict']}")
    if "who" in body and not 1 <= len(body["who"].strip()) <= len(body["who"]) <= LONGEST_WHO:
        raise Refused(f"who must be a name of 1 to {LONGEST_WHO} letters")


def _check_letters(body: Mapping[str, Any]) -> None:
    letters = {letter for text in body.values() if isinstance(text, str) for letter in text}
    if any(unicodedata.category(each) in UNSEEN or unicodedata.bidirectional(each) in TURNS for each in letters):
        raise Refused("incident, note and who must be one line, without control characters")


def _read(line: bytes) -> dict[str, Any]:
    try:
        asked = json.loads(line) if len(line) <= MOST_BYTES else None
    except (ValueError, RecursionError):
        asked = None
    if not isinstance(asked, dict) or asked.keys() != FIELDS.keys():
        raise Refused(f"not one line of JSON of at most {MOST_BYTES} bytes with {', '.join(FIELDS)}")
    for name, kind in FIELDS.items():
        if type(asked[name]) is not kind:
            raise Refused(f"{name} must be {kind.__name__}")
    if (
        not NAME.fullmatch(asked["by"])
        or not re.fullmatch(r"[0-9a-f]{32}", asked["nonce"])
        or not asked["mac"].isascii()
    ):
        raise Refused("by, nonce or mac is not of the form that it must have")
    return asked


def _mac(asked: Mapping[str, Any], key: bytes) -> str:
    text = json.dumps(asked, sort_keys=True, separators=(",", ":"))
    return hmac.digest(key, CONTEXT + text.encode(), "sha256").hex()
