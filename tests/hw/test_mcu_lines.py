"""The lines of a board, in pure Python, speak as those of the Linux side: COBS frames and MQTT packets."""

import hypothesis.strategies as st
import pytest
from cobs import cobs as reference
from hypothesis import given

from hw import serial_line
from hw.mcu import mqtt_packets as mqtt
from hw.mcu.cobs import MAX_ENCODED_BYTES, Deframer, Enframer, decode, encode

FRAMES = st.one_of(
    st.binary(min_size=1, max_size=600),
    st.integers(250, 515).map(lambda n: b"\1" * n),
    st.integers(1, 520).map(bytes),
)


def enframe(frame, enframer=Enframer()):  # noqa: B008  (one for all: what it held before must not show)
    return bytes(enframer.enframe(frame))


@given(FRAMES)
def test_cobs_is_that_of_the_package(plain):
    out = bytearray(b"\xaa" * 1000)
    coded = bytes(out[: encode(out, plain)])

    assert coded == b"\0" + reference.encode(plain) + b"\0"
    assert decode(coded[1:-1]) == plain


@given(st.binary(max_size=300))
def test_bytes_that_are_no_cobs_are_refused_or_read_as_the_package_reads_them(coded):
    try:
        expected = reference.decode(coded)
    except reference.DecodeError:
        with pytest.raises(ValueError, match="not COBS"):
            decode(coded)
    else:
        assert decode(coded) == expected


@given(st.lists(FRAMES, max_size=4), st.integers(1, 40))
def test_a_board_and_a_gateway_read_each_others_frames(frames, size):
    ours, theirs = b"".join(map(enframe, frames)), b"".join(map(serial_line.enframe, frames))
    board, gateway = Deframer(), serial_line.Deframer()

    assert ours == theirs
    assert [f for at in range(0, len(ours), size) for f in board.feed(ours[at : at + size])] == frames
    assert gateway.feed(ours) == frames


@given(st.lists(st.binary(max_size=400), max_size=20))
def test_noise_is_dropped_and_the_next_frame_is_whole(noise):
    deframer = Deframer()
    for piece in noise:
        deframer.feed(piece)

    assert deframer.feed(enframe(b"whole"))[-1:] == [b"whole"]


def test_a_frame_that_is_too_long_is_dropped_and_counted():
    deframer = Deframer()
    for _ in range(50):
        deframer.feed(b"\1" * MAX_ENCODED_BYTES)

    assert deframer.feed(b"\0" + enframe(b"whole")) == [b"whole"]
    assert deframer.dropped == 1


def test_packets_are_those_of_the_standard():
    assert mqtt.connect("n", 10) == b"\x10\x0d\x00\x04MQTT\x04\x00\x00\x0a\x00\x01n"
    assert mqtt.subscribe(1, "cmd/n") == b"\x82\x0a\x00\x01\x00\x05cmd/n\x01"
    assert mqtt.publish(7, "det/n", 200) == b"\x32\xd1\x01\x00\x05det/n\x00\x07"
    assert mqtt.split_publish(0x32, mqtt.publish(7, "det/n", 3)[2:] + b"xyz") == (b"\x00\x07", b"xyz")
    assert mqtt.split_publish(0x30, b"\x00\x01axyz") == (None, b"xyz")
    with pytest.raises(ValueError, match="cut short"):
        mqtt.split_publish(0x32, b"\xff\xffa")
