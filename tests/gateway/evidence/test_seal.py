"""Nothing that was sealed opens otherwise than it was: changed, cut, swapped, of another file, under another key."""

import hashlib
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.evidence.seal import BLOCK, KEY_BYTES, MAGIC, PREFIX, TAG, Broken, Sealer, new_key, opened, unwrap, wrap

KEY, OTHER = bytes(range(32)), bytes(32)


def sealed(content, key=KEY, incident="i-1", name="clip.mp4", step=10_000):
    file = io.BytesIO()
    sealer = Sealer(file, key, incident, name)
    for at in range(0, len(content), step):
        sealer.write(content[at : at + step])
    sealer.finish()
    return file.getvalue(), sealer


def unsealed(text, key=KEY, incident="i-1", name="clip.mp4"):
    return b"".join(opened(io.BytesIO(text), key, incident, name))


@pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 3 * BLOCK + 17])
def test_what_was_sealed_opens_as_it_was_and_both_hashes_hold(size):
    content = bytes(each % 251 for each in range(size))
    text, sealer = sealed(content)

    assert unsealed(text) == content
    assert sealer.sha256 == hashlib.sha256(content).hexdigest()
    assert sealer.sealed_sha256 == hashlib.sha256(text).hexdigest()
    assert (sealer.n_bytes, sealer.n_sealed) == (size, len(text))
    assert size < 100 or content[:50] not in text


@given(st.binary(max_size=300), st.data())
@settings(max_examples=150)
def test_no_bit_can_be_changed_and_no_byte_left_out(content, data):
    text, _ = sealed(content)
    at = data.draw(st.integers(0, len(text) - 1))
    changed = bytearray(text)
    changed[at] ^= 1 << data.draw(st.integers(0, 7))

    for bad in (bytes(changed), text[:at]):
        with pytest.raises(Broken):
            unsealed(bad)


def test_blocks_cannot_be_swapped_dropped_repeated_or_cut_at_their_edge():
    text, _ = sealed(bytes(BLOCK) + b"a" * BLOCK + b"the end")
    head, rest = text[: len(MAGIC) + PREFIX], text[len(MAGIC) + PREFIX :]
    first, second, third = rest[: BLOCK + TAG], rest[BLOCK + TAG : 2 * (BLOCK + TAG)], rest[2 * (BLOCK + TAG) :]

    for order in ((second, first, third), (first, third), (first, second), (first, first, second, third), (third,)):
        with pytest.raises(Broken):
            unsealed(head + b"".join(order))


def test_a_file_of_another_incident_name_or_key_does_not_open():
    text, _ = sealed(b"secret")

    for other in ({"incident": "i-2"}, {"name": "other.mp4"}, {"key": OTHER}):
        with pytest.raises(Broken):
            unsealed(text, **other)


def test_a_key_is_wrapped_for_its_incident_under_the_gateways_and_no_two_are_alike():
    key = new_key()
    wrapped = wrap(key, "i-1", KEY)

    assert unwrap(wrapped, "i-1", KEY) == key
    assert len(key) == KEY_BYTES
    assert key not in wrapped
    assert len({new_key() for _ in range(50)}) == 50
    for bad in ((wrapped, "i-2", KEY), (wrapped, "i-1", OTHER), (wrapped[:-1], "i-1", KEY), (b"", "i-1", KEY)):
        with pytest.raises(Broken):
            unwrap(*bad)
