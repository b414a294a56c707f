"""Whose address a request has, and how long an address waits: values in, values out."""

import pytest

from gateway.web.accounts.waits import LONGEST_S, Waits
from gateway.web.door.addresses import client_address, networks

S = 1_000_000
PROXIES = networks(["127.0.0.1", "10.0.0.0/8"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("192.0.2.7", "", "192.0.2.7"),
        ("192.0.2.7", "198.51.100.1", "192.0.2.7"),  # no proxy of ours: what it says is its own matter
        ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "203.0.113.9, 198.51.100.1", "198.51.100.1"),  # the left one anybody may have written
        ("127.0.0.1", "198.51.100.1, 10.1.2.3", "198.51.100.1"),
        ("127.0.0.1", "10.1.2.3", "10.1.2.3"),
        ("127.0.0.1", "rubbish", "127.0.0.1"),
        ("127.0.0.1", ", ,", "127.0.0.1"),
        ("127.0.0.1", "1," * 10_000, "127.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::/64"),
        ("::1", "", "::1"),
        ("", "198.51.100.1", ""),
        ("testclient", "", "testclient"),
    ],
)
def test_only_what_a_proxy_of_ours_says_is_believed(peer, forwarded, address):
    assert client_address(peer, forwarded, PROXIES) == address


def test_waits_grow_to_a_quarter_of_an_hour_and_no_further():
    waits, now_us, seen = Waits(free=2), 0, []
    for _ in range(14):
        waits.wrong("a", now_us)
        seen.append(waits.left_us("a", now_us) // S)
        now_us += seen[-1] * S

    assert seen == [0, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900]


def test_the_right_answer_and_a_day_forgive_all():
    for forgive in (lambda waits: waits.right("a"), lambda waits: None):
        waits = Waits(free=1)
        for _ in range(5):
            waits.wrong("a", 0)
        forgive(waits)
        waits.wrong("a", 90_000 * S)
        assert waits.left_us("a", 90_000 * S) == 2 * S


def test_a_clock_that_is_set_back_keeps_nobody_out_for_longer():
    waits = Waits(free=1)
    for _ in range(20):
        waits.wrong("a", 10**15)

    assert waits.left_us("a", 0) == LONGEST_S * S
    assert waits.left_us("a", 600 * S) == (LONGEST_S - 600) * S
    assert waits.left_us("a", LONGEST_S * S) == 0


def test_memory_is_bounded_and_what_is_forgotten_is_counted():
    waits = Waits(free=1, most=100)
    for number in range(1000):
        waits.wrong(f"key {number}", number)

    assert (len(waits), waits.n_forgotten) == (100, 900)
    assert waits.left_us("key 999", 999) > 0
