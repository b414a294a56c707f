"""A lamp that has failed is one notice, by day and by night, with what was found and that it is over."""

import pytest

from gateway.reaction.lamp_faults import LampFaults, LampKind
from gateway.reaction.lamp_seen import LampSeen
from hw.ports import LampState
from simulators.peers.lamp_body import LampBody

S = 1_000_000
T_US = 1_763_000_000_000_000
NIGHT, DUSK, DAY = -20.0, 0.0, 30.0
KIND = {"a": LampKind(rated_w=40.0)}


class Watched:
    """One lamp, looked at every 5 s; `notices` is what was told."""

    def __init__(self, kind=None, opened=()):
        self.faults = LampFaults({"a": kind or KIND["a"]}, opened)
        self.notices = []
        self.t_s = 0

    def look(self, state, sun_deg=NIGHT, told_pct=None, times=1):
        for _ in range(times):
            self.t_s += 5
            seen = LampSeen("a", T_US + self.t_s * S, self.t_s * S, state, told_pct)
            self.notices += self.faults.feed(seen, sun_deg)
        return self

    def burn(self, body, seconds, level_pct=100, sun_deg=NIGHT):
        """A simulated lamp at a level, for so long."""
        body.tell(level_pct, self.t_s * S)
        for _ in range(seconds // 5):
            now_us = (self.t_s + 5) * S
            power_w, flags = body.power_w(now_us), body.status(now_us)
            self.look(LampState(body.register(now_us), power_w, lamp_failure=bool(flags & 2)), sun_deg, level_pct)
        return self

    @property
    def told(self):
        return [(each.fault, each.is_open) for each in self.notices]


def burns(power_w=40.0, level_pct=100):
    return LampState(level_pct, power_w)


def test_a_good_lamp_is_no_fault_by_night_and_by_day():
    watched = Watched().look(burns(), times=1000).look(burns(0.0, 0), DAY, times=1000)

    assert watched.notices == []


@pytest.mark.parametrize(
    ("kind", "fault", "within_s"),
    [
        ("dead", "lamp", 20), ("dark", "out", 60), ("lying", "out", 60), ("flicker", "flicker", 80),
        ("cycling", "out", 160),
    ],
)  # fmt: skip
def test_each_kind_of_broken_lamp_is_found(kind, fault, within_s):
    watched = Watched().burn(LampBody(0, kind), within_s)

    assert watched.told == [(fault, True)]


def test_a_lamp_that_lies_about_a_higher_level_is_weak():
    body = LampBody(10)
    body.kind = "lying"
    watched = Watched().burn(body, 180)

    assert watched.told == [("weak", True)]
    assert "4.0 W where 40.0 W are due" in watched.notices[0].why


def test_a_dead_lamp_is_told_once_and_told_again_when_it_is_mended():
    body = LampBody(0, "dead")
    watched = Watched().burn(body, 1000)
    body.kind = "good"
    watched.burn(body, 1000)

    assert watched.told == [("lamp", True), ("lamp", False)]
    first, last = watched.notices
    assert first.notice == last.notice
    assert [words for _, words in last.history] == ["lamp: its gear reports that the lamp has failed", "is well again"]


def test_a_lamp_that_cycles_stays_one_notice_with_its_history():
    watched = Watched().burn(LampBody(0, "cycling"), 1200)

    assert {each.notice for each in watched.notices} == {watched.notices[0].notice}
    assert [each.is_open for each in watched.notices] == [True] * len(watched.notices)
    assert "cycling: goes out and strikes anew by itself: 3 times in an hour" in [
        w for _, w in watched.notices[-1].history
    ]


def test_a_day_burner_is_found_by_day_and_over_once_it_is_dark_by_day():
    watched = Watched().look(burns(), DAY, times=170)
    assert watched.notices == []
    watched.look(burns(), DAY, times=20)
    assert watched.told == [("day burner", True)]
    watched.look(burns(), NIGHT, times=1000)
    assert len(watched.notices) == 1
    watched.look(burns(0.0, 0), DAY, times=20)

    assert watched.told == [("day burner", True), ("day burner", False)]


@pytest.mark.parametrize(("sun_deg", "told_pct"), [(DUSK, None), (DAY, 100), (None, None)])
def test_what_burns_at_dusk_or_by_our_order_or_when_nobody_knows_the_hour_is_no_day_burner(sun_deg, told_pct):
    assert Watched().look(burns(), sun_deg, told_pct, times=1000).notices == []


def test_a_lamp_that_must_burn_all_night_is_out_where_it_does_not_whatever_its_level():
    by_night = Watched(LampKind(40.0, lit_by_night=True)).look(burns(0.0, 0), NIGHT, times=20)
    by_schedule = Watched().look(burns(0.0, 0), NIGHT, times=1000)

    assert by_night.told == [("out", True)]
    assert by_schedule.notices == []


def test_one_dark_look_and_a_lamp_that_warms_up_are_no_fault():
    watched = Watched().look(burns(0.0), times=4).look(burns(), times=100)
    watched.look(burns(0.0)).look(burns(), times=100)

    assert watched.notices == []


def test_silence_is_a_fault_after_a_minute_and_over_when_it_answers():
    watched = Watched().look(None, times=12)
    assert watched.notices == []
    watched.look(None, times=3).look(burns(), times=10)

    assert watched.told == [("silent", True), ("silent", False)]


def test_a_gear_that_reports_itself_broken_is_told_though_the_lamp_is_off():
    watched = Watched().look(LampState(0, gear_failure=True), DAY, times=3)

    assert watched.told == [("gear", True)]


def test_an_order_that_was_not_obeyed_three_times_is_told_and_over_with_the_first_that_was():
    watched = Watched()
    for second in range(3):
        seen = LampSeen("a", T_US, second * S, disobeys="told 100 %, reads 30 %")
        watched.notices += watched.faults.feed(seen, NIGHT)
    assert watched.told == [("disobeys", True)]
    watched.notices += watched.faults.feed(LampSeen("a", T_US, 9 * S, LampState(100), 100), NIGHT)

    assert watched.told == [("disobeys", True), ("disobeys", False)]


def test_a_notice_that_was_open_before_a_start_is_not_told_again_and_its_end_is():
    body = LampBody(0, "dead")
    before = Watched().burn(body, 100).notices[-1:]
    watched = Watched(opened=before).burn(body, 500)
    assert watched.notices == []
    body.kind = "good"
    watched.burn(body, 500)

    assert [each.notice for each in watched.notices] == [before[0].notice]
    assert not watched.notices[0].is_open


def test_a_bank_that_is_silent_is_one_notice_and_its_lamps_none():
    faults, told = LampFaults(), []
    for t_s in range(0, 300, 5):
        told += faults.feed(LampSeen("tcp://bank", T_US, t_s * S, whole_bank=True), NIGHT)

    assert [(each.lamp, each.fault) for each in told] == [("tcp://bank", "silent")]


def test_a_lamp_that_says_nothing_of_its_light_is_no_fault():
    assert Watched().look(LampState(100), times=1000).look(LampState(), DAY, times=1000).notices == []


def test_a_history_is_bounded():
    watched = Watched()
    for _ in range(100):
        watched.look(burns(0.0), times=12).look(None, times=20).look(burns(), times=240)

    assert max(len(each.history) for each in watched.notices) <= 20
