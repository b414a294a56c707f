"""FLAC in Ogg: unwrapping gives back the native file, and hostile pages one kind of error."""

import io
import struct

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis.strategies import binary, integers

from hw.linux.ogg_flac import is_ogg_flac, unwrap

STREAMINFO_END = 4 + 4 + 34


def native(n_samples=9_000):
    stored = io.BytesIO()
    sound = np.random.default_rng(3).integers(-9_000, 9_000, n_samples).astype(np.int16)
    soundfile.write(stored, sound, 16_000, format="FLAC", subtype="PCM_16")
    return stored.getvalue()


def page(packet, granule, sequence):
    """Pages that carry one packet each, as long as need be."""
    lengths = [255] * (len(packet) // 255) + [len(packet) % 255]
    for start in range(0, len(lengths), 255):
        table = lengths[start : start + 255]
        head = struct.pack("<4sBBqIIIB", b"OggS", 0, 0, granule, 42, sequence, 0, len(table))
        yield head + bytes(table) + packet[start * 255 :][: sum(table)]


def wrap(flac, n_samples=9_000):
    first = b"\x7fFLAC\x01\x00\x00\x01" + flac[:STREAMINFO_END]
    rest = flac[STREAMINFO_END:]
    return b"".join([*page(first, 0, 0), *page(rest, n_samples, 1)])


def test_unwrapping_gives_back_the_native_file():
    flac = native()

    assert is_ogg_flac(wrap(flac)[:64])
    assert unwrap(wrap(flac)) == flac


def test_an_unknown_length_is_taken_from_the_last_page():
    flac = native()
    unknown = bytearray(flac)
    unknown[21] &= 0xF0
    unknown[22:26] = bytes(4)

    assert unwrap(wrap(bytes(unknown))) == flac


def test_a_native_flac_and_a_vorbis_file_are_not_taken_for_it():
    vorbis = io.BytesIO()
    soundfile.write(vorbis, np.zeros(2_000), 16_000, format="OGG", subtype="VORBIS")

    assert not is_ogg_flac(native()[:64])
    assert not is_ogg_flac(vorbis.getvalue()[:64])


@pytest.mark.parametrize("wrapped", [b"", b"OggS", wrap(native())[:20], b"RIFF" + bytes(100)])
def test_what_is_no_flac_in_ogg_is_refused(wrapped):
    with pytest.raises(ValueError, match="Ogg"):
        unwrap(wrapped)


@given(integers(0, 300), binary(min_size=1, max_size=30))
def test_hostile_pages_never_raise_anything_else(at, garbage):
    whole = bytearray(wrap(native(2_000)))
    whole[at : at + len(garbage)] = garbage
    try:
        found = unwrap(bytes(whole))
    except ValueError:
        return
    assert len(found) <= len(whole)
