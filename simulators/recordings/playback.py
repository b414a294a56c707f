"""A recording through the very code that runs in the street: each track through the detector, what the tracks (or
others' nodes) report through the association. Sound or pulses in, decisions out; no clock, nothing kept.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dsp.detect import Detector
from dsp.onset import Onset
from firmware import wire
from gateway.associate import Associator
from gateway.incident import Arrival, Clip, Round, Unplaced
from simulators.recordings.recording import Recording, Track

AUDIO, PULSES = ORIGINS = ("audio", "pulses")
BLOCK_SAMPLES = 1 << 15


@dataclass(frozen=True, slots=True)
class Playback:
    """What came of a recording. arrivals : in order of time. decisions : as they were taken, most in order of firing.

    An arrival's place in `arrivals` is the index that `soundpost replay` gives it.
    """

    recording: Recording
    arrivals: tuple[Arrival, ...]
    decisions: tuple[Round | Unplaced, ...]

    @property
    def rounds(self) -> list[Round]:
        """The decisions that have a place."""
        return [decision for decision in self.decisions if isinstance(decision, Round)]


def play(recording: Recording, origin: str = AUDIO) -> Playback:
    """Place the rounds of a recording, from its sound or from the pulses that came with it (origin: one of ORIGINS).

    From sound every track is a pole that listens, whether it heard anything or not; from pulses only those that
    reported are known. Raises ValueError naming the source that holds no such thing, ValueError or OSError naming a
    sound file that cannot be read.
    """
    if not (recording.tracks if origin == AUDIO else recording.pulses):
        other = PULSES if origin == AUDIO else AUDIO
        raise ValueError(f"{recording.source}: holds no {origin}; try --from {other}")
    poles = {track.node: track.xyz_m for track in recording.tracks} if origin == AUDIO else None
    heard = [arrival for track in recording.tracks for arrival in listen(track)] if origin == AUDIO else None
    arrivals = in_order(recording.pulses if heard is None else heard)
    associator = Associator(recording.air, poles)
    for arrival in arrivals:
        associator.feed(arrival)
    return Playback(recording, arrivals, tuple(associator.flush()))


def in_order(arrivals: Iterable[Arrival]) -> tuple[Arrival, ...]:
    """Arrivals by time; where two came at once the rest of what they say decides, so that no order given matters."""
    return tuple(sorted(arrivals, key=lambda arrival: (arrival.t_us, arrival.node, repr(arrival))))


def listen(track: Track) -> Iterator[Arrival]:
    """What a node on this track would report. Raises as `Track.read` does."""
    samples = track.read()
    detector = Detector(track.rate_hz, full_scale_db=track.full_scale_db)
    for first in range(0, len(samples), BLOCK_SAMPLES):
        yield from (_arrival(track, onset) for onset in detector.feed(samples[first : first + BLOCK_SAMPLES]))
    yield from (_arrival(track, onset) for onset in detector.flush())


def _arrival(track: Track, onset: Onset) -> Arrival:
    return Arrival(
        node=track.node,
        xyz_m=track.xyz_m,
        t_us=track.start_us + round(onset.sample / track.rate_hz * 1e6),
        sigma_us=max(1, round(math.hypot(onset.sigma_us, track.sigma_us))),
        snr_db=onset.snr_db,
        level_db=onset.level_db,
        p_gunshot=onset.p_gunshot,
        clip=Clip(onset.pcm(track.rate_hz, wire.CLIP_LEAD_US), track.rate_hz, wire.CLIP_LEAD_US),
    )
