"""Which cameras record which incident, from when until when."""

import pytest

from gateway.evidence.cases import FRESH_US, MOST_CASES, Cases, Rules, Watcher

S = 1_000_000
T_US = 1_790_000_000 * S
NEAR, FAR = Watcher("near", (0.0, 0.0, 5.0), 100.0), Watcher("far", (500.0, 0.0, 5.0), 100.0)
GATE = Watcher("gate", (20.0, 20.0, 4.0), 80.0)


def told(*shots, incident="i-1", **more):
    """An incident's row; shots are (e, n, seconds)."""
    rounds = [
        {"e_m": e_m, "n_m": n_m, "t_us": T_US + round(t_s * S), "ellipse_95": {"major_m": 5.0}}
        for e_m, n_m, t_s in shots
    ]
    return {"incident": incident, "rounds": rounds, "grade": "A", "p_gunshot": 0.9, "historic": False, **more}


def cases(**rules):
    return Cases(Rules(**rules), [NEAR, FAR], [GATE])


def seconds(case):
    return (case.from_us - T_US) / S, (case.until_us - T_US) / S


def test_a_shot_is_recorded_by_who_may_see_it_from_before_it_until_after():
    case = cases().feed(told((30, 0, 0)), T_US + S)

    assert (case.cameras, case.readers, seconds(case)) == (("near",), ("gate",), (-10.0, 30.0))


def test_it_goes_on_while_shots_go_on_and_further_cameras_join():
    known = cases()
    known.feed(told((30, 0, 0)), T_US + S)
    case = known.feed(told((420, 0, 20)), T_US + 21 * S)

    assert (case.cameras, seconds(case)) == (("near", "far"), (-10.0, 50.0))
    assert known.until_us("i-1") == T_US + 50 * S


SIDE, BEHIND = Watcher("side", (30.0, 60.0, 5.0), 100.0), Watcher("behind", (60.0, 0.0, 5.0), 100.0)


def behind_a_wall(*names):
    """Cameras from which a wall hides all that is west of it."""

    def sees(watcher, places_m):
        return watcher.name not in names or any(e_m > 50.0 for e_m, _, _ in places_m)

    return Cases(Rules(), [SIDE, BEHIND], [], sees)


def test_a_camera_behind_a_wall_records_only_where_it_sees_a_part_of_the_ellipse():
    hidden = behind_a_wall("behind").feed(told((30, 0, 0)), T_US + S)
    partly = behind_a_wall("behind").feed(told((46, 0, 0)), T_US + S)
    later = behind_a_wall("behind")
    later.feed(told((30, 0, 0)), T_US + S)

    assert hidden.cameras == ("side",)
    assert partly.cameras == ("side", "behind")
    assert later.feed(told((48, 0, 5)), T_US + 6 * S).cameras == ("side", "behind")


def test_where_no_camera_sees_the_place_all_in_reach_record_for_somebody_may_run_by():
    case = behind_a_wall("behind", "side").feed(told((30, 0, 0)), T_US + S)

    assert case.cameras == ("side", "behind")


def test_it_ends_however_long_shots_go_on():
    known = cases(longest_us=60 * S)
    for second in range(0, 200, 5):
        case = known.feed(told((30, 0, second)), T_US + second * S)

    assert seconds(case)[1] <= 60.0


@pytest.mark.parametrize(
    "row",
    [
        told((30, 0, 0), historic=True),
        told((30, 0, 0), clips=False),
        told((30, 0, 0), grade="D"),
        told((30, 0, 0), p_gunshot=0.01),
        told((30, 0, -FRESH_US / S - 2)),
        told((30, 0, 60)),
        {**told((30, 0, 0)), "rounds": [{**told((30, 0, 0))["rounds"][0], "withdrawn": True}]},
        told(),
    ],
)
def test_what_is_historic_unlikely_old_to_come_withdrawn_or_not_wanted_by_policy_asks_for_nothing(row):
    assert cases().feed(row, T_US) is None


def test_an_unknown_probability_holds_nothing_back():
    assert cases().feed(told((30, 0, 0), p_gunshot=None), T_US) is not None


def test_a_flood_of_incidents_is_bounded_and_counted():
    known = cases()
    for index in range(MOST_CASES + 10):
        known.feed(told((30, 0, 0), incident=f"i-{index}"), T_US)

    assert known.let_go == 10
    assert known.until_us("i-0") == 0
    assert known.is_open(f"i-{MOST_CASES + 9}", T_US)
