"""A dispatcher's shift in a real browser, as `make web-check` has it, without its bars on speed: a machine that does
much else is slow. Skipped where chromium is not installed."""

import asyncio

import pytest

from simulators.tried import Tried, as_text

pytest.importorskip("playwright.async_api")
chromium = pytest.importorskip("simulators.browsing.chromium")
story = pytest.importorskip("simulators.browsing.story")
streets = pytest.importorskip("simulators.browsing.street")

LIMIT_S = 240
AT_ITS_PACE = "a shot is on the list and the map"


async def test_a_shot_comes_is_reviewed_and_seen_and_a_cut_line_loses_nothing(tmp_path, program):
    program("chromium")
    async with asyncio.timeout(LIMIT_S), streets.street(tmp_path / "demo") as street, chromium.chromium() as browser:
        rows = await story.tell(browser, street)

    failed = [row for row in rows if not row.holds and row.what != AT_ITS_PACE]
    assert failed == [], as_text(rows)
    assert "list" in next(row.found for row in rows if row.what == AT_ITS_PACE), as_text(rows)


def test_the_table_says_of_each_row_whether_it_holds():
    rows = [Tried("a", "<= 1 s", "0.5 s", True), Tried("bb", "-", "no npm", None), Tried("c", "0", "1", False)]

    assert as_text(rows).splitlines() == [
        "a   <= 1 s  0.5 s   PASS",
        "bb  -       no npm  -",
        "c   0       1       FAIL",
    ]
