"""WAV files that hold more than their header tells of are heard whole; all others as they are."""

import io
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hw.linux.audio_file import audio_shape, read_audio
from hw.linux.wav_header import UNKNOWN, WRAP, as_told, longer

RATE_HZ = 8_000
SOUND = np.random.default_rng(5).normal(0, 3_000, (4_000, 2)).clip(-32_000, 32_000).astype("<i2")
DATA = SOUND.tobytes()
FORMAT = struct.pack("<HHIIHH", 1, 2, RATE_HZ, 4 * RATE_HZ, 4, 16)
TAGS = (b"LIST", b"INFOISFT\4\0\0\0abcd")


def chunk(name, body, size=None):
    return name + struct.pack("<I", len(body) if size is None else size) + body + b"\0" * (len(body) % 2)


def wav(declared=None, behind=b"", first=b"", magic=b"RIFF", riff=0):
    body = b"WAVE" + first + chunk(b"fmt ", FORMAT) + chunk(b"data", DATA, declared) + behind
    return magic + struct.pack("<I", riff) + body


def heard(tmp_path, content):
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    return read_audio(path)[0], audio_shape(path).notes


@pytest.mark.parametrize("declared", [0, 4, 8_000, len(DATA) - 4])
@pytest.mark.parametrize("behind", [b"", b"\x01", b"\x01\x02\x03"])
def test_what_lies_behind_the_end_that_a_header_tells_of_is_heard(tmp_path, declared, behind):
    samples, notes = heard(tmp_path, wav(declared, behind))

    np.testing.assert_array_equal(samples, SOUND / np.float32(32_768))
    assert notes == (
        f"{tmp_path / 'a.wav'}: its header tells of {declared / 32_000:.1f} s of sound, the file holds 0.5 s: "
        "heard to its end",
    )  # fmt: skip


def test_a_64_bit_header_that_was_never_filled_in_is_no_end(tmp_path):
    samples, notes = heard(tmp_path, wav(UNKNOWN, first=chunk(b"ds64", bytes(28)), magic=b"RF64", riff=UNKNOWN))

    np.testing.assert_array_equal(samples, SOUND / np.float32(32_768))
    assert len(notes) == 1


@pytest.mark.parametrize("behind", [
    b"", chunk(*TAGS), chunk(*TAGS) + chunk(b"abcd", b"123"), chunk(*TAGS)[:-6], b"TAG" + bytes(125),
])  # fmt: skip
def test_a_file_whose_header_is_right_is_left_alone(tmp_path, behind):
    samples, notes = heard(tmp_path, wav(behind=behind))

    assert (len(samples), notes) == (len(SOUND), ())


@pytest.mark.parametrize("behind", [b"APETAGEX\xd0\x07\0\0" + bytes(90), b"<xml>n1</xml>", b"<?xml\r\n version"])
def test_words_behind_an_end_that_both_lengths_agree_on_are_no_sound(tmp_path, behind):
    whole = wav()
    samples, notes = heard(tmp_path, wav(behind=behind, riff=len(whole) - 8))

    assert (len(samples), notes) == (len(SOUND), ())


@pytest.mark.parametrize("declared", [0, 8_000])
def test_sound_behind_the_lengths_of_a_last_save_is_heard_though_they_agree(tmp_path, declared):
    head = len(wav()) - len(DATA)
    samples, notes = heard(tmp_path, wav(declared, riff=head + declared - 8))

    assert (len(samples), len(notes)) == (len(SOUND), 1)


@pytest.mark.parametrize("declared", [UNKNOWN, WRAP // 2, len(DATA) + 4])
def test_a_file_that_ends_before_its_header_says_is_heard_to_its_end(tmp_path, declared):
    samples, notes = heard(tmp_path, wav(declared))

    assert (len(samples), notes) == (len(SOUND), ())


class Sparse(io.BytesIO):
    """A file with a hole of zeros behind its head, then its tail."""

    def __init__(self, head, hole, tail):
        super().__init__(head)
        self._head, self._tail_at, self._tail, self._at = head, len(head) + hole, tail, 0

    def seek(self, offset, whence=0):
        self._at = offset + (0, self._at, self._tail_at + len(self._tail))[whence]
        return self._at

    def tell(self):
        return self._at

    def read(self, n=-1):
        at, self._at = self._at, self._at + n
        if at >= self._tail_at:
            return self._tail[at - self._tail_at :][:n]
        return self._head[at : at + n] if at < len(self._head) else bytes(min(n, self._tail_at - at))


@pytest.mark.parametrize("tail", [b"", chunk(*TAGS)])
def test_a_size_that_wrapped_at_4_gb_is_made_whole_and_what_follows_is_no_sound(tail):
    true_bytes = WRAP + 1_000
    head = wav()[: -len(DATA) - 4] + struct.pack("<I", true_bytes - WRAP)
    held = longer(Sparse(head, true_bytes, tail))

    assert (held.declared, held.n_bytes) == (1_000, true_bytes)
    told = as_told(Sparse(head, true_bytes, tail), held)
    assert told.read(4) == b"RF64"
    assert told.seek(0, io.SEEK_END) == len(head) + 36 + true_bytes


@settings(deadline=None)
@given(st.binary(max_size=300), st.integers(0, 60))
def test_hostile_headers_are_looked_at_without_a_fault(garbage, at):
    whole = bytearray(wav(100)[:400])
    whole[at : at + len(garbage)] = garbage
    held = longer(io.BytesIO(bytes(whole)))

    assert held is None or held.declared < held.n_bytes <= len(whole)
