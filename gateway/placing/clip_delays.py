"""The times of one round's arrivals, made sharper by their clips where two of them are alike enough. Pure.

Every two arrivals that brought a clip are laid over each other (dsp/cross_correlation.py). Where that gives a
clear delay that is surer than two picks, it joins a least squares with the picks; where no pair does, everything stays
as it was.

What it is good for (simulators/locating/clips_figures.py prints it): on the live fire the time between two poles
repeats within 0.12 ms by clips where it does within 0.20 ms by picks, and simulated shots, a reflection off the ground
among them, are told to 0.03 ms instead of 0.05. What it is not good for: a fix of today. A tenth of a millisecond is
3 cm; the ways that sound takes down a street differ by metres, and clips do not know them.

A node states the sigma of its picks and its clock together, and the picks' part only as it is in plain noise. So where
clips are used the pick's part is taken to be PICK_US, sharpened, and added to what was stated: a clock's error stands
in clip and pick alike, and no correlation takes it away.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from dsp import cross_correlation as correlate
from dsp.cross_correlation import Delay
from gateway.incident import Arrival

PICK_US = 120.0
"""One sigma of a pick in a street: 68 % of the differences between two poles lie within 0.17 ms of their mean in a test
of the live fire, which is 0.12 ms each (clips_figures.py)."""
MOST_CLIPS = 12  # the surest arrivals whose clips are compared: 66 pairs are a few milliseconds


def sharpened(arrivals: Sequence[Arrival]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Times (n,) us UTC and sigmas (n,) us of arrivals that agree on one round, one a node, in their order."""
    times_us = np.array([arrival.t_us for arrival in arrivals], np.int64)
    sigmas_us = np.array([arrival.sigma_us for arrival in arrivals], float)
    found = delays(arrivals)
    if not found:
        return times_us, sigmas_us
    after_s = (times_us - times_us[0]) / 1e6
    sharper_s, sigma_s = correlate.sharpen(after_s, np.full(len(arrivals), PICK_US / 1e6), found)
    moved_us = np.rint((sharper_s - after_s) * 1e6).astype(np.int64)
    return times_us + moved_us, np.hypot(sigmas_us, sigma_s * 1e6)


def delays(arrivals: Sequence[Arrival]) -> dict[tuple[int, int], Delay]:
    """(i, j) -> how much later the sound is at arrival i than at j, of the pairs whose clips tell it better."""
    first_us = min((arrival.t_us for arrival in arrivals), default=0)
    clips = {index: clip_of(arrival, first_us) for index, arrival in enumerate(arrivals) if arrival.clip is not None}
    loudest = sorted(clips, key=lambda index: -(arrivals[index].snr_db or 0.0))[:MOST_CLIPS]
    found = {}
    for one, other in combinations(sorted(loudest), 2):
        expected_s = (arrivals[one].t_us - arrivals[other].t_us) / 1e6
        told = correlate.delay(clips[one], clips[other], expected_s)
        if told is not None and told.sigma_s * 1e6 < PICK_US * np.sqrt(2):
            found[one, other] = told
    return found


def clip_of(arrival: Arrival, zero_us: int) -> correlate.Clip:
    """The clip that an arrival brought, with its time after zero_us. Raises ValueError where it brought none."""
    if arrival.clip is None:
        raise ValueError(f"the arrival of {arrival.node} brought no clip")
    pcm, rate_hz = arrival.clip.pcm, arrival.clip.rate_hz
    lead_s = round(rate_hz * arrival.clip.lead_us / 1e6) / rate_hz
    return correlate.Clip(np.frombuffer(pcm, "<i2") / 32768, rate_hz, (arrival.t_us - zero_us) / 1e6 - lead_s)
