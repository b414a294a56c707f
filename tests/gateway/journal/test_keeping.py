"""What must not be done twice is done when its reason is on the disk, and a bad disk holds it up for a moment only."""

import asyncio

from gateway.journal.keeping import FIRST_S, Keeping
from gateway.journal.rows import Row

ROW = Row("reason", 1, b"{}")


class Disk:
    """A journal that says when it is done."""

    def __init__(self):
        self.futures = []

    def append(self, rows):
        self.futures.append(asyncio.get_running_loop().create_future())
        return self.futures[-1]

    def news(self):
        return []


async def turns():
    for _ in range(5):
        await asyncio.sleep(0)


async def test_it_is_done_once_the_row_is_on_the_disk_and_not_before():
    disk, done, woken = Disk(), asyncio.Event(), []
    Keeping(disk, lambda reply: None, lambda: woken.append(1)).keep_first([ROW], done.set)
    await turns()
    before = done.is_set()
    disk.futures[0].set_result(None)
    await turns()

    assert (before, done.is_set(), woken) == (False, True, [1])


async def test_a_disk_that_hangs_or_fails_holds_it_up_for_a_moment():
    for fails in (False, True):
        disk, done = Disk(), asyncio.Event()
        Keeping(disk, lambda reply: None, lambda: None).keep_first([ROW], done.set)
        if fails:
            disk.futures[0].set_exception(OSError(28, "No space left on device"))
        async with asyncio.timeout(20 * FIRST_S):
            await done.wait()
        for each in disk.futures:
            each.cancel()
