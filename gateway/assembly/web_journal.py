"""The journal, as the web process reads it (gateway/web/store/journal.py): rows by the follower's rules, frames as the
gate proved them when they came in. No key of a node is needed for that, and none is here."""

import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import cbor2

from firmware import wire
from gateway.assembly.asking import ask_gateway
from gateway.evidence.telling import Refused as GatewayRefuses
from gateway.journal.bell import Bell
from gateway.journal.follow import rows_after
from gateway.journal.rows import Kept, reading
from gateway.web.records import Sound
from gateway.web.store.journal import ArrivalSaid, HealthWord, Look, Refused, Row

MORE = (
    "level_unit", "uptime_s", "arrivals", "withheld", "dropped_arrivals", "dropped_healths", "gaps", "refused",
    "lamp_ma",
)  # fmt: skip
MOST_SOUNDS = 5000


class WebJournal:
    """path : the journal's. by, key : as whom reviews are asked for; None: nothing is. One thread looks and waits; any
    may ask for sounds and reviews."""

    def __init__(self, path: pathlib.Path, by: str, key: bytes | None) -> None:
        self._path, self._by, self._key = path, by, key
        self._bell = Bell(path)

    def look(self, number: int, hash_: bytes, most: int) -> Look:
        """What lies behind the row of this number and hash; behind nothing, where the journal does not have it."""
        found = rows_after(self._path, iter(((number, hash_),)), most)
        rows = [_row(each) for each in found.rows]
        return Look(found.number, found.hash, rows, found.newest, found.is_another, found.said)

    def wait(self) -> bool:
        """Until rows have come, perhaps. Comes back: whether a gateway rings there."""
        try:
            self._bell.wait()
        except OSError:
            self._bell.close()
        return self._bell.is_rung

    def sounds(self, frames: Sequence[int]) -> Mapping[int, Sound]:
        """The 20 ms that came with these rows, as far as they have them."""
        found: dict[int, Sound] = {}
        if not frames:
            return found
        with reading(self._path) as journal:
            for number in frames[:MOST_SOUNDS]:
                row = journal.execute("select body from row where number = ? and kind = 'frame'", (number,)).fetchone()
                said = None if row is None else _said(row[0])
                if isinstance(said, wire.Arrival) and said.clip:
                    found[number] = Sound(said.clip, said.clip_hz, wire.CLIP_LEAD_US)
        return found

    def ask_review(self, body: Mapping[str, str]) -> str:
        """The gateway's word that it took it, its nonce. Raises Refused, or OSError where no gateway answers."""
        if self._key is None:
            raise Refused("web.toml names no request_key_file")
        try:
            return ask_gateway(self._path, self._by, self._key, "review", body)
        except GatewayRefuses as error:
            raise Refused(str(error)) from None


def _row(kept: Kept) -> Row:
    row = kept.row
    if row.kind != "frame":
        return Row(kept.number, row.kind, row.at_us, row.body.decode("utf-8", "replace"), kept.hash)
    return Row(kept.number, row.kind, row.at_us, "", kept.hash, row.node or "", _word(_said(row.body)))


def _said(frame: bytes) -> Any:
    """The record of a frame, None where it cannot be read: a journal may have been tampered with."""
    try:
        parts = wire.split(frame)
        return wire.record_of(cbor2.loads(frame[parts.payload_start : parts.payload_end]))
    except (ValueError, TypeError, AttributeError, cbor2.CBORDecodeError, RecursionError):
        return None


def _word(said: Any) -> ArrivalSaid | HealthWord | None:
    if isinstance(said, wire.Arrival):
        level = said.level_cdb, said.level_unit, said.snr_cdb
        return ArrivalSaid(said.t_us, said.sigma_us, said.clock, *level, said.p_gunshot_permille, said.sound)
    if isinstance(said, wire.Health):
        more = {name: getattr(said, name) for name in MORE}
        own = said.queued, said.temperature_cc, said.noise_cdb
        return HealthWord(said.t_us, said.sigma_us, said.clock, *own, more)
    return None
