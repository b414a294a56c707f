"""What a town does to a sound: training hears gunshots, and all else, through it."""

import numpy as np
import pytest

from dsp.air import Air
from simulators.training.heard_elsewhere import CUT_HZ, LEAD, SPAN, heard_from_afar
from simulators.training.net_lessons import FAR, RENDERED_SHARE, Lesson, weights
from simulators.training.town import Way, through_town

AIR = Air(temperature_c=15, humidity_pct=60)


def treble_db(away_m, seed):
    """Of what comes through, 4 to 5 kHz beside 200 to 400 Hz."""
    hz = np.fft.rfftfreq(32_768, 1 / CUT_HZ)
    power = np.square(np.abs(through_town(np.random.default_rng(seed), Way(hz, CUT_HZ, AIR, away_m))))
    high, low = (power[(hz > start) & (hz < end)].mean() for start, end in ((4000, 5000), (200, 400)))
    return 10 * np.log10(high / low)


def test_the_farther_off_the_duller():
    near, far = ([treble_db(away_m, seed) for seed in range(20)] for away_m in (30.0, 700.0))

    assert all(there < here for here, there in zip(near, far, strict=True))


def test_the_same_dice_give_the_same_way():
    assert treble_db(100.0, 3) == treble_db(100.0, 3)


def test_what_is_heard_from_afar_still_begins_at_its_onset():
    click = np.zeros(SPAN)
    click[LEAD : LEAD + 12] = np.hanning(12)
    rises_db = []
    for seed in range(20):
        heard = heard_from_afar(np.random.default_rng(seed), click, None)
        before, after = heard[: LEAD - 60], heard[LEAD : LEAD + 600]
        rises_db.append(10 * np.log10(np.mean(np.square(after)) / np.mean(np.square(before))))

    assert np.median(rises_db) > 10


def test_rendered_lessons_are_drawn_no_more_often_than_their_share():
    patch = np.zeros((197, 24), np.float16)
    lessons = [Lesson("more door", "a", "door", 0, patch), Lesson("ffsl gunshots", "b", "shot", 1, patch)]
    lessons += [Lesson(group, "rendered", "made", 1, patch) for group in (FAR, "rendered shot", "rendered near")]
    lessons += [Lesson("rendered clutter", "rendered", "made", 0, patch)]

    weight = weights(lessons)

    assert weight.sum() == pytest.approx(1)
    assert weight[2:].sum() == pytest.approx(RENDERED_SHARE)
