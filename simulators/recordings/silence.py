"""Where a recording is digital silence, and onsets that are found there: these would be leaks, not detections.

The live-fire files are cut out by the incumbent's own solution and padded with exact zeros (data/README.md, "What to
beware of"): an onset at such an edge tells what the incumbent found, not what was heard.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gateway.incident import Arrival
from simulators.recordings.recording import Recording, Track

SILENT_S = 0.005  # so many exact zeros are no sound: a microphone always has noise
EDGE_S = 0.040  # the detector's window of what came before
ROUNDING_US = 1  # an arrival's time is a whole microsecond


def at_edges(recording: Recording, arrivals: Sequence[Arrival]) -> list[Arrival]:
    """Arrivals in digital silence or within EDGE_S behind its end. arrivals : of this recording's tracks."""
    found = []
    for track in recording.tracks:
        spans = silences(track)
        for arrival in arrivals:
            after_s = (arrival.t_us + ROUNDING_US - track.start_us) / 1e6
            if arrival.node == track.node and any(start <= after_s < end + EDGE_S for start, end in spans):
                found.append(arrival)
    return found


def silences(track: Track) -> list[tuple[float, float]]:
    """(start, end) of each stretch of exact zeros, in seconds after the track's first sample.

    The time before the track's beginning is one.
    """
    silent: NDArray[np.bool_] = track.read() == 0
    edges = np.flatnonzero(np.diff(np.concatenate([[False], silent, [False]]).astype(np.int8)))
    spans = (edges.reshape(-1, 2) / track.rate_hz).tolist()
    return [(-1.0, 0.0)] + [(start, end) for start, end in spans if end - start >= SILENT_S]
