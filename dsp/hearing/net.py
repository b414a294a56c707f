"""A small convolutional net over the patch of an impulse: log odds of a gunshot at a look, in numpy alone.

Four convolutions with ReLU (batch norm folded in when the weights were written), then of each band and channel the mean
of the first two steps (the impulse itself), the mean and the maximum of all; one hidden layer. Which look it is comes
in as three numbers, one of them 1. `simulators/training/net_training.py` trains it and writes its file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.hearing.patch import BANDS, FRAMES, LOOKS_MS, Patch

Weights = NDArray[np.float32]

STRIDES = ((2, 2), (2, 2), (2, 2), (2, 1))  # in time and band
EARLY = 2  # steps of the last layer that are the impulse itself


@dataclass(frozen=True, slots=True)
class Layer:
    """kernel : (out, in, time, band), both odd. bias : (out,)."""

    kernel: Weights
    bias: Weights

    def feed(self, x: Weights, stride: tuple[int, int]) -> Weights:
        """(time, band, in) -> (time', band', out): the margins are zeros, half of the kernel wide."""
        n_out, _, n_time, n_band = self.kernel.shape
        x = np.pad(x, ((n_time // 2, n_time // 2), (n_band // 2, n_band // 2), (0, 0)))
        view = np.lib.stride_tricks.sliding_window_view(x, (n_time, n_band), axis=(0, 1))[:: stride[0], :: stride[1]]
        rows = view.reshape(view.shape[0] * view.shape[1], -1)
        found = rows @ self.kernel.reshape(n_out, -1).T + self.bias
        return np.asarray(np.maximum(found, 0).reshape(*view.shape[:2], n_out), np.float32)


@dataclass(frozen=True, slots=True)
class Net:
    """hidden, last : (n_out, n_in) and (n_out,) of the two dense layers."""

    layers: tuple[Layer, ...]
    hidden: tuple[Weights, Weights]
    last: tuple[Weights, Weights]

    @classmethod
    def from_arrays(cls, kept: Mapping[str, NDArray[np.float64]], prefix: str = "") -> "Net":
        """The net of the arrays whose names begin so. Raises ValueError in a line where they do not fit this code."""
        layers = tuple(Layer(*pair_of(kept, f"{prefix}layer{index}")) for index in range(len(STRIDES)))
        net = cls(layers, pair_of(kept, f"{prefix}hidden"), pair_of(kept, f"{prefix}last"))
        _check(net, prefix)
        return net

    def score(self, patch: Patch, look: int) -> float:
        """Log odds, not calibrated. patch : (FRAMES, BANDS), what lies past the look at the floor. look : 0, 1, 2."""
        x = patch[:, :, None]
        for layer, stride in zip(self.layers, STRIDES, strict=True):
            x = layer.feed(x, stride)
        pooled = np.stack([x[:EARLY].mean(axis=0), x.mean(axis=0), x.max(axis=0)])  # (3, band, channel)
        row = np.concatenate([*(part.T.ravel() for part in pooled), np.eye(len(LOOKS_MS), dtype=np.float32)[look]])
        (weight, bias), (last, offset) = self.hidden, self.last
        return float((last @ np.maximum(weight @ row + bias, 0) + offset)[0])


def pair_of(kept: Mapping[str, NDArray[np.float64]], name: str) -> tuple[Weights, Weights]:
    """A layer's weights and its bias. ValueError where one is not there."""
    try:
        return kept[name].astype(np.float32), kept[f"{name}_bias"].astype(np.float32)
    except KeyError as error:
        raise ValueError(f"no {error} in it") from error


def _check(net: Net, prefix: str) -> None:
    """That every layer fits the next. ValueError names the first that does not."""
    n_in, shape = 1, (FRAMES, BANDS)
    for index, (layer, stride) in enumerate(zip(net.layers, STRIDES, strict=True)):
        kernel = layer.kernel
        if kernel.ndim != 4 or kernel.shape[1] != n_in or kernel.shape[2] % 2 == 0 or kernel.shape[3] % 2 == 0:
            raise ValueError(f"{prefix}layer{index} has the shape {kernel.shape}")
        require(kernel, kernel.shape, f"{prefix}layer{index}")
        require(layer.bias, (len(kernel),), f"{prefix}layer{index}_bias")
        n_in, shape = len(kernel), (-(-shape[0] // stride[0]), -(-shape[1] // stride[1]))
    n_hidden = len(net.hidden[1]) if net.hidden[1].ndim == 1 else 0
    require(net.hidden[0], (n_hidden, 3 * shape[1] * n_in + len(LOOKS_MS)), f"{prefix}hidden")
    require(net.hidden[1], (n_hidden,), f"{prefix}hidden_bias")
    require(net.last[0], (1, n_hidden), f"{prefix}last")
    require(net.last[1], (1,), f"{prefix}last_bias")


def require(values: NDArray[np.floating], shape: Sequence[int], name: str) -> None:
    """ValueError in a line for another shape, or for what is no number."""
    if values.shape != tuple(shape):
        raise ValueError(f"{name} has the shape {values.shape}; it must be {tuple(shape)}")
    if not np.isfinite(values).all():
        raise ValueError(f"{name} holds what is no number")
