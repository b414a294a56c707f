"""What the nets and the head on the wide ear learn from, and the lines that join the voices."""

import numpy as np
import pytest

from simulators.training.ear_head import fit_head
from simulators.training.examples import GUNSHOT, OTHER, Example
from simulators.training.heard_elsewhere import CUT_HZ, LEAD, SPAN, cut, heard_elsewhere
from simulators.training.jury import Said, fairly, fit_line, judged_left_out, part_of
from simulators.training.net_lessons import Lesson, weights

PATCH = np.zeros((197, 24), np.float16)


def example(group, fold, name, truth, heard=()):
    about = 0.0, 1.0, 0.0, truth, np.zeros(3)
    return Example(group, fold, name, False, *about, patch=PATCH, heard=np.array(heard, np.float32))


def test_a_cut_holds_the_onset_where_it_is_said_to_be_at_any_rate():
    for rate_hz in (8_000, 44_100, 96_000):
        sound = np.zeros(2 * rate_hz)
        sound[rate_hz] = 1.0
        found = cut(sound, rate_hz, rate_hz)

        assert len(found) == SPAN
        assert abs(int(np.argmax(np.abs(found))) - LEAD) <= 1


def test_past_the_ends_of_a_recording_a_cut_is_silent():
    assert not cut(np.ones(100), 50_000, CUT_HZ).any()


@pytest.mark.parametrize("seed", range(20))
def test_an_impulse_heard_elsewhere_is_finite_and_begins_where_it_did(seed):
    sound = np.random.default_rng(1).normal(0, 1e-3, SPAN)
    sound[LEAD : LEAD + 600] += np.random.default_rng(2).normal(0, 1, 600) * np.exp(-np.arange(600) / 100)
    found = heard_elsewhere(np.random.default_rng(seed), sound, None)
    energy = np.cumsum(np.square(found))

    assert np.isfinite(found).all()
    assert energy[LEAD - 60] < 0.6 * energy[LEAD + 1200]


def test_gunshots_and_others_are_drawn_alike_and_a_large_group_does_not_drown_a_small_one():
    known = [Lesson("ffsl gunshots", "f", "g", GUNSHOT, PATCH)] * 3
    known += [Lesson("FP1", "FP1", "t", GUNSHOT, PATCH)] * 7
    known += [Lesson("esc10 dog", "e", f"d{n}", OTHER, PATCH) for n in range(16)]
    known += [Lesson("more door", "m", "one", OTHER, PATCH)]
    weight = weights(known)
    guns, dogs, door = weight[:10].sum(), weight[10:26].sum(), weight[26]

    assert guns == pytest.approx(dogs + door)
    assert dogs / door == pytest.approx(4)


def test_what_was_cut_from_one_recording_is_never_parted():
    assert part_of("ffsl gunshots") == part_of("esc10 fold 1") != part_of("more antum")
    assert part_of("FP2") == "FP2"


def test_a_line_finds_the_voice_that_tells_and_does_not_ask_one_that_misleads():
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 2, 4000)
    columns = np.stack([2 * truth - 1 + rng.normal(0, 1, 4000), 1 - 2 * truth + rng.normal(0, 1, 4000)], 1)
    line = fit_line(columns, truth, np.ones(4000))

    assert line[0] == pytest.approx(2, abs=0.2)  # of two normals a distance of 2 apart: 2 x
    assert line[1] == 0


def test_each_clip_counts_the_same_however_often_it_clicks():
    own = [example("esc10 clock", "esc10 fold 1", "ticks", OTHER)] * 9
    own += [example("esc10 dog", "esc10 fold 1", "bark", OTHER), example("ffsl gunshots", "f", "g", GUNSHOT)]
    weight = fairly(own, np.ones(len(own), bool))

    assert weight[:9].sum() == pytest.approx(weight[9])
    assert weight[-1] > 0


def test_who_is_judged_was_not_asked_for_the_line():
    """One part's scores are upside down: its own line would set that right, the others' cannot."""
    rng, own, scores = np.random.default_rng(4), [], []
    for fold, sign in (("ffsl gunshots", -1), ("more antum", 1), ("FP1", 1)):
        for truth in (OTHER, GUNSHOT) * 20:
            own.append(example("FP1" if fold == "FP1" else f"{fold} x", fold, f"{len(own)}", truth))
            scores.append(sign * (2 * truth - 1) + rng.normal(0, 0.1))
    said = Said(np.array(scores), np.stack([scores] * 3, 1), np.full(len(own), np.nan))
    judged = judged_left_out(own, said)
    wrong = [each for each in judged[:40] if (each.p > 0.5) == (each.example.truth == GUNSHOT)]

    assert len(wrong) <= 20
    assert all(np.isnan(each.with_ear) for each in judged)


def test_the_head_learns_which_answer_tells():
    rng = np.random.default_rng(5)
    truths = rng.integers(0, 2, 600)
    known = [
        example("ffsl gunshots" if t else "esc10 dog", "f", f"{n}", int(t), (rng.normal(), 3 * t + rng.normal(), 0.0))
        for n, t in enumerate(truths)
    ]
    head = fit_head(known)
    scores = np.array([each.heard @ head[:-1] + head[-1] for each in known])

    assert abs(head[1]) > 5 * abs(head[0])
    assert np.mean((scores > 0) == (truths == 1)) > 0.9
