"""Whether a host's date can be true: one whose battery is empty starts in 1970, or with the date of its disk."""

from datetime import UTC, datetime

BORN_US = 1_735_689_600_000_000
"""2025-01-01: no release of this program is older."""


def wrong_date(now_us: int) -> str:
    """What is wrong with a host's date, in words, and what to do; "" where it may be true."""
    if now_us >= BORN_US:
        return ""
    said = f"{datetime.fromtimestamp(now_us // 1_000_000, UTC):%Y-%m-%d %H:%M}Z"
    return f"this host's clock says {said}, before this program was written; set it (chrony; has it a battery?)"
