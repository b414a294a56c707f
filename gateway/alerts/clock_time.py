"""Times as people are told them."""

from datetime import UTC, datetime


def clock_time(t_us: int) -> str:
    """UTC to the millisecond; the date is in the incident's name."""
    return f"{datetime.fromtimestamp(t_us // 1_000_000, UTC):%H:%M:%S}.{t_us // 1000 % 1000:03d}Z"
