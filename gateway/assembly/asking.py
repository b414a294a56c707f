"""Asking a running gateway, over the socket beside its journal, by a signed request; and seeing that what was asked is
on the disk. For programs that follow the journal: they hold their own key, and none of a node."""

import json
import os
import pathlib
import time
from collections.abc import Mapping
from typing import Any

from gateway.evidence.telling import Refused
from gateway.intake.keyring import KEY_BYTES, read_secret
from gateway.journal.bell import Bell
from gateway.journal.request import Refused as NotTaken
from gateway.journal.request import check, signed
from gateway.journal.rows import reading

NONCE_BYTES = 16
ON_DISK_S, LOOK_S = 10.0, 0.02


def read_key(path: pathlib.Path) -> bytes:
    """A file of 64 hexadecimal digits that only its owner may read. Raises ValueError or OSError naming it, not the
    key."""
    text = read_secret(path)
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError(f"{path}: is no key: {2 * KEY_BYTES} hexadecimal digits (soundpost keys makes one)")
    return key


def ask_gateway(journal: pathlib.Path, by: str, key: bytes, ask: str, body: Mapping[str, Any]) -> str:
    """Have it written down. ask : `review` or `evidence`. Comes back: the request's nonce. Raises Refused, or OSError
    where no gateway answers."""
    try:
        check(ask, body)
    except NotTaken as error:
        raise Refused(str(error)) from None
    line = signed(ask, body, by, key, now_us(), os.urandom(NONCE_BYTES))
    bell = Bell(journal)
    try:
        answer = bell.ask(line)
    finally:
        bell.close()
    if "taken" not in answer:
        raise Refused(answer.get("refused", "?"))
    return answer["taken"]


def now_us() -> int:
    """UTC in microseconds."""
    return time.time_ns() // 1000


def write_down(journal: pathlib.Path, by: str, key: bytes, body: Mapping[str, Any]) -> None:
    """An access to evidence: its row can be read in the journal, on the disk, on return. Raises Refused, or OSError
    where that is not to be had: then nothing may be opened."""
    with reading(journal) as rows:
        last = rows.execute("select max(number) from row").fetchone()[0] or 0
    nonce = ask_gateway(journal, by, key, "evidence", body)
    due_s = time.monotonic() + ON_DISK_S
    while time.monotonic() < due_s:
        with reading(journal) as rows:
            found = rows.execute("select body from row where number > ? and kind = 'request'", (last,)).fetchall()
        if any(json.loads(body).get("nonce") == nonce for (body,) in found):
            return
        time.sleep(LOOK_S)
    raise OSError(f"{journal}: the access was not written down within {ON_DISK_S:g} s, so nothing is opened")
