"""The wire keeps what it is given, takes one encoding only, and answers anything else with BadFrame."""

import cbor2
import hypothesis.strategies as st
import pytest
from hypothesis import example, given, settings

from firmware import wire
from firmware.fields import BYTES, INT, INTS, MAX_SPANS, SPANS

KEY, OTHER_KEY = bytes(range(32)), bytes(range(1, 33))
U32 = st.integers(0, wire.U32)
ARRIVAL = wire.Arrival(
    1790000000123456, 217, wire.LOCKED, -1234, wire.DBFS, 2345, 901, wire.CRACK, 2, (60, 4100, 3300, 987), None, None
)


def values(field):
    """Everything that a field may hold."""
    span = st.tuples(U32, U32, U32).map(lambda s: (s[0], min(s[1:]), max(s[1:])))
    held = {
        INT: st.integers(field.low, field.high),
        BYTES: st.integers(field.low, min(field.high, 64)).flatmap(lambda n: st.binary(min_size=n, max_size=n)),
        INTS: st.lists(st.integers(field.low, field.high), max_size=16).map(tuple),
        SPANS: st.lists(span, max_size=MAX_SPANS).map(tuple),
    }[field.type]
    return st.none() | held if field.optional else held


def with_whole_clip(record):
    """The record with a clip as a node cuts it: whole samples, at most 20 ms, with its rate."""
    if not isinstance(record, wire.Arrival):
        return record
    clip = None if record.clip is None else record.clip[: len(record.clip) // 2 * 2]
    return record._replace(clip=clip, clip_hz=None if clip is None else max(record.clip_hz or 0, 8000))


def records(kind):
    return st.tuples(*[values(field) for field in kind.fields]).map(lambda v: with_whole_clip(kind.record(*v)))


RECORDS = st.one_of(*[records(kind) for kind in wire.KINDS])


@pytest.mark.parametrize("kind", wire.KINDS, ids=lambda kind: kind.name)
def test_a_record_has_the_fields_of_its_row(kind):
    assert kind.record._fields == tuple(field.name for field in kind.fields)
    assert [field.key for field in kind.fields] == list(range(1, len(kind.fields) + 1))


@pytest.mark.parametrize("kind", wire.KINDS, ids=lambda kind: kind.name)
def test_a_record_comes_back_with_every_field_different(kind):
    numbers = iter(range(1, 100))
    odd = {INT: lambda f: f.low + next(numbers) % (f.high - f.low + 1), INTS: lambda f: (next(numbers), -7)}
    odd |= {BYTES: lambda f: bytes([next(numbers)]) * (f.low * 10 if f.low < f.high else f.low)}
    odd |= {SPANS: lambda f: ((next(numbers), next(numbers), next(numbers)),)}
    record = with_whole_clip(kind.record(*[odd[field.type](field) for field in kind.fields]))

    assert wire.decode(wire.encode(record)) == record


@given(RECORDS)
def test_decode_is_the_inverse_of_encode(record):
    assert wire.decode(wire.encode(record)) == record


@given(RECORDS)
def test_cbor2_reads_and_writes_the_same_bytes(record):
    payload = wire.encode(record)
    fields = cbor2.loads(payload)

    assert wire.record_of(fields) == record
    assert cbor2.dumps(fields, canonical=True) == payload


@given(st.binary(max_size=200))
@example(b"\xa2\x00\x03\x01\x80")
def test_bytes_that_decode_are_the_encoding_of_what_they_decode_to(payload):
    try:
        record = wire.decode(payload)
    except wire.BadFrame as error:
        assert error.reason in ("profile", "schema")
    else:
        assert wire.encode(record) == payload


@given(RECORDS, U32, U32, st.binary(min_size=1, max_size=32))
def test_what_one_end_seals_the_other_opens(record, boot, sequence, kid):
    frame = wire.seal(record, KEY, kid, boot, sequence)

    assert len(frame) <= wire.MAX_FRAME
    assert wire.open(frame, KEY, wire.kind_of(record).direction) == (kid, boot, sequence, record)


@given(RECORDS)
def test_a_frame_opens_only_with_its_key_and_in_its_direction(record):
    frame, direction = wire.seal(record, KEY, b"n1", 1, 1), wire.kind_of(record).direction
    other = wire.UP if direction == wire.DOWN else wire.DOWN

    for key, way in ((OTHER_KEY, direction), (KEY, other)):
        with pytest.raises(wire.BadFrame, match="mac"):
            wire.open(frame, key, way)


@pytest.mark.parametrize("record", [ARRIVAL, wire.Ack(((1, 2, 3),)), wire.Command(1, 2, 3, 4)], ids=type)
def test_no_single_bit_flip_opens(record):
    frame = wire.seal(record, KEY, b"n17", 3, 70000)
    for bit in range(len(frame) * 8):
        flipped = bytearray(frame)
        flipped[bit // 8] ^= 1 << bit % 8

        with pytest.raises(wire.BadFrame):
            wire.open(bytes(flipped), KEY, wire.kind_of(record).direction)


def test_no_cut_or_lengthened_frame_opens():
    frame = wire.seal(ARRIVAL, KEY, b"n17", 3, 70000)
    for cut in [frame[:n] for n in range(len(frame))] + [frame + b"\0", frame + frame]:
        with pytest.raises(wire.BadFrame):
            wire.open(cut, KEY, wire.UP)


@settings(max_examples=300)
@given(st.binary(max_size=2400) | st.binary(max_size=200).map(lambda tail: b"\xd1\x84\x52\xa4\x01\x05\x04" + tail))
def test_random_bytes_are_a_bad_frame(frame):
    with pytest.raises(wire.BadFrame) as caught:
        wire.open(frame, KEY)

    assert caught.value.reason in wire.REASONS


@pytest.mark.parametrize(
    "bad",
    [
        ARRIVAL._replace(sigma_us=0),
        ARRIVAL._replace(t_us=-1),
        ARRIVAL._replace(t_us=1.5),
        ARRIVAL._replace(clock=True),
        ARRIVAL._replace(level_cdb=None),
        ARRIVAL._replace(shape=(1,) * 17),
        wire.Ack(((1, 3, 2),)),
        wire.Ack(((1, 2),)),
        wire.Ack(((1, 1, 1),) * 33),
        wire.Update(1, bytes(15), bytes(32), 1, 1),
    ],
    ids=str,
)
def test_a_value_out_of_range_is_not_encoded_and_its_field_is_named(bad):
    with pytest.raises(ValueError, match=r"(sigma_us|t_us|clock|level_cdb|shape|spans|class_id) must be"):
        wire.encode(bad)


@pytest.mark.parametrize(
    ("clip", "clip_hz"), [(bytes(642), 16000), (bytes(641), 48000), (bytes(640), None), (None, 8000)]
)
def test_a_clip_of_more_than_20_ms_goes_neither_out_nor_in(clip, clip_hz):
    good = ARRIVAL._replace(clip=bytes(640), clip_hz=16000)
    fields = cbor2.loads(wire.encode(good)) | {11: clip, 12: clip_hz}
    payload = cbor2.dumps({key: value for key, value in fields.items() if value is not None}, canonical=True)

    assert wire.decode(wire.encode(good)) == good
    with pytest.raises(ValueError, match="20 ms"):
        wire.encode(good._replace(clip=clip, clip_hz=clip_hz))
    with pytest.raises(wire.BadFrame, match="schema"):
        wire.decode(payload)


@pytest.mark.parametrize(
    "payload",
    [
        b"\xa2\x00\x03\x01\x9f\xff",  # indefinite length
        b"\xbf\x00\x03\x01\x80\xff",
        b"\xa2\x01\x80\x00\x03",  # keys out of order
        b"\xa3\x00\x03\x00\x03\x01\x80",  # a key twice
        b"\xa2\x00\x18\x03\x01\x80",  # longer than needed
        b"\xb8\x02\x00\x03\x01\x80",
        b"\xa2\x00\x03\x01\xc2\x80",  # a tag
        b"\xa2\x00\xf9\x42\x00\x01\x80",  # a float
        b"\xa2\x00\xf5\x01\x80",  # true
        b"\xa2\x00\x03\x01\x60",  # text
        b"\xa2\x00\x03\x01\x81\x81\x81\x00",  # too deep
        b"\xa2\x00\x03\x01\x9b\x7f\xff\xff\xff\xff\xff\xff\xff",  # a length that cannot be
        b"\xa2\x00\x03\x01\x80\x00",  # bytes after the end
    ],
    ids=bytes.hex,
)
def test_what_is_not_deterministic_is_refused(payload):
    with pytest.raises(wire.BadFrame, match="profile"):
        wire.decode(payload)


@pytest.mark.parametrize(
    "payload", [b"\xa0", b"\xa1\x00\x09", b"\xa1\x00\x03", b"\xa3\x00\x03\x01\x80\x02\x00"], ids=bytes.hex
)
def test_an_unknown_kind_or_field_or_a_missing_one_is_refused(payload):
    with pytest.raises(wire.BadFrame, match="schema"):
        wire.decode(payload)


def test_no_error_and_no_repr_shows_the_key():
    key = b"canary-canary-canary-canary-1234"
    frame = wire.seal(ARRIVAL, key, b"n17", 1, 1)
    said = [repr(wire.Mac(key)), repr(vars(wire.BadFrame("mac"))), str(wire.BadFrame("mac"))]
    with pytest.raises(wire.BadFrame) as caught:
        wire.open(frame[:-1] + b"!", key, wire.UP)
    said += [str(caught.value), repr(caught.value)]

    assert not any("canary" in text or key.hex() in text for text in said)
