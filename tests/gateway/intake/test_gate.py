"""The gate lets in what an enrolled node said, in its one encoding, and nothing else; and says why in one word."""

import hashlib
import hmac
import resource
import time

import cbor2
import hypothesis.strategies as st
import pytest
from hypothesis import example, given, settings

from firmware import wire
from gateway.intake.gate import FUTURE_US, Gate
from gateway.intake.seen import Seen

NOW_US = 1_790_000_000_000_000
KEYS = {"n17": bytes(range(32)), "n18": bytes(range(32, 64))}
ARRIVAL = wire.Arrival(
    NOW_US - 300_000, 217, wire.LOCKED, -1234, wire.DBFS, 2345, 901, wire.BLAST, 0, (60, 4100), bytes(640), 16000
)
SPECIMEN = wire.seal(ARRIVAL, KEYS["n17"], b"n17", 3, 70000)


def gate(keys=KEYS, seen=None):
    return Gate(keys, seen or Seen())


def sealed(payload, node="n17", aad=wire.UP):
    """A frame that a thief of the node's key could make: any payload under a right MAC."""
    header = cbor2.dumps(
        b"\xa4\x01\x05\x04" + cbor2.dumps(node.encode()) + b"\x3a\x00\x01\x00\x00\x03\x3a\x00\x01\x00\x01\x07"
    )
    body = cbor2.dumps(payload)
    tag = hmac.digest(KEYS[node], b"\x84\x64MAC0" + header + aad + body, hashlib.sha256)
    return b"\xd1\x84" + header + b"\xa0" + body + b"\x58\x20" + tag


def refused(frame, now_us=NOW_US, **setting):
    with pytest.raises(wire.BadFrame) as caught:
        gate(**setting).open(frame, now_us)
    return caught.value.reason


def test_what_a_node_said_comes_out():
    opened = gate().open(SPECIMEN, NOW_US)

    assert (opened.node, opened.boot, opened.sequence, opened.record) == ("n17", 3, 70000, ARRIVAL)
    assert not opened.duplicate


def test_a_frame_that_was_kept_comes_out_as_a_duplicate():
    seen = Seen([("n17", 3, 70000)])

    assert gate(seen=seen).open(SPECIMEN, NOW_US).duplicate
    assert not gate(seen=seen).open(wire.seal(ARRIVAL, KEYS["n17"], b"n17", 4, 70000), NOW_US).duplicate


def test_an_independent_hand_reads_the_frame_as_cose_mac0():
    message = cbor2.loads(SPECIMEN)
    protected, unprotected, payload, tag = message.value
    to_mac = cbor2.dumps(["MAC0", protected, b"soundpost/1 up", payload])

    assert (message.tag, dict(unprotected)) == (17, {})
    assert cbor2.loads(protected) == {1: 5, 4: b"n17", -65537: 3, -65538: 70000}
    assert tag == hmac.digest(KEYS["n17"], to_mac, hashlib.sha256)


