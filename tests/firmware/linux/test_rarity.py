"""What is rare where a pole stands: learnt without labels, honest while it knows little, kept over a restart."""

import stat
import struct
from binascii import crc32

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from structlog.testing import capture_logs

from firmware.linux.rarity import HOUR_US, HOURS, MOST_KEPT, ONE, SCORES, SPAN_US, STATE_BYTES, Rarity
from firmware.linux.rarity_file import RarityFile

T0_US = 1_790_000_000_000_000 // 86_400_000_000 * 86_400_000_000  # midnight
PERMILLE = st.integers(0, 1000)


def learnt(*spans, utc_us=T0_US):
    """Of spans one after the other, each the scores heard in it."""
    rarity = Rarity()
    for i, scores in enumerate(spans):
        for j, permille in enumerate(scores):
            rarity.hear((i, j), permille)
        rarity.listen(SPAN_US, utc_us)
    return rarity


def listened(rarity, hours, utc_us=T0_US, scores=()):
    """So many more hours, each score heard once in each."""
    for hour in range(hours):
        for permille in scores:
            rarity.hear(permille, permille)
            rarity.listen(SPAN_US, utc_us + hour * HOUR_US)
        for _ in range(360 - len(scores)):
            rarity.listen(SPAN_US, utc_us + hour * HOUR_US)
    return rarity


@given(st.lists(st.lists(PERMILLE, max_size=4), max_size=30), PERMILLE, PERMILLE, st.integers(0, 2**53))
def test_a_more_gun_like_score_is_never_more_frequent(spans, one, other, utc_us):
    rarity, (less, more) = learnt(*spans), sorted((one, other))

    assert rarity.ms_between(less) <= rarity.ms_between(more)
    assert rarity.ms_between(less, utc_us) <= rarity.ms_between(more, utc_us)
    assert rarity.code(less, utc_us) <= rarity.code(more, utc_us)


@given(st.lists(st.lists(PERMILLE, max_size=4), max_size=30), PERMILLE, st.integers(0, 2**53))
def test_a_restart_keeps_it(spans, permille, utc_us):
    rarity = learnt(*spans)
    again = Rarity(rarity.state())

    assert len(rarity.state()) == STATE_BYTES <= 600
    assert again.ms_between(permille, utc_us) == rarity.ms_between(permille, utc_us)
    assert again.state() == rarity.state()


@given(st.binary(max_size=700))
def test_no_bytes_but_its_own_are_taken(noise):
    with pytest.raises(ValueError, match=r"version|damaged"):
        Rarity(noise)


