"""Dates that no calendar has are no time, in each of the sentences and messages that carry one."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.gnss import GnssParser


def rmc_on(day: int, month: int, year: int) -> bytes:
    """An RMC sentence of a moment on a day, with a right checksum."""
    body = f"GPRMC,120000.00,A,3853.95,N,07702.19,W,0.0,0.0,{day:02d}{month:02d}{year % 100:02d},,,A".encode()
    check = 0
    for byte in body:
        check ^= byte
    return b"$%s*%02X\r\n" % (body, check)


@pytest.mark.parametrize(("day", "month", "year"), [(30, 2, 2026), (29, 2, 2026), (31, 4, 2026), (31, 11, 2026)])
def test_a_day_that_no_calendar_has_is_no_time(day: int, month: int, year: int) -> None:
    assert GnssParser().feed(rmc_on(day, month, year)) == []


@given(st.integers(1, 31), st.integers(1, 12), st.integers(2000, 2099))
def test_a_sentence_is_a_time_exactly_where_the_calendar_has_its_day(day: int, month: int, year: int) -> None:
    try:
        then = datetime(year, month, day, 12, tzinfo=UTC)
    except ValueError:
        assert GnssParser().feed(rmc_on(day, month, year)) == []
    else:
        told = GnssParser().feed(rmc_on(day, month, year))
        assert [second.second_s for second in told] == [int(then.timestamp())]
