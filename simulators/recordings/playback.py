"""A recording through the very code that runs in the street: each track through the detector, what the tracks (or
others' nodes) report through the association. Sound or pulses in, decisions out; no clock, nothing kept.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.hearing.detect import Detector
from dsp.hearing.onset import Onset
from dsp.hearing.patient import Patient
from firmware import wire
from firmware.linux.voices import judge
from gateway.incident import Arrival, Clip, Round
from simulators.recordings.batch import Batch, Decision, happened_us, in_time
from simulators.recordings.progress import watching
from simulators.recordings.recording import BLOCK_SAMPLES, Recording, Track

AUDIO, PULSES = ORIGINS = ("audio", "pulses")


@dataclass(frozen=True, slots=True)
class Playback:
    """What came of a recording. arrivals : in order of time. decisions : in order of firing; what could not be placed,
    of its first arrival. n_let_go : arrivals that the association had no room for.

    An arrival's place in `arrivals` is the index that `soundpost replay` gives it.
    """

    recording: Recording
    arrivals: tuple[Arrival, ...]
    decisions: tuple[Decision, ...]
    n_let_go: int = 0

    @property
    def rounds(self) -> list[Round]:
        """The decisions that have a place."""
        return [decision for decision in self.decisions if isinstance(decision, Round)]


def play(recording: Recording, origin: str = AUDIO, show: bool = False) -> Playback:
    """Place the rounds of a recording, from its sound or from the pulses that came with it (origin: one of ORIGINS).

    From sound every track is a pole that listens, whether it heard anything or not; from pulses only those that
    reported are known. show : a bar of how much has been heard, on a terminal. Raises ValueError naming the source that
    holds no such thing, ValueError or OSError naming a sound file that cannot be read.
    """
    if not (recording.tracks if origin == AUDIO else recording.pulses):
        other = PULSES if origin == AUDIO else AUDIO
        raise ValueError(f"{recording.source}: holds no {origin}; try --from {other}")
    arrivals = in_order(_heard(recording, show) if origin == AUDIO else recording.pulses)
    known = recording.tracks if origin == AUDIO else reversed(arrivals)  # who wanders is where it said it was first
    batch = Batch(recording.air, {each.node: each.xyz_m for each in known})
    decisions = sorted(batch.decide(sorted(arrivals, key=batch.key)), key=happened_us)
    return Playback(recording, arrivals, tuple(decisions), batch.n_let_go)


def _heard(recording: Recording, show: bool) -> Iterator[Arrival]:
    """What all tracks report, one after the other."""
    tracks = recording.tracks
    n_blocks = sum(math.ceil(track.n_samples / BLOCK_SAMPLES) for track in tracks) if show else 0
    with watching(n_blocks, "listening") as seen:
        for track in tracks:
            yield from listen(track, map(seen, track.blocks()))


def in_order(arrivals: Iterable[Arrival]) -> tuple[Arrival, ...]:
    """Arrivals by time; where two came at once the rest of what they say decides, so that no order given matters."""
    return tuple(sorted(arrivals, key=in_time))


def listen(track: Track, blocks: Iterable[NDArray[np.float32]] | None = None) -> Iterator[Arrival]:
    """What a node on this track would report. blocks : the track's, where somebody watches them go by. Raises as
    `Track.read` does."""
    patient = Patient(Detector(track.rate_hz, full_scale_db=track.full_scale_db, judge=judge()))
    for block in blocks or track.blocks():
        yield from (_arrival(track, onset) for onset in patient.feed(block))
    yield from (_arrival(track, onset) for onset in patient.flush())


def _arrival(track: Track, onset: Onset) -> Arrival:
    return Arrival(
        node=track.node,
        xyz_m=track.xyz_m,
        t_us=track.start_us + round(onset.sample / track.rate_hz * 1e6),
        sigma_us=max(1, round(math.hypot(onset.sigma_us, track.sigma_us))),
        snr_db=onset.snr_db,
        level_db=onset.level_db,
        p_gunshot=onset.p_gunshot,
        sound=onset.kind,
        clip=Clip(onset.pcm(track.rate_hz, wire.CLIP_LEAD_US), track.rate_hz, wire.CLIP_LEAD_US),
    )
