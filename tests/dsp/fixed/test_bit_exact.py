"""One detector, five times: numpy, MicroPython on x64, and the boards' own machine code, the same to the last bit."""

import hashlib
from array import array
from itertools import pairwise

import numpy as np
import pytest

from dsp.fixed.detector import N_CELLS, RING_CELLS, Detector
from dsp.hearing import fixed_reference
from hw.linux.audio_file import read_audio
from simulators.emulators import unix_port
from simulators.emulators.core import CompiledKernel

BOARDS = ("armv7emsp", "rv32imc", "xtensawin")
LIVE_HZ, BLOCK = 12_000, 240
EVERY, SHAPE = 20, (6, 120_000)  # files that are taken; 60 s
MADE_HZ = (8_000, 16_000, 48_000)


@pytest.fixture(scope="module")
def live(data):
    """60 s of live fire without its digital silence: (6, 120000) words, the reference's onsets and digests of each."""
    files = sorted((data / "livefire").rglob("*.audio.*.wav"))[::EVERY]
    sound = np.concatenate([np.trim_zeros(read_audio(path)[0][:, 0]) for path in files])
    words = fixed_reference.words_of(sound[: SHAPE[0] * SHAPE[1]].reshape(SHAPE))
    band = fixed_reference.band_passed(words, LIVE_HZ)
    cells = fixed_reference.folded(words, band, LIVE_HZ // 1000, np.zeros(words.shape, bool))
    digests = [digest_of(*rows) for rows in zip(words, cells, strict=True)]
    return list(zip(words, fixed_reference.onsets(words, LIVE_HZ), digests, strict=True))


def digest_of(words, cells):
    """Of all that a detector's rings hold after each block."""
    cell = LIVE_HZ // 1000
    rings = (np.zeros(RING_CELLS * cell, "<i2"), np.zeros(N_CELLS, "<i4"))
    digest = hashlib.sha256()
    for first in range(0, len(words), BLOCK):
        at, whole = np.arange(first, first + BLOCK), np.arange(first, first + BLOCK, cell) // cell
        rings[0][at % len(rings[0])] = words[at] >> 16
        rings[1][whole % N_CELLS] = cells[whole]
        for ring in rings:
            digest.update(ring.tobytes())
    return digest.hexdigest()


def hear(kernel, words, rate_hz, plan):
    detector, at, found = Detector(rate_hz, kernel), 0, []
    for n, lost in plan:
        found += detector.skip(n) if lost else detector.feed(words[at : at + n])
        at += n
    digest = kernel.digest.hexdigest()
    return found + detector.flush(), digest


def made(rate_hz):
    """Two seconds of noise with two rounds 60 ms apart, a clipped one, a step, a loss and a stuck line; and a plan."""
    rng = np.random.default_rng(rate_hz)
    sound = rng.standard_normal(2 * rate_hz) * 1e-3
    for at_s, size in ((0.3, 0.1), (0.36, 0.05), (0.7, 3.0), (1.2, 0.3)):
        tail = np.arange(round(0.02 * rate_hz)) / rate_hz
        at = round(at_s * rate_hz)
        sound[at : at + len(tail)] += size * rng.standard_normal(len(tail)) * np.exp(-tail / 0.004)
    sound[round(0.95 * rate_hz) :] += 0.2
    words = fixed_reference.words_of(sound)
    words[round(1.6 * rate_hz) : round(1.7 * rate_hz)] = -1
    edges = [0, *(round(at_s * rate_hz) for at_s in (0.011, 0.4, 1.3011, 1.3044)), 2 * rate_hz]
    plan = [(end - start, start == edges[3]) for start, end in pairwise(edges)]
    lost = np.zeros(len(words), bool)
    lost[edges[3] : edges[4]] = True
    return words, plan, fixed_reference.onsets(words[None], rate_hz, lost[None])[0]


def test_live_fire_has_onsets_to_compare(live):
    assert sum(len(onsets) for _, onsets, _ in live) > 40


@pytest.mark.parametrize("architecture", BOARDS)
def test_a_boards_machine_code_hears_what_the_reference_hears_in_60_s_of_live_fire(core, architecture, live):
    for words, expected, expected_digest in live:
        plan = unix_port.blocks(len(words), BLOCK)
        found, digest = hear(CompiledKernel(core(architecture)), array("i", words.tobytes()), LIVE_HZ, plan)

        assert found == expected
        assert digest == expected_digest


def test_micropython_hears_what_the_reference_hears_in_60_s_of_live_fire(micropython, tmp_path, live):
    for words, expected, expected_digest in live:
        plan = unix_port.blocks(len(words), BLOCK)
        found, digest = unix_port.onsets(micropython, tmp_path, array("i", words.tobytes()), LIVE_HZ, plan)

        assert found == expected
        assert digest == expected_digest


@pytest.mark.parametrize("rate_hz", MADE_HZ)
def test_losses_steps_and_clipping_sound_the_same_at_every_rate(micropython, tmp_path, core, rate_hz):
    words, plan, expected = made(rate_hz)
    sound = array("i", words.tobytes())

    assert [onset.clipped for onset in expected] == [False, False, True, False]
    assert unix_port.onsets(micropython, tmp_path, sound, rate_hz, plan)[0] == expected
    for architecture in BOARDS:
        assert hear(CompiledKernel(core(architecture)), sound, rate_hz, plan)[0] == expected


def test_the_onsets_do_not_depend_on_how_the_stream_is_cut(micropython, tmp_path):
    words = made(8_000)[0][:8_000]
    expected = fixed_reference.onsets(words[None], 8_000)[0]

    for block in (7, 500, 8_000):
        plan = unix_port.blocks(len(words), block)
        assert unix_port.onsets(micropython, tmp_path, array("i", words.tobytes()), 8_000, plan)[0] == expected
