"""The journal, as the web process reads it (gateway/web/store/journal.py): rows by the follower's rules, frames as the
gate proved them when they came in. No key of a node is needed for that, and none is here."""

import pathlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import cbor2

from firmware import wire
from gateway.assembly.asking import ask_gateway
from gateway.evidence.telling import Refused as GatewayRefuses
from gateway.journal.bell import Bell
from gateway.journal.follow import rows_after
from gateway.journal.rows import START, Kept, reading
from gateway.web.records import Sound
from gateway.web.store.journal import ArrivalSaid, HealthWord, Look, Refused, Row

MORE = (
    "level_unit", "uptime_s", "arrivals", "withheld", "dropped_arrivals", "dropped_healths", "gaps", "refused",
    "lamp_ma",
)  # fmt: skip
MOST_SOUNDS = 5000
ARRIVAL, HEALTH = (next(kind for kind in wire.KINDS if kind.record is record) for record in (wire.Arrival, wire.Health))


def _named(kind: wire.Kind, names: Sequence[str]) -> list[Any]:
    by_name = {field.name: field for field in kind.fields}
    return [by_name[name] for name in names]


SAID = _named(
    ARRIVAL,
    ("t_us", "sigma_us", "clock", "level_cdb", "level_unit", "snr_cdb", "p_gunshot_permille", "sound"),
)
WORD = _named(HEALTH, ("t_us", "sigma_us", "clock", "queued", "temperature_cc", "noise_cdb"))
COUNTS = _named(HEALTH, MORE)


class WebJournal:
    """path : the journal's. by, key : as whom reviews are asked for; None: nothing is. One thread looks and waits; any
    may ask for sounds and reviews."""

    def __init__(self, path: pathlib.Path, by: str, key: bytes | None) -> None:
        self._path, self._by, self._key = path, by, key
        self._bell = Bell(path)

    def look(self, number: int, hash_: bytes, most: int, others: Sequence[tuple[int, bytes]] = ()) -> Look:
        """What lies behind the row of this number and hash; behind nothing, where the journal lacks it. others :
        earlier rows, the newest first: they speak for one that was pruned."""
        found = rows_after(self._path, iter(((number, hash_), *others)), most)
        if found.is_another and found.number:  # what is read anew is read from its beginning
            anew = rows_after(self._path, iter(((0, START),)), most)
            found = replace(anew, is_another=True, said=[*found.said[:1], *anew.said])
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
                fields = None if row is None else _fields(row[0])
                if isinstance(fields, dict) and (sound := _sound(fields)) is not None:
                    found[number] = sound
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
    return Row(kept.number, row.kind, row.at_us, "", kept.hash, row.node or "", _word(_fields(row.body)))


def _sound(fields: Any) -> Sound | None:
    pcm, rate = _named(ARRIVAL, ("clip", "clip_hz"))
    clip, rate_hz = fields.get(pcm.key), fields.get(rate.key)
    if fields.get(0) != ARRIVAL.number or type(clip) is not bytes or type(rate_hz) is not int or rate_hz < rate.low:
        return None
    return Sound(clip[: len(clip) // 2 * 2], rate_hz, wire.CLIP_LEAD_US)


def _fields(frame: bytes) -> Any:
    """The fields of a frame, None where it cannot be read: a journal may have been tampered with."""
    try:
        parts = wire.split(frame)
        return cbor2.loads(frame[parts.payload_start : parts.payload_end])
    except (ValueError, TypeError, AttributeError, cbor2.CBORDecodeError, RecursionError):
        return None


def _word(fields: Any) -> ArrivalSaid | HealthWord | None:
    """What pages have of a frame. The gate looked at every field when it came; here, where a million are read in a row,
    only those that are used are looked at again."""
    kind = fields.get(0) if isinstance(fields, dict) else None
    if kind == ARRIVAL.number:
        values = _values(fields, SAID)
        return None if values is None else ArrivalSaid(*values)
    if kind == HEALTH.number:
        values, more = _values(fields, WORD), _values(fields, COUNTS)
        if values is not None and more is not None:
            return HealthWord(*[*values, dict(zip(MORE, more, strict=True))])
    return None


def _values(fields: Any, wanted: Sequence[Any]) -> list[Any] | None:
    """None where one is missing, or out of its range."""
    values: list[Any] = []
    for field in wanted:
        value = fields.get(field.key)
        if not (value is None and field.optional) and not (type(value) is int and field.low <= value <= field.high):
            return None
        values.append(value)
    return values
