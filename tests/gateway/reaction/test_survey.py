"""How a mount stands is found from landmarks, and what is wrong with them shows."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.geodesy import bearing
from gateway.reaction.survey import Landmark, survey
from gateway.street import Mount

HERE = (25.0, -10.0, 6.0)
PLACES = [(60, 40, 2), (-30, 50, 12), (-20, -70, 1), (80, -30, 8), (25, 90, 20)]


def landmarks(mount, places=PLACES, noise_deg=0.0):
    dice = np.random.default_rng(5)
    found = []
    for index, place in enumerate(places):
        pan, tilt = mount.pan_tilt(*bearing(mount.xyz_m, place)[:2])
        found.append(Landmark(f"m{index}", place, pan + dice.normal(0, noise_deg), tilt + dice.normal(0, noise_deg)))
    return found


@settings(max_examples=40, deadline=None)
@given(st.floats(-180, 179), st.floats(-5, 5), st.floats(0, 4), st.floats(0, 359), st.integers(3, 5))
def test_a_mount_is_found_as_it_stands(bearing_deg, tilt_zero_deg, lean_deg, lean_to_deg, n):
    mount = Mount("m", HERE, bearing_deg, tilt_zero_deg=tilt_zero_deg, lean_deg=lean_deg, lean_to_deg=lean_to_deg)
    found = survey(HERE, landmarks(mount, PLACES[:n]))
    again = Mount(
        "m", HERE, found.bearing_deg,
        tilt_zero_deg=found.tilt_zero_deg, lean_deg=found.lean_deg, lean_to_deg=found.lean_to_deg,
    )  # fmt: skip

    assert found.rms_deg < 0.01
    for azimuth_deg in range(0, 360, 30):
        there, here = again.pan_tilt(azimuth_deg, -3), mount.pan_tilt(azimuth_deg, -3)
        assert abs((there[0] - here[0] + 180) % 360 - 180) < 0.02 and abs(there[1] - here[1]) < 0.02


def test_readings_with_noise_give_a_mount_that_is_as_sure_as_it_says():
    mount = Mount("m", HERE, 137.0, tilt_zero_deg=-1.5, lean_deg=1.0, lean_to_deg=200.0)
    found = survey(HERE, landmarks(mount, noise_deg=0.3))

    assert abs(found.bearing_deg - 137) < 3 * found.sigma_deg[0] < 2
    assert abs(found.tilt_zero_deg + 1.5) < 3 * found.sigma_deg[1] < 2
    assert 0.1 < found.rms_deg < 0.6


def test_a_landmark_that_was_mistaken_stands_out():
    mount = Mount("m", HERE, 137.0)
    wrong = landmarks(mount)
    wrong[2] = Landmark("mistaken", wrong[2].xyz_m, wrong[2].pan_deg + 15, wrong[2].tilt_deg)
    found = survey(HERE, wrong)

    assert max(found.residuals, key=lambda each: each.off_deg).name == "mistaken"


def test_landmarks_in_a_quarter_of_the_round_tell_no_lean():
    mount = Mount("m", HERE, -20.0, tilt_zero_deg=2.0)
    found = survey(HERE, landmarks(mount, [(25, 60, 2), (45, 60, 2), (60, 40, 10)]))

    assert not found.with_lean and found.lean_deg == 0
    assert math.isnan(found.sigma_deg[2])
    assert (found.bearing_deg, found.tilt_zero_deg) == pytest.approx((-20, 2), abs=1e-3)


def test_a_pan_that_counts_the_other_way_is_said():
    right = landmarks(Mount("m", HERE, 10.0))

    assert survey(HERE, [Landmark(e.name, e.xyz_m, -e.pan_deg, e.tilt_deg) for e in right]).is_mirrored
    assert not survey(HERE, right).is_mirrored


@pytest.mark.parametrize(
    ("places", "says"),
    [
        (PLACES[:2], "2 landmarks; a mount needs 3 or more"),
        ([], "0 landmarks"),
        ([(25, 60, 2), (26, 60, 2), (25, 90, 10)], "the landmarks stand within 5 degrees"),
        ([*PLACES[:2], HERE], "landmark m2: stands less than 1 m from the camera"),
    ],
)
def test_landmarks_from_which_nothing_follows_are_refused(places, says):
    with pytest.raises(ValueError, match=says):
        survey(HERE, landmarks(Mount("m", HERE), places))
