"""Lines take turns, and each keeps its order."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hw.fair_queue import FairQueue


class Lined(FairQueue[tuple[str, int]]):
    def line_of(self, item):
        return item[0]


def test_one_that_floods_keeps_nobody_waiting():
    queue = Lined()
    for number in range(1000):
        queue.put_nowait(("flood", number))
    queue.put_nowait(("quiet", 0))

    assert ("quiet", 0) in [queue.get_nowait() for _ in range(2)]
    assert (queue.qsize(), queue.waiting("flood"), queue.waiting("quiet")) == (999, 999, 0)


@given(st.lists(st.sampled_from("abc")))
def test_all_come_out_once_and_each_line_in_its_order(lines):
    queue = Lined()
    given_in = [(line, number) for number, line in enumerate(lines)]
    for item in given_in:
        queue.put_nowait(item)
    out = []
    while not queue.empty():
        out.append(queue.get_nowait())

    assert sorted(out) == sorted(given_in)
    for line in "abc":
        assert all(one < next_one for one, next_one in pairwise(number for of, number in out if of == line))
