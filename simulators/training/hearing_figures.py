"""What the detector hears, how exactly and how fast: figures that nothing was trained for.

The bound for the onset: of a known sound s(t) in white noise no unbiased estimate of its delay has a variance under
sigma^2 / sum (ds/dt)^2, the sum over samples, sigma of one sample (Cramer-Rao; Kay 1993, from general knowledge). Here
s is the blast within the detector's band, of which nothing else is used.
"""

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from dsp.blast import friedlander_spectrum
from dsp.hearing.detect import Detector
from dsp.hearing.stream import BAND_HZ
from simulators.training.clips import Clip
from simulators.training.examples import SEED, Example
from simulators.training.scoreboard import Figure

Floats = NDArray[np.float64]

STRONG_DB, WEAK_DB = 12.0, 6.0
BEHIND_GAP_S, SILENT_S = 0.040, 0.005
RATE_HZ, TRIALS, SNR_DB, AFTER_S = 48_000, 300, 20.0, 0.012
POSITIVE_S = 0.5e-3
SPEED_S = 60.0


def hearing_figures(clips: Sequence[Clip], examples: Sequence[Example]) -> list[Figure]:
    """The lines of the table that are about onsets. examples : of the clips as they are."""
    return [*_pulses(clips, examples), _bound(), *_speeds()]


def _pulses(clips: Sequence[Clip], examples: Sequence[Example]) -> Iterator[Figure]:
    onsets = defaultdict(list)
    for example in examples:
        onsets[example.group, example.name].append(example.onset_s)
    strong: list[float] = []
    weak: list[float] = []
    for clip in clips:
        heard = np.array(onsets[clip.group, clip.name] or [np.inf])
        for shot_s, snr_db in _with_audio(clip):
            late = heard - shot_s
            nearest = float(late[np.argmin(np.abs(late))])
            if snr_db > STRONG_DB:
                strong.append(nearest)
            elif snr_db >= WEAK_DB:
                weak.append(nearest)
    for of, words, bar in ((strong, "over 12 dB", 0.995), (weak, "6 to 12 dB", 0.95)):
        n_heard = int(np.sum(np.abs(of) <= 0.030)) if of else 0
        share = n_heard / len(of) if of else 0.0
        told = f"{share:.2%} ({n_heard} of {len(of)})"
        yield Figure(f"live-fire pulses {words} heard", told, f">= {bar:.1%}", share >= bar)
    late_ms = np.array([late * 1000 for late in strong if abs(late) <= 0.030])
    low, middle, high = map(float, np.percentile(late_ms, [25, 50, 75]) if len(late_ms) else (np.inf,) * 3)
    yield Figure("onset less pulse time over 12 dB, median", f"{middle:+.2f} ms", "within 1 ms", abs(middle) <= 1)
    yield Figure("the same, interquartile range", f"{high - low:.2f} ms", "<= 1 ms", high - low <= 1)


def _with_audio(clip: Clip) -> Iterator[tuple[float, float]]:
    """(time, SNR) of each pulse that our sound holds: not in digital silence, nor just behind it."""
    if not clip.shots_s:
        return
    samples, rate_hz = clip.read()
    for shot_s, snr_db in zip(clip.shots_s, clip.shots_snr_db, strict=True):
        first, last = round((shot_s - BEHIND_GAP_S) * rate_hz), round((shot_s + 0.014) * rate_hz)
        if first < 0 or last > len(samples):
            continue
        silent = signal.fftconvolve(samples[first:last] == 0, np.ones(round(SILENT_S * rate_hz)), "valid")
        if silent.max() < round(SILENT_S * rate_hz) - 0.5:
            yield shot_s, snr_db


def _bound() -> Figure:
    """Root mean square error of the onset of a blast at SNR_DB, over the bound's square root."""
    rng = np.random.default_rng(SEED)
    n = round(1.5 * RATE_HZ)
    hz = np.fft.rfftfreq(n, 1 / RATE_HZ)
    sos = signal.butter(2, BAND_HZ, "bandpass", fs=RATE_HZ, output="sos")
    errors_s, bound_s = [], 0.0
    for _ in range(TRIALS):
        at_s = 1.0 + rng.uniform(0, 1e-3)
        spectrum = friedlander_spectrum(hz, 1.0, POSITIVE_S) * np.exp(-2j * np.pi * hz * at_s) * (hz < 0.45 * RATE_HZ)
        blast = np.fft.irfft(spectrum, n) * RATE_HZ
        within = signal.sosfilt(sos, blast)
        hiss = rng.standard_normal(n)
        first = round(at_s * RATE_HZ)
        energy = float(np.square(within[first : first + round(AFTER_S * RATE_HZ)]).mean())
        noise = float(np.square(signal.sosfilt(sos, hiss)).mean())
        scale = float(np.sqrt(energy / noise / 10 ** (SNR_DB / 10)))
        bound_s = scale / float(np.sqrt(np.square(np.gradient(within) * RATE_HZ).sum()))
        detector = Detector(RATE_HZ)
        onsets = detector.feed(0.1 * (blast + scale * hiss)) + detector.flush()
        errors_s += [onset.sample / RATE_HZ - at_s for onset in onsets if abs(onset.sample / RATE_HZ - at_s) < 0.01][:1]
    rmse_s = float(np.sqrt(np.mean(np.square(errors_s))))
    told = (
        f"{rmse_s / bound_s:.2f} ({rmse_s * 1e6:.1f} us over {bound_s * 1e6:.1f} us, {len(errors_s)} of {TRIALS} heard)"
    )
    return Figure("simulated blast at 20 dB, onset RMSE over its bound", told, "<= 1.5", rmse_s <= 1.5 * bound_s)


def _speeds() -> Iterator[Figure]:
    """Times real time of one core; the floor is scipy's sosfilt with two sections over the same blocks."""
    sound = (np.random.default_rng(SEED).standard_normal(round(SPEED_S * RATE_HZ)) * 1e-2).astype(np.float32)
    for block_s, bar in ((0.02, 300), (1.0, 1500)):
        blocks = np.split(sound, range(round(block_s * RATE_HZ), len(sound), round(block_s * RATE_HZ)))
        took_s = min(_detect_s(blocks) for _ in range(3))
        speed = SPEED_S / took_s
        told = f"{speed:.0f} x"
        yield Figure(f"48 kHz mono, blocks of {block_s * 1000:.0f} ms", told, f">= {bar} x", speed >= bar)
    ratio = took_s / min(_floor_s(blocks) for _ in range(3))
    yield Figure("time over sosfilt's at 1 s", f"{ratio:.2f}", "<= 2.5", ratio <= 2.5)


def _detect_s(blocks: Sequence[NDArray[np.float32]]) -> float:
    detector, start = Detector(RATE_HZ), time.process_time()
    for block in blocks:
        detector.feed(block)
    return time.process_time() - start


def _floor_s(blocks: Sequence[NDArray[np.float32]]) -> float:
    sos = signal.butter(2, BAND_HZ, "bandpass", fs=RATE_HZ, output="sos")
    state, start = np.zeros((len(sos), 2)), time.process_time()
    for block in blocks:
        _, state = signal.sosfilt(sos, block, zi=state)
    return time.process_time() - start
