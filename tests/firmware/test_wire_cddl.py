"""docs/wire.cddl says what the wire is: every frame emitted validates, and what it forbids is refused by both."""

import pathlib
import re

import cbor2
import pycddl
import pytest

from firmware import wire
from firmware.fields import BYTES, INT, INTS, MAX_SPANS, SPANS

TEXT = (pathlib.Path(__file__).parents[2] / "docs" / "wire.cddl").read_text()
FRAME = pycddl.Schema(TEXT)
HEADER, UP, DOWN = (pycddl.Schema(f"start = {root}\n{TEXT}") for root in ("header", "up", "down"))


LOWEST = {
    INT: lambda field: field.low,
    BYTES: lambda field: bytes(field.low),
    INTS: lambda field: (),
    SPANS: lambda field: (),
}
HIGHEST = {
    INT: lambda field: field.high,
    BYTES: lambda field: bytes(field.high),
    INTS: lambda field: (field.high,) * 16,
    SPANS: lambda field: ((field.low, field.low, field.high),) * MAX_SPANS,
}


def extremes(kind):
    """Two records of a kind: every field at its lowest and optional ones missing; every field at its highest."""
    lowest = [None if field.optional else LOWEST[field.type](field) for field in kind.fields]
    return kind.record(*lowest), kind.record(*[HIGHEST[field.type](field) for field in kind.fields])


RECORDS = [record for kind in wire.KINDS for record in extremes(kind)]


@pytest.mark.parametrize("record", RECORDS, ids=lambda r: type(r).__name__)
def test_every_frame_is_what_the_description_says(record):
    frame = wire.seal(record, bytes(32), b"\xff" * 32, wire.U32, wire.U32)
    parts = wire.split(frame)
    payload = frame[parts.payload_start : parts.payload_end]

    FRAME.validate_cbor(frame)
    HEADER.validate_cbor(cbor2.loads(frame).value[0])
    (UP if wire.kind_of(record).direction == wire.UP else DOWN).validate_cbor(payload)
    assert len(frame) <= wire.MAX_FRAME


@pytest.mark.parametrize("record", RECORDS, ids=lambda r: type(r).__name__)
def test_a_kind_belongs_to_one_direction_only(record):
    other = DOWN if wire.kind_of(record).direction == wire.UP else UP

    with pytest.raises(pycddl.ValidationError):
        other.validate_cbor(wire.encode(record))


@pytest.mark.parametrize("record", RECORDS, ids=lambda r: type(r).__name__)
def test_an_int_beyond_its_range_is_refused_by_description_and_decoder_alike(record):
    kind = wire.kind_of(record)
    for field in kind.fields:
        if field.type == INT:
            for value in (field.low - 1, field.high + 1):
                payload = cbor2.dumps(cbor2.loads(wire.encode(record)) | {field.key: value}, canonical=True)

                with pytest.raises(pycddl.ValidationError):
                    (UP if kind.direction == wire.UP else DOWN).validate_cbor(payload)
                with pytest.raises(wire.BadFrame, match="schema"):
                    wire.decode(payload)


def test_the_description_names_the_limits_of_the_code():
    assert f"at least {wire.MIN_FRAME} and at most {wire.MAX_FRAME} bytes" in TEXT
    assert re.findall(r'"(soundpost/1 \w+)"', TEXT) == [wire.UP[1:].decode(), wire.DOWN[1:].decode()]
