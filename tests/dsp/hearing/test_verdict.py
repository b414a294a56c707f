"""The nets' numbers, their file, and what all voices together make of an impulse."""

import io
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from dsp.hearing.ear_answers import N_ANSWERS
from dsp.hearing.judge import Judge
from dsp.hearing.net import EARLY, STRIDES, Net
from dsp.hearing.patch import BANDS, FRAMES, LOOKS_MS, patch
from dsp.hearing.verdict import NEAR, VERSION, Verdict, is_near

RATE = 48_000
CHANNELS, HIDDEN = (3, 4, 5, 6), 7


def net_arrays(seed):
    rng, arrays, n_in = np.random.default_rng(seed), {}, 1
    for index, n_out in enumerate(CHANNELS):
        arrays[f"layer{index}"] = rng.normal(0, 0.3, (n_out, n_in, *((7, 5) if index == 0 else (3, 3))))
        arrays[f"layer{index}_bias"] = rng.normal(0, 0.1, n_out)
        n_in = n_out
    n_pooled = 3 * 3 * CHANNELS[-1] + len(LOOKS_MS)
    arrays |= {"hidden": rng.normal(0, 0.3, (HIDDEN, n_pooled)), "hidden_bias": rng.normal(0, 0.1, HIDDEN)}
    return arrays | {"last": rng.normal(0, 1, (1, HIDDEN)), "last_bias": rng.normal(0, 1, 1)}


def file_arrays(n_nets=2):
    nets = {f"{n}/{name}": kept for n in range(n_nets) for name, kept in net_arrays(n).items()}
    lines = np.array([[0.5, 1.0, -1.0], [0.4, 1.1, -1.0], [0.3, 1.2, -1.0]])
    ear = np.random.default_rng(9).normal(0, 0.01, N_ANSWERS + 1)
    return nets | {"version": np.array([VERSION]), "lines": lines, "ear": ear, "near": np.array([0.3, 0.5, 2.0, -1.5])}


def content_of(arrays):
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


GOOD = content_of(file_arrays())


