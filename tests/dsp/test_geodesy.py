import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.geodesy import Site, bearing

PITTSBURGH = Site(40.44, -79.99, 300.0)


def test_a_hundredth_of_a_degree_north_is_1110_metres():
    # WGS 84 meridian radius of curvature at 40.44 N, a(1 - e2)/(1 - e2 sin2)^1.5, times the angle.
    a, e2, lat = 6378137.0, 0.00669437999014, math.radians(40.445)
    radius = a * (1 - e2) / (1 - e2 * math.sin(lat) ** 2) ** 1.5 + 300.0

    e, n, u = PITTSBURGH.to_enu(40.45, -79.99, 300.0)

    assert n == pytest.approx(radius * math.radians(0.01), abs=0.01)
    assert e == pytest.approx(0.0, abs=1e-6)
    assert u == pytest.approx(-(n**2) / (2 * radius), abs=0.01)


@settings(deadline=None)
@given(st.floats(-80, 80), st.floats(-180, 180), *[st.floats(-3000, 3000)] * 2, st.floats(-100, 100))
def test_there_and_back_is_the_same_place(lat_deg, lon_deg, e_m, n_m, u_m):
    site = Site(lat_deg, lon_deg, 50.0)

    assert site.to_enu(*site.to_geodetic(e_m, n_m, u_m)) == pytest.approx((e_m, n_m, u_m), abs=1e-4)


@pytest.mark.parametrize(
    ("to", "azimuth_deg"), [((0, 5, 0), 0), ((5, 0, 0), 90), ((0, -5, 0), 180), ((-5, 0, 0), 270), ((-1, 1, 0), 315)]
)
def test_azimuth_turns_clockwise_from_north(to, azimuth_deg):
    assert bearing((0, 0, 0), to)[0] == pytest.approx(azimuth_deg)


def test_elevation_is_up_from_level_and_distance_is_straight():
    assert bearing((1, 1, 8), (1, 7, 0)) == pytest.approx((0.0, -math.degrees(math.atan2(8, 6)), 10.0))


@settings(deadline=None)
@given(st.floats(-1e-9, 1e-9), st.floats(-1, 1))
def test_azimuth_stays_below_360(e_m, n_m):
    assert 0 <= bearing((0, 0, 0), (e_m, n_m, 0))[0] < 360


@pytest.mark.parametrize("place", [(91, 0), (0, 181), (math.nan, 0), (0, 0, 10_000)])
def test_a_place_off_the_earth_is_refused(place):
    with pytest.raises(ValueError, match=r"is outside .* to "):
        Site(*place)