def test_no_single_bit_flip_is_taken():
    state = learnt([10], [900]).state()
    for bit in range(len(state) * 8):
        flipped = bytearray(state)
        flipped[bit // 8] ^= 1 << bit % 8

        with pytest.raises(ValueError, match=r"version|damaged"):
            Rarity(bytes(flipped))


@pytest.mark.parametrize("place", [0, HOURS - 1, HOURS, HOURS * (SCORES + 1) - 1])
@pytest.mark.parametrize("number", [2**32 - 1, 2**32 - 360 * ONE, MOST_KEPT + 1])
def test_numbers_that_no_pole_can_have_learnt_are_refused_and_a_node_begins_anew(tmp_path, place, number):
    forged = bytearray(learnt([10], [900]).state())
    struct.pack_into("<I", forged, 8 + 4 * place, number)
    struct.pack_into("<I", forged, STATE_BYTES - 4, crc32(forged[:-4]))
    (tmp_path / "rarity.bin").write_bytes(forged)
    with capture_logs() as logs:
        rarity = RarityFile(tmp_path).rarity
    listened(rarity, 2, scores=(900,))

    with pytest.raises(ValueError, match=f"forged or damaged: holds {number}, and the most is {MOST_KEPT}"):
        Rarity(bytes(forged))
    assert [each["event"] for each in logs] == ["what is rare here is learnt anew"]


def test_the_most_that_is_taken_goes_on_for_ever():
    full = bytearray(learnt([10]).state())
    for place in range(HOURS * (SCORES + 1)):
        struct.pack_into("<I", full, 8 + 4 * place, MOST_KEPT)
    struct.pack_into("<I", full, STATE_BYTES - 4, crc32(full[:-4]))
    rarity = listened(Rarity(bytes(full)), 24 * 60, scores=(0, 900))

    assert Rarity(rarity.state()).code(900, T0_US) == rarity.code(900, T0_US)


def test_it_says_that_it_does_not_know_until_it_has_listened_for_an_hour():
    rarity = Rarity()
    assert rarity.code(900, T0_US) == 0
    for _ in range(350):
        rarity.listen(SPAN_US, T0_US)
    assert rarity.code(900, T0_US) == 0
    for _ in range(10):
        rarity.listen(SPAN_US, T0_US)

    assert rarity.code(900, T0_US) > 0


@pytest.mark.parametrize("hours", [1, 5, 24, 24 * 14])
def test_what_was_never_heard_is_no_rarer_than_once_in_what_was_listened_to(hours):
    seconds = listened(Rarity(), hours).ms_between(900) / 1000

    assert 0.5 * min(hours, 300) * 3600 < seconds <= hours * 3600


def test_what_is_heard_forty_times_a_night_is_told_so_and_what_is_more_like_a_gun_is_rare():
    rarity = listened(Rarity(), 24 * 7, scores=(450, 452, 460))  # three an hour

    assert rarity.ms_between(450, T0_US) / 1000 == pytest.approx(1200, rel=0.05)
    assert rarity.code(450, T0_US) == 10
    assert rarity.code(700, T0_US) >= 18


def test_each_hour_of_the_day_goes_its_own_way():
    """Hammers by day for two weeks, nothing by night."""
    rarity = Rarity()
    for day in range(14):
        for hour in range(24):
            scores = (800, 810, 820, 830) if 6 <= hour < 12 else ()
            listened(rarity, 1, T0_US + (24 * day + hour) * HOUR_US, scores)
    by_night_s, by_day_s = (rarity.ms_between(800, T0_US + h * HOUR_US) / 1000 for h in (3, 9))

    assert by_day_s < 1200
    assert by_night_s > 5 * by_day_s


def test_a_magazine_with_its_echoes_counts_once():
    burst = learnt(*([[]] * 360), [950 + i % 5 for i in range(60)], *([[]] * 360))
    single = learnt(*([[]] * 360), [954], *([[]] * 360))

    assert burst.ms_between(950) == single.ms_between(950)


def test_a_later_look_takes_the_place_of_the_first():
    rarity = Rarity()
    rarity.hear("bang", 900)
    rarity.hear("bang", 20)
    rarity.close(T0_US)
    for _ in range(360):
        rarity.listen(SPAN_US, T0_US)

    assert rarity.ms_between(900) > 1.9 * rarity.ms_between(20)


def test_what_was_heard_long_ago_counts_less():
    rarity = listened(learnt(*[[900]] * 100), 24)
    before_ms = rarity.ms_between(900)

    assert listened(rarity, 24 * 56).ms_between(900) > 6 * before_ms


@settings(max_examples=20)
@given(st.lists(st.integers(0, 2**53), min_size=1, max_size=20))
def test_a_clock_that_is_set_changes_no_rate_over_all_hours(steps_us):
    """Whatever UTC says, and whichever way it goes, as much was listened to and as often heard."""
    steady, jumping = learnt([500]), learnt([500])
    for step_us in steps_us:
        for rarity, utc_us in ((steady, T0_US), (jumping, step_us)):
            rarity.hear(0, 700)
            rarity.listen(SPAN_US, utc_us)

    assert jumping.ms_between(600) == steady.ms_between(600)


def test_a_flood_of_sounds_takes_no_more_room():
    rarity = Rarity()
    for i in range(100_000):
        rarity.hear(i, 990 if i == 0 else 10)
    rarity.close(T0_US)

    assert len(rarity.state()) == STATE_BYTES
    assert rarity.ms_between(990) == 0  # no time has gone by
    rarity.listen(SPAN_US, T0_US)
    assert rarity.ms_between(990) == SPAN_US // 1000 // 2


def test_ten_years_of_a_pole_that_hears_everything_overflow_nothing():
    rarity = Rarity()
    for i in range(24 * 60):  # long spans: an hour each
        for _ in range(20):
            rarity.hear(0, 1000)
            rarity.close(T0_US)
        rarity.listen(HOUR_US, T0_US + i * HOUR_US)

    assert Rarity(rarity.state()).ms_between(1000) > 0


def test_the_file_is_whole_and_what_is_read_again_is_what_was_learnt(tmp_path):
    with capture_logs() as said:
        file = RarityFile(tmp_path)
    assert [each["event"] for each in said] == ["what is rare here is not known yet"]
    listened(file.rarity, 3, scores=(450,))
    file.save()

    with capture_logs() as said:
        again = RarityFile(tmp_path)
    assert said == []
    assert again.rarity.state() == file.rarity.state()
    assert [each.name for each in tmp_path.iterdir()] == ["rarity.bin"]
    assert stat.S_ISREG(file.path.stat().st_mode)


@pytest.mark.parametrize("damage", [b"", b"x" * 10, bytes(STATE_BYTES), b"rare1\0\0\0" + bytes(10_000)])
def test_a_damaged_file_begins_anew_and_says_so(tmp_path, damage):
    (tmp_path / "rarity.bin").write_bytes(damage)
    with capture_logs() as said:
        file = RarityFile(tmp_path)

    assert [(each["event"], each["log_level"]) for each in said] == [("what is rare here is learnt anew", "warning")]
    assert file.rarity.code(900, T0_US) == 0
    file.save()
    assert Rarity(file.path.read_bytes()).state() == file.rarity.state()


def test_a_disk_that_takes_nothing_is_told_once_and_the_file_before_stays(tmp_path):
    file = RarityFile(tmp_path)
    file.save()
    before = file.path.read_bytes()
    listened(file.rarity, 2)
    (tmp_path / "rarity.bin.new").mkdir()
    with capture_logs() as said:
        file.save()
        file.save()

    assert [each["log_level"] for each in said] == ["error"]
    assert file.path.read_bytes() == before
