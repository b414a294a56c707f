"""Another's ear, asked about the same sounds: how sure it is, window by window, that it hears a gun."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import signal

Floats = NDArray[np.float32]

BATCH = 16  # windows that are asked about at once


@dataclass(frozen=True, slots=True)
class Peer:
    """sha256 : of its weights, in hex: with others it is another peer. n_samples : of a window at rate_hz, one every
    hop. ask : of windows (n, n_samples), full scale +-1, what it says, (n,), 0 to 1; raises OSError of a line where it
    can no longer answer."""

    name: str
    sha256: str
    rate_hz: int
    n_samples: int
    hop: int
    ask: Callable[[Floats], Floats]


@dataclass(frozen=True, slots=True)
class Heard:
    """What a peer says of a sound's windows: p (n,), 0 to 1, n > 0. One of long_s begins every hop_s."""

    p: Floats
    hop_s: float
    long_s: float

    @property
    def largest(self) -> float:
        """Of all windows."""
        return float(self.p.max())

    def at(self, t_s: float) -> float:
        """The largest p of the windows that hold a moment; 0 for one outside of all."""
        starts_s = np.arange(len(self.p)) * self.hop_s
        here = (starts_s <= t_s) & (t_s < starts_s + self.long_s)
        return float(self.p[here].max(initial=0.0))


def listen(peer: Peer, samples: NDArray[np.floating], rate_hz: int) -> Heard:
    """What the peer says of a sound (n,), full scale +-1; silence fills up the last window. What is no number counts as
    0."""
    sound = _at_rate(np.nan_to_num(samples, posinf=0.0, neginf=0.0), rate_hz, peer.rate_hz)
    n = max(math.ceil((len(sound) - peer.n_samples) / peer.hop), 0) + 1
    whole = np.pad(sound, (0, (n - 1) * peer.hop + peer.n_samples - len(sound)))
    windows = np.lib.stride_tricks.sliding_window_view(whole, peer.n_samples)[:: peer.hop]
    p = np.concatenate([peer.ask(windows[first : first + BATCH]) for first in range(0, n, BATCH)])
    return heard(peer, p)


def heard(peer: Peer, p: Floats) -> Heard:
    """p of each window in turn, with the times of a peer's windows."""
    return Heard(p, peer.hop / peer.rate_hz, peer.n_samples / peer.rate_hz)


def _at_rate(samples: NDArray[np.floating], rate_hz: int, wanted_hz: int) -> Floats:
    if not len(samples):
        return np.zeros(0, np.float32)
    common = math.gcd(rate_hz, wanted_hz)
    return np.asarray(signal.resample_poly(samples, wanted_hz // common, rate_hz // common), np.float32)