def test_no_single_bit_flip_gets_in():
    for bit in range(len(SPECIMEN) * 8):
        flipped = bytearray(SPECIMEN)
        flipped[bit // 8] ^= 1 << bit % 8

        assert refused(bytes(flipped)) in ("shape", "header", "key", "mac", "size")


@settings(max_examples=300)
@given(st.binary(max_size=2400) | st.binary(max_size=300).map(lambda tail: SPECIMEN[:40] + tail))
def test_random_bytes_are_a_bad_frame(frame):
    assert refused(frame) in wire.REASONS


@settings(max_examples=300)
@given(st.binary(max_size=300))
@example(wire.encode(ARRIVAL))
def test_random_payloads_under_a_right_mac_are_one_record_or_a_bad_frame(payload):
    try:
        opened = gate().open(sealed(payload), NOW_US)
    except wire.BadFrame as error:
        assert error.reason in ("profile", "schema", "size")
    else:
        assert wire.encode(opened.record) == payload


def test_each_refusal_has_its_word():
    other = wire.seal(ARRIVAL, KEYS["n18"], b"n17", 1, 1)
    ack = wire.seal(wire.Ack(()), KEYS["n17"], b"n17", 1, 1)
    kid = wire.seal(ARRIVAL, KEYS["n17"], b"\xff\xfe", 1, 1)

    assert refused(b"") == refused(bytes(wire.MAX_FRAME + 1)) == "size"
    assert refused(bytes(100)) == "shape"
    assert refused(kid) == refused(SPECIMEN.replace(b"\xa4\x01\x05", b"\xa4\x01\x04")) == "header"
    assert refused(SPECIMEN, keys={"n18": KEYS["n18"]}) == "key"
    assert refused(other) == "mac"
    assert refused(ack) == "mac"  # what a gateway said cannot be said back to it
    assert refused(sealed(b"\xa2\x00\x03\x01\x9f\xff")) == "profile"
    assert refused(sealed(wire.encode(wire.Ack(())))) == "schema"
    assert refused(sealed(b"\xa1\x00\x01")) == "schema"


@pytest.mark.parametrize(("clip", "clip_hz"), [(bytes(642), 16_000), (bytes(1920), 8_000), (bytes(1922), 96_000)])
def test_a_clip_that_could_hold_speech_is_refused_even_under_a_right_mac(clip, clip_hz):
    fields = cbor2.loads(wire.encode(ARRIVAL)) | {11: clip, 12: clip_hz}

    assert refused(sealed(cbor2.dumps(fields, canonical=True))) == "schema"


def test_a_key_taken_away_is_refused_from_the_next_frame_on():
    keys = dict(KEYS)
    at_gate = gate(keys)
    at_gate.open(SPECIMEN, NOW_US)
    del keys["n17"]

    with pytest.raises(wire.BadFrame, match="key"):
        at_gate.open(SPECIMEN, NOW_US)


@pytest.mark.parametrize(("clock", "taken"), [(wire.LOCKED, False), (wire.HOLDOVER, False), (wire.COARSE, True)])
def test_a_good_clock_that_tells_the_future_is_refused(clock, taken):
    ahead = ARRIVAL._replace(t_us=NOW_US + FUTURE_US + 3 * ARRIVAL.sigma_us + 1, clock=clock)
    frame = wire.seal(ahead, KEYS["n17"], b"n17", 1, 1)

    if taken:
        assert gate().open(frame, NOW_US).record == ahead
    else:
        assert refused(frame) == "time"
    assert gate().open(frame, NOW_US + 1).record == ahead


def test_a_future_frame_that_was_kept_is_still_a_duplicate():
    seen = Seen([("n17", 3, 70000)])

    assert gate(seen=seen).open(SPECIMEN, 0).duplicate  # our clock fell back; the ack must go out again all the same


def test_the_gate_seals_only_what_a_gateway_says_and_each_frame_anew():
    at_gate = Gate(KEYS, Seen(), boot=5)
    first, second = (at_gate.seal("n17", wire.Ack(((1, 2, 3),))) for _ in range(2))

    assert wire.open(first, KEYS["n17"]) == (b"n17", 5, 1, wire.Ack(((1, 2, 3),)))
    assert wire.open(second, KEYS["n17"]).sequence == 2
    with pytest.raises(ValueError, match="only ack"):
        at_gate.seal("n17", ARRIVAL)
    with pytest.raises(ValueError, match="no key"):
        at_gate.seal("n19", wire.Ack(()))


# From the prototype cbor_bombs.py, to the size of a frame: depth, lengths, bignums, tags that run code, cycles.
BOMBS = {
    "deep_array": b"\x81" * 1500 + b"\x00", "deep_tag": b"\xc1" * 2000 + b"\x00", "deep_map": b"\xa1\x00" * 1000,
    "indefinite_nest": b"\x9f" * 2000, "array_length_2^63": b"\x9b\x7f" + b"\xff" * 7,
    "array_length_2^32": b"\x9a\xff\xff\xff\xff", "map_length_2^32": b"\xba\xff\xff\xff\xff",
    "bytes_length_2^63": b"\x5b\x7f" + b"\xff" * 7, "bytes_length_1G": b"\x5a\x40\x00\x00\x00",
    "text_length_4G": b"\x7a\xff\xff\xff\xff", "bignum": b"\xc2\x59\x07\xd0" + b"\xff" * 2000,
    "decimal_exponent": b"\xc4\x82\x1a\x3b\x9a\xca\x00\x01", "bigfloat_exponent": b"\xc5\x82\x1a\x3b\x9a\xca\x00\x01",
    "rational_over_zero": b"\xd8\x1e\x82\x01\x00", "regex": b"\xd8\x23\x6e(a+)+$aaaaaaaaa",
    "cyclic": b"\xd8\x1c\x81\xd8\x1d\x00", "shared_array": b"\xd8\x1c\x8a" + b"\x00" * 10,
    "duplicate_keys": b"\xa2\x00\x01\x00\x02", "nan": b"\xf9\x7e\x00", "infinity": b"\xf9\x7c\x00",
    "negative_2^64": b"\x3b" + b"\xff" * 8, "epoch_1e300": b"\xc1\xfb\x7e\x37\xe4\x3c\x88\x00\x75\x9c",
    "bad_date": b"\xc0\x63abc", "list_as_key": b"\xa1\x80\x00", "map_as_key": b"\xa1\xa0\x00",
    "bytes_as_key": b"\xa1\x41\x00\x00", "invalid_utf8": b"\x62\xff\xfe", "trailing_byte": b"\x00\x00", "empty": b"",
    "lone_break": b"\xff", "reserved_info": b"\x1c", "text_of_braces": b"\x959;{{{{{{{{{{{{{",
    "array_16M_x20": b"\x9a\x00\xff\xff\xff" * 20, "array_64K_x390": b"\x99\xff\xff" * 390,
    "map_16M_x20": b"\xba\x00\xff\xff\xff" * 20, "set_tag_258": b"\xd9\x01\x02\x9a\x00\xff\xff\xff",
    "string_ref_256": b"\xd9\x01\x00\x82\x63abc\xd8\x19\x00", "tag_260": b"\xd9\x01\x04\x44\x00\x00\x00\x00",
    "arrays_of_2000": b"\x99\x07\xc0" * 600 + bytes(100), "wide": b"\x99\x07\x9c" + bytes(1948),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_under_a_right_mac_is_refused_fast_and_small(name):
    frame, at_gate, took_s = sealed(BOMBS[name]), gate(), []
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(3):  # the least of three: a garbage collection may fall into one
        start_s = time.process_time()
        with pytest.raises(wire.BadFrame):
            at_gate.open(frame, NOW_US)
        took_s.append(time.process_time() - start_s)

    assert min(took_s) < 0.005
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < 5_000
    with pytest.raises(wire.BadFrame):
        wire.decode(BOMBS[name])


def test_no_key_shows_in_a_repr_or_an_error():
    canary = b"canary-canary-canary-canary-1234"
    at_gate = gate({"n17": canary})
    with pytest.raises(wire.BadFrame) as caught:
        at_gate.open(SPECIMEN, NOW_US)
    said = " ".join([repr(at_gate), str(at_gate), repr(caught.value), str(caught.value)])

    assert "canary" not in said
    assert canary.hex() not in said