def by_slow_loops(arrays, seen, look):
    x = seen[:, :, None].astype(float)
    for index, (by_time, by_band) in enumerate(STRIDES):
        kernel, bias = arrays[f"layer{index}"], arrays[f"layer{index}_bias"]
        n_out, _, kt, kb = kernel.shape
        padded = np.pad(x, ((kt // 2, kt // 2), (kb // 2, kb // 2), (0, 0)))
        places = [-(-n // by) for n, by in zip(x.shape, (by_time, by_band), strict=False)]
        y = np.zeros((*places, n_out))
        for t in range(places[0]):
            for b in range(places[1]):
                window = padded[t * by_time : t * by_time + kt, b * by_band : b * by_band + kb]
                y[t, b] = np.einsum("oikl,kli->o", kernel, window) + bias
        x = np.maximum(y, 0)
    pooled = [x[:EARLY].mean(axis=0), x.mean(axis=0), x.max(axis=0)]
    row = np.concatenate([*(part.T.ravel() for part in pooled), np.eye(3)[look]])
    hidden = np.maximum(arrays["hidden"] @ row + arrays["hidden_bias"], 0)
    return float((arrays["last"] @ hidden + arrays["last_bias"])[0])


@pytest.mark.parametrize("look", [0, 1, 2])
def test_a_net_is_what_slow_loops_make_of_the_same_weights(look):
    arrays, seen = net_arrays(5), np.random.default_rng(look).uniform(-1, 1.3, (FRAMES, BANDS)).astype(np.float32)

    assert Net.from_arrays(arrays).score(seen, look) == pytest.approx(by_slow_loops(arrays, seen, look), abs=1e-4)


def test_a_verdict_averages_its_nets_and_weighs_them_with_the_trees():
    verdict, seen = Verdict.from_bytes(GOOD), np.random.default_rng(1).uniform(-1, 1, (FRAMES, BANDS)).astype("f4")
    each = [net.score(seen, 1) for net in verdict.nets]

    assert verdict.score(seen, 1) == pytest.approx(np.mean(each))
    assert verdict.log_odds(2.0, 3.0, 1) == pytest.approx(0.4 * 2 + 1.1 * 3 - 1)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_cut_file_is_refused(share):
    with pytest.raises(ValueError, match="not a weights file"):
        Verdict.from_bytes(GOOD[: int(share * len(GOOD))])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"version": np.array([VERSION + 1])}, "version"),
        ({"lines": np.zeros((2, 3))}, "lines has the shape"),
        ({"near": np.array([1, 2, 3, np.nan])}, "near holds what is no number"),
        ({"0/hidden": np.zeros((7, 8))}, "0/hidden has the shape"),
        ({"1/layer2": np.zeros((5, 9, 3, 3))}, "1/layer2 has the shape"),
        ({"1/layer1": np.zeros((4, 3, 2, 3))}, "1/layer1 has the shape"),
        ({"0/layer0_bias": np.full(3, np.inf)}, "0/layer0_bias holds"),
        ({"ear": None}, "of its lines"),
        ({"0/last": None}, "0/last"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_by_what_does_not(change, said):
    arrays = {name: kept for name, kept in (file_arrays() | change).items() if kept is not None}
    with pytest.raises(ValueError, match=said):
        Verdict.from_bytes(content_of(arrays))


@settings(max_examples=60)
@given(st.binary(max_size=200), st.integers(0, len(GOOD) - 1), st.binary(min_size=1, max_size=8))
def test_hostile_bytes_are_refused_in_a_line_or_read(noise, at, spoilt):
    for content in (noise, GOOD[:at] + spoilt + GOOD[at + len(spoilt) :]):
        try:
            Verdict.from_bytes(content)
        except ValueError as error:
            assert "\n" not in str(error)


def npy(header):
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode()


def zipped(inside, method=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("version.npy", inside)
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        zipped(npy(f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({10**15},)}}\n")),
        zipped(npy(f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({10**30},)}}\n")),
        zipped(npy("{'descr': ('f8',), 'fortran_order': False, 'shape': (5,)}\n")),
        zipped(npy("{'descr': '<f8', 'shape': ((((\n")),
        zipped(npy("-" * 9000 + "1\n")),
        zipped(bytes(600), zipfile.ZIP_LZMA).replace(bytes([0x5D, 0, 0]), bytes([0xFF, 0, 0])),
        zipped(b"no array"),
    ],
    ids=["huge", "beyond counting", "half a type", "an open bracket", "deep", "lzma", "no array"],
)
def test_an_array_that_is_none_is_refused_in_a_line(content):
    with pytest.raises(ValueError, match=r"^not a weights file \(.*\)$"):
        Verdict.from_bytes(content)


def test_pickles_are_not_opened():
    with pytest.raises(ValueError, match="not a weights file"):
        Verdict.from_bytes(content_of(file_arrays() | {"lines": np.array([print], object)}))


def noise(low_hz, high_hz):
    sound = np.random.default_rng(2).normal(0, 1e-6, 2 * RATE)
    sound[RATE:] += np.random.default_rng(2).normal(0, 0.3, RATE) * np.exp(-np.arange(RATE) / 2000)
    return signal.sosfilt(signal.butter(8, (low_hz, high_hz), "bandpass", fs=RATE, output="sos"), sound)


def test_what_has_treble_is_near_and_what_has_none_is_not():
    near, far = (is_near(patch(noise(200, high_hz), RATE, RATE)) for high_hz in (6000, 1500))

    assert (near, far) == (True, False)
    assert NEAR < 0


class Ear:
    """A wide ear that says the same of every sound, and counts how often it was asked."""

    def __init__(self):
        self.n_asked = 0

    def hear(self, sound):
        self.n_asked += 1
        assert sound.shape == (15_600,)
        assert np.abs(sound).max() == pytest.approx(0.5)
        return np.full(521, 0.5), np.full(1024, 1.0)


@pytest.mark.parametrize(("high_hz", "look", "n_asked"), [(6000, 2, 1), (6000, 1, 0), (6000, 0, 0), (1500, 2, 0)])
def test_the_wide_ear_is_asked_about_near_sounds_at_the_last_look_alone(high_hz, look, n_asked):
    ear, row = Ear(), np.zeros(60)
    judge = Judge(Verdict.from_bytes(GOOD), ear)

    assert 0 <= judge.p(row, noise(200, high_hz), RATE, RATE, look) <= 1
    assert ear.n_asked == n_asked


def test_without_a_verdict_the_trees_speak_alone_and_once():
    sound = noise(200, 6000)

    assert not Judge().looks_again
    assert Judge().p(np.zeros(60), sound, RATE, RATE, 0) == Judge().p(np.zeros(60), 0 * sound, RATE, RATE, 2)
