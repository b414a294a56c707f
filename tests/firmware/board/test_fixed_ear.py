"""The integer detector as a node's ear, under the real MicroPython: what it says is its reference's, in wire units."""

import ast

import numpy as np
import pytest

from dsp.fixed.gunshot import LIKELY, permille
from dsp.hearing import fixed_reference
from firmware import wire
from firmware.node import Heard
from simulators.emulators import unix_port

RATE_HZ = 16_000
FULL_SCALE_CDB = 12_000  # an INMP441's overload point, 120 dB SPL (notes/micropython.md 7.4)
LISTEN = """
import sys
from array import array
from firmware.board.fixed_ear import FixedEar
path, full_scale_cdb, lost = sys.argv[1], eval(sys.argv[2]), int(sys.argv[3])
ear = FixedEar(16_000, full_scale_cdb)
print(ear.noise_cdb)
heard = ear.skip(lost)
with open(path, "rb") as sound:
    while True:
        block = array("i", sound.read(4 * 320))
        if not block:
            break
        heard.extend(ear.feed(block))
print((ear.level_unit, ear.noise_cdb))
for each in heard + ear.flush():
    print(tuple(each))
"""


def words(size=1.0):
    """2 s of hiss with a burst at 1 s."""
    rng = np.random.default_rng(5)
    sound, tail = rng.standard_normal(2 * RATE_HZ) * 1e-3, np.arange(320)
    sound[RATE_HZ : RATE_HZ + 320] += size * 0.1 * rng.standard_normal(320) * np.exp(-tail / 48)
    return fixed_reference.words_of(sound)


def listen(micropython, folder, sound, full_scale_cdb=None, lost=0):
    """What an ear said: noise before, (unit, noise) after, and what it heard."""
    (folder / "words.bin").write_bytes(sound.tobytes())
    told = unix_port.run(micropython, LISTEN, (folder / "words.bin", full_scale_cdb, lost), heap="192k")
    first, state, *heard = [ast.literal_eval(line) for line in told.splitlines()]
    return first, state, [Heard(*each) for each in heard]


def test_it_says_what_the_reference_hears(micropython, tmp_path):
    before, (unit, noise_cdb), (heard,) = listen(micropython, tmp_path, words())
    (onset,) = fixed_reference.onsets(words()[None], RATE_HZ)[0]
    p = permille(onset.shape)

    assert before is None
    assert unit == wire.DBFS
    assert noise_cdb == pytest.approx(-6_400, abs=400)  # -60 dB FS of hiss, less what its band leaves out
    assert (heard.tick_q8, heard.sigma_us) == (onset.sample << 8, onset.sigma_us)
    assert (heard.level_cdb, heard.snr_cdb) == (onset.level_cdb, onset.snr_cdb)
    assert (heard.shape, heard.clip, heard.clip_hz) == (onset.shape[:9], onset.clip, RATE_HZ)
    assert (heard.p_gunshot_permille, heard.channel) == (p, 0)
    assert heard.sound == (wire.BLAST if p >= LIKELY else wire.OTHER)


def test_a_known_microphone_makes_its_levels_pressure(micropython, tmp_path):
    _, (_, plain_cdb), (plain,) = listen(micropython, tmp_path, words())
    _, (unit, noise_cdb), (heard,) = listen(micropython, tmp_path, words(), FULL_SCALE_CDB)

    assert unit == wire.DBSPL
    assert (heard.level_cdb - plain.level_cdb, noise_cdb - plain_cdb) == (FULL_SCALE_CDB, FULL_SCALE_CDB)


def test_lost_samples_are_counted(micropython, tmp_path):
    _, _, (plain,) = listen(micropython, tmp_path, words())
    _, _, (late,) = listen(micropython, tmp_path, words(), lost=100_000)

    assert late.tick_q8 - plain.tick_q8 == 100_000 << 8


def test_an_open_onset_comes_at_the_end(micropython, tmp_path):
    _, _, (heard,) = listen(micropython, tmp_path, words()[: RATE_HZ + 800])

    assert heard.tick_q8 / 256 == pytest.approx(RATE_HZ, abs=2)


def test_silence_is_no_noise(micropython, tmp_path):
    assert listen(micropython, tmp_path, np.zeros(RATE_HZ, np.int32)) == (None, (wire.DBFS, None), [])


def test_a_rate_that_it_cannot_hear_at_is_named(micropython):
    with pytest.raises(RuntimeError, match="sample rate 9600 Hz is none of 8000, "):
        unix_port.run(micropython, "from firmware.board.fixed_ear import FixedEar\nFixedEar(9600)")
