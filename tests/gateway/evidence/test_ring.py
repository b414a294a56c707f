"""The last seconds of a camera: whole groups, bounded in time and bytes; what cannot share a clip is of another run."""

from dataclasses import dataclass

from gateway.evidence.ring import Ring

S = 1_000_000
T_US = 1_790_000_000 * S


@dataclass(frozen=True)
class Picture:
    at_us: int
    is_key: bool
    layout: bytes = b"sps"
    size: int = 100


def film(ring, from_s, until_s, key_every_s=1.0, fps=10, **more):
    """Pictures fps a second, a key each so often."""
    for index in range(round(from_s * fps), round(until_s * fps)):
        ring.feed(Picture(T_US + index * S // fps, index % round(key_every_s * fps) == 0, **more))


def spans(ring, from_s):
    found = [(run, group[0], group[-1]) for run, group in ring.since(T_US + round(from_s * S))]
    return [(run, (first.at_us - T_US) / S, (last.at_us - T_US) / S) for run, first, last in found]


def test_it_holds_whole_groups_that_reach_back_as_far_as_asked_and_no_more():
    ring = Ring(10 * S, 10_000_000)
    film(ring, 0, 60)

    assert spans(ring, 0)[0] == (1, 49.0, 49.9)
    assert 10 * S <= ring.span_us() < 12 * S


def test_what_is_asked_for_begins_with_a_key_picture_at_or_before_the_moment():
    ring = Ring(30 * S, 10_000_000)
    film(ring, 0, 20, key_every_s=4.0)

    assert spans(ring, 9.5) == [(1, 8.0, 11.9), (1, 12.0, 15.9), (1, 16.0, 19.9)]
    assert all(group[0].is_key for _, group in ring.since(T_US))


def test_without_a_key_picture_nothing_is_held():
    ring = Ring(10 * S, 10_000_000)
    for index in range(300):
        ring.feed(Picture(T_US + index * S // 10, is_key=False))

    assert (spans(ring, 0), ring.dropped, ring.newest_key()) == ([], 300, None)


def test_a_group_that_never_ends_does_not_fill_the_memory():
    ring = Ring(10 * S, 50_000)
    film(ring, 0, 600, key_every_s=1000)

    assert ring.dropped > 4000
    assert sum(each.size for _, group in ring.since(0) for each in group) <= 50_000


def test_a_stream_that_is_too_rich_shortens_the_ring_and_is_counted():
    ring = Ring(10 * S, 5000)
    film(ring, 0, 20)

    assert ring.short > 0
    assert ring.span_us() < 6 * S


def test_another_layout_a_break_and_a_gap_each_begin_another_run():
    ring = Ring(100 * S, 10_000_000)
    film(ring, 0, 2)
    film(ring, 2, 4, layout=b"another")
    ring.cut()
    film(ring, 4, 6, layout=b"another")
    film(ring, 20, 22, layout=b"another")

    assert [run for run, _, _ in spans(ring, 0)] == [1, 1, 2, 2, 3, 3, 4, 4]


def test_after_a_break_what_comes_before_a_key_picture_is_of_no_use():
    ring = Ring(100 * S, 10_000_000)
    film(ring, 0, 1.5)
    ring.cut()
    film(ring, 1.5, 3)

    assert spans(ring, 0) == [(1, 0.0, 0.9), (1, 1.0, 1.4), (2, 2.0, 2.9)]
    assert ring.dropped == 5


def test_after_the_clock_was_set_back_nothing_of_the_time_before_is_given():
    ring = Ring(10 * S, 10_000_000)
    film(ring, 100, 110)
    film(ring, 50, 52)

    assert spans(ring, 0) == [(2, 50.0, 50.9), (2, 51.0, 51.9)]
