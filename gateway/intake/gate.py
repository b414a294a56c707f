"""The gate: the one way in. Bytes from anywhere in, records of enrolled nodes out, or BadFrame with one word why.

The order is the defence: size and shape, then the MAC over the bytes as they came, and only what a key holder said is
decoded. Then: was it seen before, is it the one encoding of a record, does the record keep to the schema, can its time
be true. A node whose key was stolen meets the strict decoder still: a walk over the heads refuses tags, floats,
indefinite lengths and depth before `cbor2` builds anything, and what it built must encode to the same bytes again.

Replay. A frame that was seen is not an error: its ack may have been lost, so it comes out as a duplicate to be acked
again, and nothing else is to be done about it. What "seen" is, the journal knows; how old an event may be to act on,
policy knows. The gate refuses the future only: an arrival whose node claims a good clock (locked, holdover) and a time
more than 2 s (and three sigma) ahead of the gateway's. It is not acked, so an honest node keeps it, and when it was the
gateway's own clock that was behind, nothing is lost. Coarse and unset clocks may say what they like: no fix uses them.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import cbor2

from firmware import wire
from firmware.wire import BadFrame

FUTURE_US = 2_000_000
MAX_DEPTH = 3


class Seen(Protocol):
    """What is on disk already, by (node, boot, sequence)."""

    def contains(self, node: str, boot: int, sequence: int) -> bool: ...


@dataclass(frozen=True, slots=True)
class Opened:
    """A record that its node did say, one of those of `wire.KINDS`. duplicate: it is kept already; only ack it."""

    node: str
    boot: int
    sequence: int
    record: Any
    duplicate: bool


@dataclass(slots=True)
class Gate:
    """keys: node -> its key of 32 bytes. seen: what was kept. boot: this gateway's start, higher each time.

    `keys` is read at each frame: a key that is taken out of it is revoked at once.
    """

    keys: Mapping[str, bytes] = field(repr=False)
    seen: Seen = field(repr=False)
    boot: int = 0
    n_unproven: int = 0
    _sequence: int = 0

    def open(self, frame: bytes, now_us: int, kept: bool = False) -> Opened:
        """What a frame says. now_us: UTC. kept: it comes from the journal and was proven when it came in, so a key that
        was changed or taken out since is only counted, in `n_unproven`. Raises only BadFrame; its `reason` is one of
        `wire.REASONS`."""
        parts = wire.split(frame)
        node = self._node(frame, parts, kept)
        record = _record(frame[parts.payload_start : parts.payload_end])
        duplicate = self.seen.contains(node, parts.boot, parts.sequence)
        if not duplicate and isinstance(record, wire.Arrival) and _in_future(record, now_us):
            raise BadFrame("time", "an arrival from the future")
        return Opened(node, parts.boot, parts.sequence, record, duplicate)

    def knows(self, node: str) -> bool:
        """Whether this node has a key: none else is spoken to."""
        return node in self.keys

    def claimed(self, frame: bytes) -> str:
        """The name that a frame claims, unproven; empty where there is none."""
        try:
            return str(wire.split(frame).kid, "utf-8", "replace")
        except BadFrame:
            return ""

    def seal(self, node: str, record: tuple[Any, ...]) -> bytes:
        """The frame that says a record of a gateway's to a node. ValueError: unknown node, other kind."""
        if node not in self.keys:
            raise ValueError(f"node {node!r} has no key here")
        if wire.kind_of(record).direction != wire.DOWN:
            raise ValueError("only ack, command, update and part go to a node")
        self._sequence += 1
        return wire.seal(record, self.keys[node], node.encode(), self.boot, self._sequence)

    def _node(self, frame: bytes, parts: wire.Parts, kept: bool) -> str:
        """Who sealed the frame."""
        try:
            node = str(parts.kid, "utf-8")
        except UnicodeDecodeError as error:
            raise BadFrame("header") from error
        why = _disproof(frame, parts, self.keys.get(node))
        self.n_unproven += bool(why and kept)
        if why and not kept:
            raise BadFrame(why)
        return node


def _disproof(frame: bytes, parts: wire.Parts, key: bytes | None) -> str:
    """Why a frame is not shown to be its node's, or "": the MAC is proven here, in constant time."""
    if key is None:
        return "key"
    header, payload = frame[2 : parts.header_end], frame[parts.header_end + 1 : parts.payload_end]
    tag = hmac.digest(key, b"".join((wire.MAC0, header, wire.UP, payload)), "sha256")
    return "" if hmac.compare_digest(tag, frame[-32:]) else "mac"


def _record(payload: bytes) -> Any:
    """The record of a payload that a key holder sealed, if it is the one encoding of a record that nodes send."""
    _walk(payload)
    try:
        fields = cbor2.loads(payload, max_depth=MAX_DEPTH, allow_indefinite=False, allow_duplicate_keys=False)
    except (cbor2.CBORDecodeError, ValueError, TypeError) as error:
        raise BadFrame("profile") from error
    if not isinstance(fields, Mapping):
        raise BadFrame("profile", "not a map")
    record = wire.record_of(dict(fields))
    if wire.encode(record) != payload:
        raise BadFrame("profile", "not the one encoding")
    if wire.kind_of(record).direction != wire.UP:
        raise BadFrame("schema", "not a kind that nodes send")
    return record


def _walk(payload: bytes) -> None:
    """Refuse, from the heads alone, what is not integers, byte strings, arrays and maps of definite, credible size."""
    at, items = 0, 0
    while at < len(payload):
        major, info = payload[at] >> 5, payload[at] & 31
        items += 1
        if major not in (0, 1, 2, 4, 5) or info > 27 or items > wire.MAX_ITEMS:
            raise BadFrame("profile")
        size = 0 if info < 24 else 1 << info - 24
        length = int.from_bytes(payload[at + 1 : at + 1 + size], "big") if size else info
        if major > 1 and length > len(payload) - at:
            raise BadFrame("profile")
        at += 1 + size + (length if major == 2 else 0)


def _in_future(arrival: wire.Arrival, now_us: int) -> bool:
    return arrival.clock >= wire.HOLDOVER and bool(arrival.t_us > now_us + FUTURE_US + 3 * arrival.sigma_us)
