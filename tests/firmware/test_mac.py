"""Our HMAC is HMAC-SHA256: the published cases, and the standard library as oracle."""

import hashlib
import hmac

import hypothesis.strategies as st
import pytest
from hypothesis import given

from firmware.mac import Mac, same

# RFC 4231, from general knowledge: test cases 1, 2, 3, 4, 6, 7 (5 is of a truncated tag)
RFC_4231 = [
    (b"\x0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
    (b"Jefe", b"what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
    (b"\xaa" * 20, b"\xdd" * 50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
    (bytes(range(1, 26)), b"\xcd" * 50, "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
    (
        b"\xaa" * 131,
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ),
    (
        b"\xaa" * 131,
        b"This is a test using a larger than block-size key and a larger than block-size data. The key needs to be "
        b"hashed before being used by the HMAC algorithm.",
        "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
    ),
]


@pytest.mark.parametrize(("key", "text", "tag"), RFC_4231)
def test_the_published_cases_come_out(key, text, tag):
    assert Mac(key).tag(text).hex() == tag


@given(st.binary(max_size=200), st.lists(st.binary(max_size=100), max_size=4))
def test_the_parts_count_as_one_and_the_standard_library_agrees(key, parts):
    assert Mac(key).tag(*parts) == hmac.digest(key, b"".join(parts), hashlib.sha256)


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_same_is_equality(a, b):
    assert same(a, b) == (a == b)
    assert same(a, bytes(a))
