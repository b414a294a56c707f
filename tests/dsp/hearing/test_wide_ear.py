"""The wide ear: its net against slow loops, files that do not fit, the real weights against TensorFlow's answers."""

import hashlib
import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp.hearing.log_mel import N_SAMPLES, log_mel
from dsp.hearing.wide_ear import EXPLOSION, FIREWORKS, GUNS, VERSION, YAMNET, Layout, WideEar

REAL = Path(__file__).parents[3] / "firmware" / "linux" / "wide_ear.npz"
STEPS = ((3, 2), (4, 2), (4, 1), (5, 2), (6, 2), (5, 2), (7, 2))  # 96 x 64 down to 3 x 2, 2 x 1 and on
T_S = np.arange(N_SAMPLES) / 16_000
NOISE = np.arange(N_SAMPLES) ** 2 * 7919 % 65521 / 65521 * 2 - 1


def weights(layout, seed=1):
    rng = np.random.default_rng(seed)
    found = {
        name: (rng.standard_normal(shape) / max(1, shape[0]) ** 0.5).astype(np.float32)
        for name, shape in layout.shapes().items()
    }
    return found | {"version": np.array([VERSION], np.float32)}


def written(arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def layout_of(content, steps=STEPS, n_classes=11):
    return Layout(hashlib.sha256(content).hexdigest(), steps, n_classes)


TINY = layout_of(b"")
ARRAYS = weights(TINY)
CONTENT = written(ARRAYS)


def refused(content, layout=None):
    """Why."""
    with pytest.raises(ValueError) as refusal:
        WideEar.from_bytes(content, layout or layout_of(content))
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


def convolved(x, stride, at):
    """What `at(neighbours)` makes of the 3 x 3 about each place of (time, band, channel), by loops."""
    sizes = [-(-n // stride) for n in x.shape[:2]]
    before = [max((m - 1) * stride + 3 - n, 0) // 2 for m, n in zip(sizes, x.shape, strict=False)]

    def value(i, j):
        inside = 0 <= i < x.shape[0] and 0 <= j < x.shape[1]
        return x[i, j] if inside else np.zeros(x.shape[2])

    def about(i, j):
        top, left = i * stride - before[0], j * stride - before[1]
        return np.array([value(top + k // 3, left + k % 3) for k in range(9)])

    return np.maximum([[at(about(i, j)) for j in range(sizes[1])] for i in range(sizes[0])], 0)


def slow(sound, arrays, layout):
    """Scores and embedding in float64."""
    kept = {name: values.astype(np.float64) for name, values in arrays.items()}
    x = log_mel(sound).astype(np.float64)[:, :, None]
    for index, (_, stride) in enumerate(layout.steps):
        mix, mix_bias = kept[f"mix{index}"], kept[f"mix{index}_bias"]
        if index == 0:
            x = convolved(x, stride, lambda nine, m=mix, b=mix_bias: nine[:, 0] @ m + b)
            continue
        taps, taps_bias = kept[f"taps{index}"], kept[f"taps{index}_bias"]
        x = convolved(x, stride, lambda nine, t=taps, b=taps_bias: (nine * t).sum(axis=0) + b)
        x = np.maximum(x @ mix + mix_bias, 0)
    embedding = x.mean(axis=(0, 1))
    return 1 / (1 + np.exp(-(embedding @ kept["classes"] + kept["classes_bias"]))), embedding


@pytest.mark.parametrize("loudness", [0.0, 0.001, 0.5])
def test_the_net_is_what_slow_loops_make_of_the_same_weights(loudness):
    sound = (loudness * NOISE).astype(np.float32)
    scores, embedding = WideEar.from_bytes(CONTENT, layout_of(CONTENT)).hear(sound)
    expected_scores, expected_embedding = slow(sound, ARRAYS, TINY)

    assert scores.shape == (11,) and embedding.shape == (7,) and scores.dtype == embedding.dtype == np.float32
    assert np.ptp(expected_embedding) > 0.1
    assert embedding == pytest.approx(expected_embedding, rel=1e-4, abs=1e-5)
    assert scores == pytest.approx(expected_scores, rel=1e-4)


def test_it_hears_the_same_each_time_and_leaves_the_sound_alone():
    ear, sound = WideEar.from_bytes(CONTENT, layout_of(CONTENT)), (0.1 * NOISE).astype(np.float32)
    kept = sound.copy()
    (first, embedding), (again, _) = ear.hear(sound), ear.hear(sound)

    assert np.array_equal(first, again) and np.array_equal(sound, kept)
    assert np.array_equal(ear.hear(sound)[1], embedding)


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf, 3e38])
def test_a_sound_of_no_numbers_still_gets_scores(odd):
    scores, embedding = WideEar.from_bytes(CONTENT, layout_of(CONTENT)).hear(np.full(N_SAMPLES, odd, np.float32))

    assert np.isfinite(embedding).all() and (scores >= 0).all() and (scores <= 1).all()


@pytest.mark.parametrize("tenth", range(10))
def test_a_cut_file_is_refused(tenth):
    cut = CONTENT[: len(CONTENT) * tenth // 10]

    assert "cut, changed or of another version" in refused(cut, layout_of(CONTENT))
    assert refused(cut).startswith("not a weights file")  # one that somebody hashed after it was cut


def test_a_file_of_another_hash_is_refused_with_both_hashes():
    other = written(weights(TINY, seed=2))
    said = refused(other, layout_of(CONTENT))

    assert layout_of(other).sha256[:12] in said and layout_of(CONTENT).sha256[:12] in said
    assert "make ear" in said


@pytest.mark.parametrize("version", [[], [VERSION + 1], [VERSION, VERSION], [np.nan]])
def test_a_file_of_another_version_is_refused(version):
    assert refused(written(ARRAYS | {"version": np.array(version, np.float32)})) == "not a wide ear of version 1"
    assert refused(written({name: each for name, each in ARRAYS.items() if name != "version"})).endswith("version 1")


@pytest.mark.parametrize("name", ["taps1", "taps6_bias", "mix0", "mix3_bias", "classes", "classes_bias"])
@pytest.mark.parametrize("spoil", ["missing", "transposed", "longer", "doubles", "no numbers", "pickled"])
def test_an_array_that_does_not_fit_is_refused_by_name(name, spoil):
    values = ARRAYS[name]
    spoilt = {
        "missing": None,
        "transposed": values.T if values.ndim == 2 else values[:, None],
        "longer": np.concatenate([values, values[:1]]),
        "doubles": values.astype(float),
        "no numbers": values * np.nan,
        "pickled": values.astype(object),
    }[spoil]
    kept = {each: spoilt if each == name else held for each, held in ARRAYS.items()}
    said = refused(written({each: held for each, held in kept.items() if held is not None}))

    assert said.startswith("not a weights file (" if spoil == "pickled" else f"{name} ")


@given(st.binary(max_size=400), st.integers(0, len(CONTENT) - 1))
def test_hostile_bytes_are_refused_or_fit(noise, at):
    spoilt = CONTENT[:at] + noise + CONTENT[at + len(noise) :]
    for content in (noise, spoilt):
        try:
            ear = WideEar.from_bytes(content, layout_of(content))
        except ValueError as refusal:
            assert "\n" not in str(refusal)
        else:
            assert len(ear.steps) == len(STEPS)


GROWTH = """
import re, sys
from pathlib import Path
import numpy as np
import dsp.hearing.detect
from dsp.hearing.wide_ear import YAMNET, Layout, WideEar
def kilobytes(): return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
before, sound = kilobytes(), np.random.default_rng(1).standard_normal(15600).astype(np.float32)
ear = WideEar.from_bytes(Path(sys.argv[1]).read_bytes(), Layout(sys.argv[2], YAMNET.steps, YAMNET.n_classes))
for _ in range(3): ear.hear(sound)
print(kilobytes() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from Linux' /proc")
def test_a_process_grows_by_no_more_than_40_mb_at_its_peak(tmp_path):
    content = written(weights(YAMNET))
    path = tmp_path / "of_that_size.npz"
    path.write_bytes(content)
    told = subprocess.run(
        [sys.executable, "-c", GROWTH, path, hashlib.sha256(content).hexdigest()],
        capture_output=True, text=True, check=True, cwd=REAL.parents[2],
    )  # fmt: skip

    assert 10_000 < int(told.stdout) < 40_000


# What TensorFlow 2.21 answers by the saved model itself: the four loudest classes, and of the embedding the mean, the
# length and the largest's place. By yamnet_class_map.csv: 494 silence, 383 telephone, 387 dial tone, 421 gunshot,
# 425 cap gun, 420 explosion, 514 white noise, 287 waterfall.
ANSWERS = {
    "silence": ({494: 1.0, 0: 0.0, 132: 0.0, 500: 0.0}, 1.61425, 68.3795, 97),
    "tone": ({383: 0.99657, 387: 0.98990, 382: 0.97733, 388: 0.96661}, 0.15900, 27.8864, 326),
    "burst": ({421: 0.47183, 425: 0.38420, 420: 0.36643, 498: 0.18936}, 0.04827, 9.2988, 976),
    "rush": ({514: 0.50602, 287: 0.42084, 507: 0.35621, 509: 0.35375}, 0.06291, 10.4238, 553),
}
SOUNDS = {
    "silence": 0 * T_S,
    "tone": 0.5 * np.sin(2 * np.pi * 440 * T_S),
    "burst": NOISE * np.exp(-np.maximum(T_S - 0.2, 0) / 0.03) * (T_S >= 0.2),
    "rush": 0.1 * NOISE,
}


@pytest.mark.skipif(not REAL.exists(), reason="needs YAMNet's weights: make ear")
@pytest.mark.parametrize("name", SOUNDS)
def test_the_real_weights_answer_as_tensorflow_does(name):
    scores, embedding = WideEar.from_bytes(REAL.read_bytes()).hear(SOUNDS[name].astype(np.float32))
    loudest, mean, length, largest_at = ANSWERS[name]

    assert scores.shape == (521,) and embedding.shape == (1024,)
    assert [scores[index] for index in loudest] == pytest.approx([*loudest.values()], abs=1e-3)
    assert np.delete(scores, [*loudest]).max() <= min(loudest.values()) + 1e-3
    assert float(embedding.mean()) == pytest.approx(mean, rel=1e-3)
    assert float(np.linalg.norm(embedding)) == pytest.approx(length, rel=1e-3)
    assert int(embedding.argmax()) == largest_at


@pytest.mark.skipif(not REAL.exists(), reason="needs YAMNet's weights: make ear")
def test_a_burst_is_a_gunshot_and_a_rush_is_none():
    ear = WideEar.from_bytes(REAL.read_bytes())
    burst, rush = (ear.hear(SOUNDS[name].astype(np.float32))[0] for name in ("burst", "rush"))

    assert burst[GUNS].max() > 0.4 and burst[EXPLOSION] > 0.3 > burst[FIREWORKS].max()
    assert rush[GUNS].max() < 0.001
