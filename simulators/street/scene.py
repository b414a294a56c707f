"""A scenario made to sound: what each pole's microphone records, and the truth that goes with it."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from dsp.blast import CALIBRES, pressure_pa
from simulators.recordings.recording import Recording, Track, Truth
from simulators.street.scenario import PoleEntry, Scenario
from simulators.street.sound import CLUTTER, Blast, Emission, Surroundings, convert, hear, noise


def record(scenario: Scenario, source: str, seed: int | None = None) -> Recording:
    """The scenario rendered, one track a pole, samples in memory. seed : instead of the scenario's own.

    The same seed gives the same samples; each pole throws its own dice.
    """
    root = np.random.SeedSequence(scenario.seed if seed is None else seed)
    sources, *poles = (np.random.default_rng(child) for child in root.spawn(1 + len(scenario.poles)))
    heard = emissions(scenario, sources)
    return Recording(
        source=source,
        tracks=tuple(_track(scenario, pole, heard, rng) for pole, rng in zip(scenario.poles, poles, strict=True)),
        air=scenario.air.air(),
        truths=truths(scenario),
        site=scenario.site.site(),
    )


def emissions(scenario: Scenario, rng: Generator) -> list[Emission]:
    """Everything that makes a sound, shots first."""
    sounds = []
    for shot in scenario.shots:
        muzzle = CALIBRES[shot.calibre]
        blast = Blast(float(pressure_pa(muzzle.level_db)), muzzle.positive_s)
        sounds += [Emission(shot.xyz_m, t_s, blast) for t_s in shot.times_s]
    for clutter in scenario.clutter:
        voice = CLUTTER[clutter.kind](rng, scenario.rate_hz, clutter.level_db)
        sounds.append(Emission(clutter.xyz_m, clutter.t_s, voice))
    return sounds


def truths(scenario: Scenario) -> tuple[Truth, ...]:
    """What was fired: one truth a shot entry, with the times of its rounds."""
    return tuple(
        Truth(shot.xyz_m, shot.rounds, tuple(scenario.start_utc + round(t_s * 1e6) for t_s in shot.times_s))
        for shot in scenario.shots
    )


def _track(scenario: Scenario, pole: PoleEntry, heard: list[Emission], rng: Generator) -> Track:
    return Track(
        node=pole.node,
        xyz_m=pole.xyz_m,
        start_us=scenario.start_utc + pole.clock_error_us,
        rate_hz=scenario.rate_hz,
        sigma_us=scenario.clock_sigma_us,
        full_scale_db=scenario.microphone.full_scale_db,
        samples=_samples(scenario, pole, heard, rng),
    )


def _samples(scenario: Scenario, pole: PoleEntry, heard: list[Emission], rng: Generator) -> NDArray[np.float32]:
    surroundings = Surroundings(
        scenario.air.air(), tuple(entry.wall() for entry in scenario.walls), scenario.echo_order
    )
    microphone = scenario.microphone.microphone()
    n_samples = round(scenario.duration_s * scenario.rate_hz)
    sound_pa = hear(pole.xyz_m, heard, surroundings, n_samples, scenario.rate_hz)
    return convert(sound_pa + noise(rng, n_samples, scenario.rate_hz, microphone), microphone)
