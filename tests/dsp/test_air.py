import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.air import Air, absorption_db_per_m, travel_s, wind_from

WINDS = st.tuples(st.floats(-20, 20), st.floats(-20, 20))
PATHS = st.tuples(st.floats(-800, 800), st.floats(-800, 800), st.floats(-30, 30))


# ISO 9613-1:1993 table 1, dB/km, as quoted by two public test suites that were opened (ITA toolbox; sound-propagation)
# and, for 1 kHz at 20 C and 50 %, by notes/dependencies.md.
@pytest.mark.parametrize(
    ("temperature_c", "humidity_pct", "frequency_hz", "db_per_km"),
    [(20, 50, 1000, 4.66), (-20, 10, 50.12, 0.589), (20, 15, 6309.6, 175.0)],
)
def test_absorption_is_that_of_the_standards_table(temperature_c, humidity_pct, frequency_hz, db_per_km):
    air = Air(temperature_c, humidity_pct)

    assert 1000 * absorption_db_per_m(air, frequency_hz) == pytest.approx(db_per_km, rel=5e-3)


def test_absorption_grows_with_frequency_and_is_nothing_at_zero():
    db = absorption_db_per_m(Air(), np.array([0.0, 100, 1000, 4000, 16000]))

    assert db[0] == 0
    assert np.all(np.diff(db) > 0)


def test_dry_air_at_freezing_carries_sound_at_331_45_metres_a_second():
    # Cramer 1993 gives 331.45 for dry air with 314 ppm carbon dioxide; 400 ppm takes off 0.007.
    assert Air(0.0, 0.0).speed_mps == pytest.approx(331.45, abs=0.02)


def test_dry_air_at_20_degrees_agrees_with_the_standards_reference_speed():
    # ISO 9613-1 equation A.5: 343.2 m/s at 293.15 K.
    assert Air(20.0, 0.0).speed_mps == pytest.approx(343.2, abs=0.2)


def test_damp_air_carries_sound_faster():
    dry, damp, wet = (Air(20.0, humidity_pct).speed_mps for humidity_pct in (0.0, 50.0, 100.0))

    assert dry < damp < wet < dry + 2


@pytest.mark.parametrize("temperature_c", range(-30, 51, 5))
def test_outside_its_stated_range_speed_keeps_to_the_square_root_law(temperature_c):
    law = 331.45 * math.sqrt((temperature_c + 273.15) / 273.15)

    assert Air(float(temperature_c), 0.0).speed_mps == pytest.approx(law, rel=1e-3)


def test_a_wind_from_the_west_blows_east():
    east, north = wind_from(5.0, 270.0)

    assert (east, north) == pytest.approx((5.0, 0.0), abs=1e-12)


def test_sound_runs_faster_with_the_wind_and_slower_against_it():
    air = Air(wind_en_mps=(8.0, 0.0))

    downwind, upwind = 100 / travel_s(air, [[100, 0, 0], [-100, 0, 0]])

    assert downwind == pytest.approx(air.speed_mps + 8, abs=1e-9)
    assert upwind == pytest.approx(air.speed_mps - 8, abs=1e-9)


@settings(deadline=None)
@given(WINDS, PATHS)
def test_the_wave_front_reaches_the_listener_when_told(wind, path):
    air = Air(wind_en_mps=wind)
    t_s = float(travel_s(air, path))
    drifted = np.array(path) - t_s * np.array([*wind, 0.0])

    assert np.linalg.norm(drifted) == pytest.approx(air.speed_mps * t_s, abs=1e-6)


def test_no_way_takes_no_time():
    assert travel_s(Air(wind_en_mps=(3.0, 4.0)), [0.0, 0.0, 0.0]) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"temperature_c": 61.0},
        {"temperature_c": math.nan},
        {"humidity_pct": 101.0},
        {"pressure_pa": 1.0},
        {"wind_en_mps": (50.0, 50.0)},
        {"wind_en_mps": (math.inf, 0.0)},
    ],
)
def test_air_that_cannot_be_is_refused_with_the_legal_range(wrong):
    with pytest.raises(ValueError, match=r"is outside .* to "):
        Air(**wrong)
