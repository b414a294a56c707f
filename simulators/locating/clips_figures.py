"""Whether onset clips tell the time between two poles better than picks do: on simulated shots, and on the live fire.

Simulated: a .38 fired at 1.5 m, two poles of 5 m height at 40 to 350 m, air that absorbs, a ground that reflects,
reverberation, each pole's own noise. Both ways start from the real detector's onsets.

Live fire: onsets that lie by a pulse of the incumbent's groups. Nobody knows to a millisecond when a shot should have
come; but the rounds of one test were fired by one hand within minutes, so the time between two poles should be the same
for all of them. How far it lies from its mean over the test is what is told of picks and of clips. How alike clips must
be is chosen for each firing position on the other ones: the least of CHOICES that makes at most HARMED of the
differences worse by HARM_S. The places of the rounds are compared with their median at each position.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import signal

from dsp import cross_correlation as correlate
from dsp.air import Air, travel_s
from dsp.blast import CALIBRES, pressure_pa
from dsp.cross_correlation import ALIKE, Clip, Delay
from dsp.hearing.detect import Detector
from dsp.hearing.onset import Onset
from dsp.hearing.stream import BAND_HZ
from dsp.placing.fix import Fix
from dsp.placing.multilaterate import LEAST_NODES, multilaterate
from gateway.incident import Arrival
from gateway.placing.clip_delays import clip_of, sharpened
from simulators.recordings.playback import AUDIO, listen
from simulators.recordings.recording import Recording
from simulators.recordings.score import read_tests
from simulators.street.sound import Blast, Emission, Surroundings, hear
from simulators.training.effects import reverberate
from simulators.training.scoreboard import Figure

Floats = NDArray[np.float64]

SEED, DRAWS = 20261124, 40
RATES_HZ, SNRS_DB = (12_000, 48_000), (10.0, 20.0, 30.0)
DISTANCE_M, EAR_M, MUZZLE_M = (40.0, 350.0), 5.0, 1.5
GROUND = (0.5, 0.95)  # of the pressure that it gives back
WITHIN = 0.68
NEAR_US = 30_000
CHOICES, HARMED, HARM_S = (0.4, 0.5, 0.6, 0.7, 0.8), 0.01, 0.25e-3
PATH_SIGMA_US = 5_000.0  # of arrivals about straight lines in a street, as far as clips are concerned: much


@dataclass(frozen=True, slots=True)
class Told:
    """A time between two poles as told by picks and by clips (None where no peak is clear). where : what it should be
    the same in."""

    position: str
    where: tuple[str, ...]
    picked_s: float
    clips: Delay | None


@dataclass(frozen=True, slots=True)
class Grouped:
    """What our detector made of one round that the incumbent grouped."""

    position: str
    test: str
    air: Air
    arrivals: tuple[Arrival, ...]


def clip_figures(livefire: Path | None = None, draws: int = DRAWS) -> list[Figure]:
    """The lines of the table about onset clips; those of the live fire too where its folder is given."""
    figures = [_simulated(rate_hz, snr_db, draws) for rate_hz in RATES_HZ for snr_db in SNRS_DB]
    if livefire is None:
        return figures
    rounds = [each for test in read_tests(livefire, AUDIO) for each in grouped(test.position, test.recording)]
    plain, phases = told(rounds), told(rounds, whitening=1.0)
    return [*figures, *_live_times(plain), _live_phase_transform(phases), *_live_places(rounds)]


def grouped(position: str, recording: Recording) -> list[Grouped]:
    """The rounds of a test as our detector heard them, one arrival a pole."""
    heard = {track.node: list(listen(track)) for track in recording.tracks}
    rounds = []
    for group in recording.groups:
        pulses = [recording.pulses[index] for index in group]
        near = (min(heard.get(pulse.node, ()), key=_away(pulse.t_us), default=None) for pulse in pulses)
        pairs = zip(pulses, near, strict=True)
        found = {one.node: one for pulse, one in pairs if one is not None and _away(pulse.t_us)(one) <= NEAR_US}
        rounds.append(Grouped(position, recording.source, recording.air, tuple(found[node] for node in sorted(found))))
    return rounds


def told(rounds: Iterable[Grouped], whitening: float = 0.0) -> list[Told]:
    """Every time between two poles of every round, by picks and by clips, however alike these are."""
    found = []
    for each in rounds:
        for index, one in enumerate(each.arrivals):
            for other in each.arrivals[:index]:
                picked_s = (one.t_us - other.t_us) / 1e6
                clips = clip_of(one, other.t_us), clip_of(other, other.t_us)
                by_clips = correlate.delay(*clips, picked_s, whitening, least=0.0)
                found.append(Told(each.position, (each.position, each.test, one.node, other.node), picked_s, by_clips))
    return found


def spreads_s(all_told: Iterable[Told], alike: float) -> tuple[Floats, Floats]:
    """How far times lie from their mean over a test, (n,) s by picks and by clips; of those that are alike enough, and
    that two rounds or more of a test tell. Made larger by sqrt(k / (k - 1)) for the mean being their own."""
    by_where = defaultdict(list)
    for each in all_told:
        if each.clips is not None and each.clips.alike >= alike:
            by_where[each.where].append((each.picked_s, each.clips.delay_s))
    parts = [
        (np.array(times) - np.mean(times, axis=0)) * np.sqrt(len(times) / (len(times) - 1))
        for times in by_where.values()
        if len(times) > 1
    ]
    both = np.concatenate([np.empty((0, 2)), *parts])
    return both[:, 0], both[:, 1]


def chosen(all_told: Sequence[Told]) -> float:
    """The least of CHOICES that harms few enough."""
    for alike in CHOICES:
        picked_s, clips_s = spreads_s(all_told, alike)
        if len(picked_s) and np.mean(np.abs(clips_s) > np.abs(picked_s) + HARM_S) <= HARMED:
            return alike
    return 1.0


def _live_times(all_told: Sequence[Told]) -> list[Figure]:
    """Each position with what was chosen on the others."""
    figures, together = [], []
    for position in sorted({each.position for each in all_told}):
        alike = chosen([each for each in all_told if each.position != position])
        spreads = spreads_s([each for each in all_told if each.position == position], alike)
        together.append(spreads)
        words = f"{_spread_words(*spreads)}; alike >= {alike:g}, chosen on the others"
        figures.append(Figure(f"live fire {position}, time between two poles within a test", words))
    picked_s, clips_s = (np.concatenate(parts) for parts in zip(*together, strict=True))
    used = f"{len(picked_s)} of {len(all_told)}"
    better = _within(clips_s) < _within(picked_s)
    what = "live fire, time between two poles within a test"
    figures.append(Figure(what, f"{_spread_words(picked_s, clips_s)}; {used}", "clips below picks", bool(better)))
    sigma_s = [e.clips.sigma_s for e in all_told if e.clips is not None and e.clips.alike >= ALIKE]
    middle_us = float(np.median(sigma_s)) * 1e6
    figures.append(Figure("the same, median sigma that clips state", f"{middle_us:.0f} us a pair"))
    return figures


def _live_phase_transform(all_told: Sequence[Told]) -> Figure:
    words = _spread_words(*spreads_s(all_told, ALIKE))
    return Figure("the same with the phase transform, as alike", words)


def _live_places(rounds: Sequence[Grouped]) -> list[Figure]:
    """How far rounds lie from the median of their position, all with four poles."""
    enough = [each for each in rounds if len(each.arrivals) >= LEAST_NODES]
    picked = {id(each): _place(each, np.array([a.t_us for a in each.arrivals])) for each in enough}
    sharper = {id(each): _place(each, sharpened(each.arrivals)[0]) for each in enough}
    figures = []
    for position in sorted({each.position for each in enough}):
        own = [id(each) for each in enough if each.position == position]
        both = [key for key in own if picked[key] is not None and sharper[key] is not None]
        repeat_m = [_repeat_m(np.array([places[key] for key in both])) for places in (picked, sharper)]
        words = f"{repeat_m[0]:.2f} m by picks, {repeat_m[1]:.2f} m with clips ({len(both)} rounds)"
        figures.append(Figure(f"live fire {position}, groups given: median distance to the median", words))
    return figures


def _place(each: Grouped, times_us: NDArray[np.int64]) -> tuple[float, float] | None:
    fix = multilaterate([arrival.xyz_m for arrival in each.arrivals], times_us, PATH_SIGMA_US, each.air)
    return fix.xyz_m[:2] if isinstance(fix, Fix) else None


def _repeat_m(places_m: Floats) -> float:
    return float(np.median(np.linalg.norm(places_m - np.median(places_m, axis=0), axis=1))) if len(places_m) else np.nan


def _simulated(rate_hz: int, snr_db: float, draws: int) -> Figure:
    """Errors of the time between two poles, by picks and by clips, of the pairs whose clips are alike enough."""
    rng = np.random.default_rng([SEED, rate_hz, round(snr_db)])
    picked_s, clips_s, held, n_heard = [], [], [], 0
    for _ in range(draws):
        ears = [heard_by_one(rng, rate_hz, snr_db) for _ in range(2)]
        if ears[0] is None or ears[1] is None:
            continue
        n_heard += 1
        (one, due_s), (other, other_due_s) = ears[0], ears[1]
        lag_s = (one.sample - other.sample) / rate_hz
        by_clips = correlate.delay(_clip(one, rate_hz), _clip(other, rate_hz), lag_s)
        if by_clips is not None:
            picked_s.append(lag_s - (due_s - other_due_s))
            clips_s.append(by_clips.delay_s - (due_s - other_due_s))
            held.append(abs(clips_s[-1]) <= by_clips.sigma_s)
    words = f"{_spread_words(np.array(picked_s), np.array(clips_s))}; {len(clips_s)} of {n_heard} pairs"
    inside = f"; stated sigma holds {np.mean(held):.0%}" if held else ""
    return Figure(f"simulated shots, {rate_hz / 1000:g} kHz, {snr_db:g} dB, time between two poles", words + inside)


def heard_by_one(rng: Generator, rate_hz: int, snr_db: float) -> tuple[Onset, float] | None:
    """What the detector makes of a shot at one pole, and when its sound came; None where it hears nothing there."""
    muzzle, air = CALIBRES[".38"], Air()
    fired_s, distance_m = 1.0 + rng.uniform(0, 1e-3), rng.uniform(*DISTANCE_M)
    ear_m = (distance_m, 0.0, EAR_M)
    due_s = fired_s + float(travel_s(air, (distance_m, 0.0, EAR_M - MUZZLE_M)))
    n_samples = round((due_s + 0.4) * rate_hz)
    voice = Blast(float(pressure_pa(muzzle.level_db)), muzzle.positive_s)
    heights = (
        (MUZZLE_M, 1.0),
        (-MUZZLE_M, rng.uniform(*GROUND)),
    )  # the ground's reflection comes from the mirror image
    ways = [
        share * hear(ear_m, [Emission((0.0, 0.0, up_m), fired_s, voice)], Surroundings(air), n_samples, rate_hz)
        for up_m, share in heights
    ]
    clean = reverberate(rng, ways[0] + ways[1], rate_hz)
    sound = clean + rng.standard_normal(n_samples) * _noise(clean, due_s, rate_hz, snr_db)
    detector = Detector(rate_hz)
    onsets = detector.feed(0.5 * sound / np.abs(sound).max()) + detector.flush()
    near = (onset for onset in onsets if abs(onset.sample / rate_hz - due_s) < 0.008)
    first = next(near, None)
    return None if first is None else (first, due_s)


def _noise(clean: Floats, due_s: float, rate_hz: int, snr_db: float) -> float:
    """Strength of white noise over which the first 12 ms of a sound have this SNR in the detector's band."""
    sos = signal.butter(2, (BAND_HZ[0], min(BAND_HZ[1], 0.45 * rate_hz)), "bandpass", fs=rate_hz, output="sos")
    first = round(due_s * rate_hz)
    energy = float(np.square(signal.sosfilt(sos, clean)[first : first + round(0.012 * rate_hz)]).mean())
    share = (min(BAND_HZ[1], 0.45 * rate_hz) - BAND_HZ[0]) / (rate_hz / 2)
    return float(np.sqrt(energy / share / 10 ** (snr_db / 10)))


def _clip(onset: Onset, rate_hz: int) -> Clip:
    """The clip with the time of its first sample, as a gateway has it of a Linux node."""
    lead = round(rate_hz / 1000)
    pcm = np.frombuffer(onset.pcm(rate_hz, 1000), "<i2").astype(float)
    return Clip(pcm, rate_hz, (onset.sample - lead) / rate_hz)


def _away(t_us: int) -> Callable[[Arrival], int]:
    return lambda arrival: abs(arrival.t_us - t_us)


def _within(errors_s: Floats) -> float:
    return float(np.quantile(np.abs(errors_s), WITHIN)) if len(errors_s) else np.nan


def _spread_words(picked_s: Floats, clips_s: Floats) -> str:
    return f"{WITHIN:.0%} within {_within(picked_s) * 1e6:.0f} us by picks, {_within(clips_s) * 1e6:.0f} us by clips"
