"""Training: what it makes of a tiny set, its file, its labels, its figures."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from dsp.hearing.gunshot_model import MODEL
from dsp.hearing.trees import Model
from simulators.training import model_file
from simulators.training.boosting import Recipe, boost
from simulators.training.clips import Clip, read_clips
from simulators.training.examples import (
    GUNSHOT,
    OTHER,
    RENDERED_NEAR_S,
    UNKNOWN,
    Example,
    hear_all,
    listen_all,
    recorded,
    truth_of,
)
from simulators.training.far_shots import far_shot
from simulators.training.figures import ece
from simulators.training.folds import Judged, calibrate
from simulators.training.near_shots import near_shot
from simulators.training.renderings import shot

RECIPE = Recipe(n_trees=20, depth=2, rate=0.5, ridge=1.0, least=1.0)


def tiny():
    """Rows of which the second number alone tells: over 0.3 it is a gunshot."""
    rows = np.random.default_rng(1).normal(size=(400, 3))
    return rows, (rows[:, 1] > 0.3).astype(float), np.ones(400)


def judged(p, truth):
    return Judged(Example("g", "f", "n", False, 0.0, 1.0, 0.0, truth, np.zeros(1)), p)


def test_trees_learn_what_alone_tells():
    rows, truth, weight = tiny()
    model = Model(*calibrated(boost(rows, truth, weight, RECIPE)))

    found = np.array([model.p(row) >= 0.5 for row in rows])

    assert np.mean(found == truth) > 0.97


def test_the_same_rows_give_the_same_trees():
    assert boost(*tiny(), RECIPE) == boost(*tiny(), RECIPE)


def test_one_kind_alone_teaches_nothing():
    rows, truth, weight = tiny()
    with pytest.raises(ValueError, match="both kinds"):
        boost(rows, np.ones_like(truth), weight, RECIPE)


def test_the_model_file_says_what_the_arithmetic_gave():
    model = Model(*calibrated(boost(*tiny(), RECIPE)))
    said = {}
    exec(compile(model_file.text_of(model), "gunshot_model.py", "exec"), said)

    assert said["MODEL"] == model


def test_the_model_in_the_repository_is_written_by_the_command():
    assert model_file.PATH.read_text() == model_file.text_of(MODEL)


def test_calibration_finds_the_line_that_made_the_truth():
    rng = np.random.default_rng(2)
    score = rng.normal(0, 3, 20_000)
    truth = (rng.random(20_000) < 1 / (1 + np.exp(-(0.5 * score - 1)))).astype(int)

    assert calibrate(score, truth) == pytest.approx((0.5, -1.0), abs=0.06)


def test_calibration_error_is_what_is_said_less_what_was():
    assert ece([judged(0.9, GUNSHOT)] * 9 + [judged(0.9, OTHER)]) == pytest.approx(0, abs=1e-9)
    assert ece([judged(0.9, OTHER)] * 10 + [judged(0.9, UNKNOWN)]) == pytest.approx(0.9)


def test_labels_come_of_what_is_known_of_the_clip():
    live = Clip("FP1", "FP1", "t", Path("t.wav"), shots_s=(1.0,), other_until_s=0.9)
    lone = Clip("ffsl gunshots", "ffsl", "t", Path("t.ogg"), strongest=True)

    assert truth_of(live, [0.5, 0.95, 1.02, 1.2], [0.0] * 4) == [OTHER, UNKNOWN, GUNSHOT, UNKNOWN]
    assert truth_of(lone, [0.1, 0.2], [-30.0, -3.0]) == [UNKNOWN, GUNSHOT]


@pytest.mark.parametrize("render", [shot, near_shot, far_shot])
def test_a_rendered_shot_is_heard_when_it_is_due(render):
    late_s = []
    for seed in range(12):
        samples, rate_hz, due_s = render(np.random.default_rng(seed))
        assert np.abs(samples).max() <= 1
        late_s.append(min((abs(onset.sample / rate_hz - due_s) for onset in hear_all(samples, rate_hz)), default=9.0))

    assert np.median(late_s) < 0.002
    assert sum(late < RENDERED_NEAR_S for late in late_s) >= 9


@pytest.fixture
def more(tmp_path):
    """A data folder that has nothing but a few of clips/more, each a bang at its very beginning."""
    (tmp_path / "livefire").mkdir()
    rows = ["path,class,source"]
    for kind, source in (("gunshot", "ffsl-more"), ("door", "netfox"), ("explosion", "ibm-max"), ("rain", "blanket")):
        path = f"{kind}/{source}/it.ogg"
        (tmp_path / "clips" / "more" / kind / source).mkdir(parents=True)
        bang = np.random.default_rng(1).normal(0, 0.3, 16_000) * np.exp(-np.arange(16_000) / 400)
        soundfile.write(tmp_path / "clips" / "more" / path, bang, 16_000)
        rows.append(f"{path},{kind},{source}")
    (tmp_path / "clips" / "more" / "manifest.csv").write_text("\n".join(rows) + "\n")
    return tmp_path


def test_what_the_manifest_lists_is_what_it_says_and_a_recordist_is_left_out_whole(more):
    clips = {clip.group: clip for clip in read_clips(more)}

    assert {group: clip.fold for group, clip in clips.items()} == {
        "more gunshot": "ffsl gunshots",
        "more door": "more antum",
        "more explosion": "more others",
        "more rain": "more others",
    }
    assert [clips[f"more {kind}"].strongest for kind in ("gunshot", "door", "explosion")] == [True, False, False]
    assert [clips[f"more {kind}"].bare for kind in ("gunshot", "door", "rain")] == [True, True, False]


def test_a_clip_that_begins_on_its_sound_is_heard_behind_a_moment_of_quiet(more):
    heard = {example.group: example for example in listen_all(recorded(read_clips(more)), "listening")}

    assert {group: example.truth for group, example in heard.items()} == {
        "more gunshot": GUNSHOT,
        "more door": OTHER,
        "more explosion": UNKNOWN,
    }


def test_the_model_card_names_the_commands():
    card = (Path(__file__).parents[2] / "docs" / "explanation" / "model-card.md").read_text()

    assert "soundpost score detector" in card
    assert "make train" in card


def calibrated(learnt):
    bias, trees = learnt
    return bias, 1.0, 0.0, trees
