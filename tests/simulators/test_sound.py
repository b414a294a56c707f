import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.air import Air, absorption_db_per_m, travel_s
from dsp.blast import level_db, pressure_pa
from simulators.street.echoes import Wall
from simulators.street.sound import (
    CLUTTER,
    Blast,
    Emission,
    Microphone,
    Sampled,
    Surroundings,
    convert,
    hear,
    noise,
)

RATE_HZ = 48_000
STILL = Air(10.0, 60.0)
BLAST = Blast(float(pressure_pa(151.0)), 0.5e-3)
LONG_WAVE = Blast(float(pressure_pa(151.0)), 0.1)  # so slow that the air swallows next to nothing of it


def blast_from(xyz_m, air=STILL, voice=BLAST, walls=(), n_samples=RATE_HZ // 2):
    return hear((0.0, 0.0, 6.0), [Emission(xyz_m, 0.01, voice)], Surroundings(air, walls), n_samples, RATE_HZ)


def delay_s(later, earlier):
    """How much later one sound is than the other, to a fraction of a sample: the slope of the phase between them."""
    n = 2 * len(later)
    frequency_hz = np.fft.rfftfreq(n, 1 / RATE_HZ)
    cross = np.fft.rfft(later, n) * np.conj(np.fft.rfft(earlier, n))
    coarse = np.argmax(np.fft.irfft(cross, n))
    coarse_s = (coarse if coarse < n // 2 else coarse - n) / RATE_HZ
    band = (frequency_hz > 200) & (frequency_hz < 8000)
    phase = np.angle(cross[band] * np.exp(2j * np.pi * frequency_hz[band] * coarse_s))
    weight = np.abs(cross[band])
    fine = np.sum(weight * phase * frequency_hz[band]) / np.sum(weight * frequency_hz[band] ** 2)
    return coarse_s - fine / (2 * np.pi)


@settings(max_examples=25, deadline=None)
@given(st.floats(5, 60), st.floats(0.001, 40), st.floats(-10, 10))
def test_moving_the_source_away_delays_the_sound_by_the_way_over_the_speed(near_m, further_m, wind_mps):
    air = Air(10.0, 60.0, (wind_mps, 2.0))
    near, far = (near_m, 0.0, 6.0), (near_m + further_m, 0.0, 6.0)
    expected_s = travel_s(air, [-far[0], 0, 0]) - travel_s(air, [-near[0], 0, 0])

    assert delay_s(blast_from(far, air), blast_from(near, air)) == pytest.approx(float(expected_s), abs=1e-6)


def test_doubling_the_distance_takes_six_decibels_and_what_the_air_swallows():
    near, far = (np.abs(np.fft.rfft(blast_from((d, 0.0, 6.0)))) for d in (20.0, 40.0))
    frequency_hz = np.fft.rfftfreq(RATE_HZ // 2, 1 / RATE_HZ)
    band = (frequency_hz > 100) & (frequency_hz < 10_000)
    lost_db = 20 * np.log10(near[band] / far[band])

    assert lost_db == pytest.approx(6.0206 + 20 * absorption_db_per_m(STILL, frequency_hz[band]), abs=0.05)


def test_a_slow_blast_keeps_its_level_over_the_distance():
    assert level_db(blast_from((50.0, 0.0, 6.0), voice=LONG_WAVE).max()) == pytest.approx(
        151.0 - 20 * np.log10(50.0), abs=0.7
    )


def test_nothing_is_heard_before_the_sound_can_be_there():
    sound = blast_from((100.0, 0.0, 6.0))
    onset = round((0.01 + float(travel_s(STILL, [100, 0, 0]))) * RATE_HZ)

    assert np.abs(sound[: onset - 24]).max() < 0.003 * np.abs(sound).max()
    assert np.argmax(np.abs(sound)) - onset <= 5


def test_a_wall_sounds_like_a_second_weaker_shot_from_behind_it():
    wall = Wall((-200.0, -20.0), (200.0, -20.0), 30.0, 0.5)
    source, image = (80.0, 0.0, 6.0), (80.0, -40.0, 6.0)

    assert blast_from(source, walls=(wall,)) == pytest.approx(blast_from(source) + 0.5 * blast_from(image), abs=1e-6)


def test_behind_a_screen_the_sound_is_late_and_dull():
    screen = Wall((40.0, -100.0), (40.0, 100.0), 16.0, 0.0)
    free, screened = blast_from((80.0, 0.0, 6.0)), blast_from((80.0, 0.0, 6.0), walls=(screen,))
    detour_s = (2 * np.hypot(40, 10) - 80) / STILL.speed_mps

    assert delay_s(screened, free) == pytest.approx(detour_s, abs=2e-6)
    assert level_db(np.abs(screened).max()) < level_db(np.abs(free).max()) - 10


def test_silence_leaves_the_noise_floor_exactly():
    microphone = Microphone(noise_db=50.0)
    floor_pa = noise(np.random.default_rng(3), RATE_HZ, RATE_HZ, microphone)

    assert level_db(np.sqrt(np.mean(floor_pa**2))) == pytest.approx(50.0, abs=1e-9)


def test_pink_noise_falls_three_decibels_an_octave():
    floor_pa = noise(np.random.default_rng(3), 8 * RATE_HZ, RATE_HZ, Microphone(noise_slope_db=3.0))
    power = np.abs(np.fft.rfft(floor_pa)) ** 2
    octaves = [10 * np.log10(np.mean(power[8 * low : 16 * low])) for low in (100, 200, 400, 800, 1600, 3200)]

    assert np.diff(octaves) == pytest.approx([-3.0] * 5, abs=0.4)


def test_a_pascal_at_94_decibels_full_scale_is_full_scale_and_more_is_clipped():
    out = convert(np.array([0.0, 0.5, -0.5, 3.0, -3.0]), Microphone(full_scale_db=93.9794))

    assert out == pytest.approx([0, 0.5, -0.5, 32767 / 32768, -1], abs=1e-4)
    assert out.dtype == np.float32


def test_what_is_converted_is_on_a_step_of_sixteen_bits():
    out = convert(np.random.default_rng(0).normal(0, 0.2, 1000), Microphone())

    assert np.array_equal(out * 32768, np.rint(out * 32768))


@pytest.mark.parametrize("kind", CLUTTER)
def test_clutter_peaks_at_its_level_and_comes_again_with_its_seed(kind):
    once, again = (CLUTTER[kind](np.random.default_rng(5), RATE_HZ, 104.0) for _ in range(2))

    assert level_db(np.abs(once.samples_pa).max()) == pytest.approx(104.0)
    assert np.array_equal(once.samples_pa, again.samples_pa)


def test_a_sampled_sound_at_another_rate_is_refused():
    with pytest.raises(ValueError, match="48000 Hz cannot be rendered at 16000 Hz"):
        Sampled(np.ones(10), 48_000).spectrum(1024, 16_000)


def test_a_burst_is_the_same_blast_again_and_again():
    burst = [Emission((10.0, 0.0, 6.0), t_s, BLAST) for t_s in (0.01, 0.11, 0.21)]
    sound = hear((0.0, 0.0, 6.0), burst, Surroundings(STILL), RATE_HZ // 2, RATE_HZ)

    assert sound[9600:14400] == pytest.approx(sound[4800:9600], abs=1e-9)


def test_a_sound_that_runs_past_the_end_is_cut_there():
    assert len(blast_from((100.0, 0.0, 6.0), n_samples=14_500)) == 14_500
