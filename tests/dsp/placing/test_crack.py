"""The crack of a bullet: the cone's geometry, in wind too, who hears it, and the range that its delay tells."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dsp.air import Air, travel_s, wind_from
from dsp.placing.crack import Flight, crack, direction, flown_s, range_from_delay

AIR = Air()
C = AIR.speed_mps


def test_the_cone_of_3000_feet_a_second_is_22_degrees_wide():
    """Maher 2006: at room temperature Mach 2.67 and about 22 degrees: where the front passes two places together."""
    speed_mps = 3000 * 0.3048
    angle = np.arcsin(C / speed_mps)
    places = [(300.0, 0.01, 0.0), (300.0 - 40 / np.tan(angle), 40.0, 0.0)]
    front = crack(Flight((0, 0, 0), 90.0, 0.0, speed_mps, 0.0), places, AIR)

    assert np.degrees(angle) == pytest.approx(22, abs=0.3)
    assert front.t_s[0] == pytest.approx(front.t_s[1], abs=1e-4)


def test_a_bullet_that_does_not_slow_down_has_the_closed_form():
    places = np.array([(100, 50, 0), (100, -50, 0), (300, 5, 0)], float)
    heard = crack(Flight((0, 0, 0), 90.0, 0.0, 800.0, 0.0), places, AIR)
    closed_s = places[:, 0] / 800 + np.abs(places[:, 1]) * np.sqrt(C**-2 - 800**-2)

    assert heard.t_s == pytest.approx(closed_s, abs=1e-6)
    assert heard.heard.all()


def test_places_beside_and_behind_the_muzzle_hear_no_crack():
    heard = crack(Flight((0, 0, 1), 90.0, 0.0, 800.0), [(0, 40, 5), (-30, 5, 5), (60, 5, 5)], AIR)

    assert heard.heard.tolist() == [False, False, True]
    assert heard.t_s[0] == pytest.approx(travel_s(AIR, (0, 40, 4)), rel=1e-6)


def test_a_bullet_below_the_speed_of_sound_is_refused_with_both_speeds():
    with pytest.raises(ValueError, match=r"300 m/s makes no crack: sound travels at 34\d m/s"):
        crack(Flight((0, 0, 0), 0.0, 0.0, 300.0), [(0, 50, 0)], AIR)


def test_a_crack_comes_from_before_the_bullet_falls_below_sound():
    slow = Flight((0, 0, 0), 0.0, 0.0, C + 50, 1.0)
    heard = crack(slow, [(10, 30, 0), (10, 200, 0), (0.1, 900, 0)], AIR)

    assert heard.along_m == pytest.approx(np.sort(heard.along_m))
    assert (heard.along_m <= 50).all()
    assert heard.along_m[2] > 49


@settings(max_examples=60, deadline=None)
@given(
    st.floats(0, 360), st.floats(-5, 5), st.floats(400, 1000), st.floats(0, 1.5), st.floats(0, 15), st.floats(0, 360),
    st.integers(0, 10_000),
)  # fmt: skip
@example(231.875, 0.0, 852.0, 0.0, 1.0, 0.0, 10_000)  # the muzzle itself is heard first
def test_no_other_point_of_the_flight_is_heard_earlier(azimuth, elevation, speed, slowing, wind, wind_from_deg, seed):
    rng, air = np.random.default_rng(seed), Air(12.0, 50.0, wind_from(wind, wind_from_deg))
    places = np.column_stack([rng.uniform(-200, 200, (6, 2)), rng.uniform(5, 8, 6)])
    heard = crack(Flight((0, 0, 1.5), azimuth, elevation, speed, slowing), places, air)
    end_m = min((speed - air.speed_mps) / max(slowing, 1e-6), 600.0)
    along_m = np.linspace(0, end_m, 3001)
    bullet = (0, 0, 1.5) + along_m[:, None] * direction(azimuth, elevation)
    each_s = flown_s(along_m, speed, slowing)[:, None] + travel_s(air, places - bullet[:, None])

    assert (heard.t_s <= each_s.min(axis=0) + 1e-9).all()
    assert heard.t_s == pytest.approx(each_s.min(axis=0), abs=1e-4)


@settings(max_examples=40, deadline=None)
@given(st.floats(30, 400), st.floats(600, 1000), st.floats(0, 1.0), st.floats(0, 20))
@example(257.0, 600.0, 1.0, 1.0)  # past where the bullet falls below sound, though its crack still comes there
def test_the_delay_at_one_place_tells_the_range(range_m, speed, slowing, across_m):
    flight = Flight((0, 0, 0), 0.0, 0.0, speed, slowing)
    place = [(across_m, np.sqrt(range_m**2 - across_m**2), 0.0)]
    heard = crack(flight, place, AIR)
    delay_us = float(travel_s(AIR, place)[0] - heard.t_s[0]) * 1e6

    found = range_from_delay(delay_us, 1000, flight, 50, AIR, across_m)

    end_m = (speed - AIR.speed_mps) / max(slowing, 1e-6)
    if heard.heard[0] and place[0][1] < end_m:
        assert found.range_m == pytest.approx(range_m, rel=1e-3)
        assert found.sigma_m > 0


def test_a_delay_that_no_range_has_gives_no_range():
    assert range_from_delay(5e6, 1000, Flight((0, 0, 0), 0.0, 0.0, 800.0), 50, AIR) is None
    assert range_from_delay(-10, 1000, Flight((0, 0, 0), 0.0, 0.0, 800.0), 50, AIR) is None
    assert range_from_delay(1e5, 1000, Flight((0, 0, 0), 0.0, 0.0, 200.0), 50, AIR) is None
