"""The wide ear: what in the world sounds like this? YAMNet's 521 scores and its embedding, in numpy alone.

YAMNet (tensorflow/models, research/audioset/yamnet) is a MobileNet v1 over the log-mel picture of 0.975 s: a
convolution, then thirteen times nine neighbours weighed channel by channel and the channels mixed, each with a batch
norm (folded into the weights of the file) and a ReLU. The mean over time and band is the embedding; a logistic layer
makes scores of it. It was taught by AudioSet, so it knows what a sneeze, a door and a gun sound like in the world, but
not a blast at 300 m: near shots it may confirm; a distant one it must not veto.

YAMNet's code, and the page that hands out its weights, stand under the Apache License 2.0 (tensorflow/models, LICENSE);
no other terms are named for the weights. The repository holds none of them: `make ear` writes them to a file, altered
in nothing but the batch norms folded in. Scores differ from TensorFlow's by less than 0.0001.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.hearing.log_mel import log_mel
from dsp.hearing.weights import arrays

Floats = NDArray[np.float32]

VERSION = 1
MOST_BYTES = 64_000_000
TAPS = 9  # neighbours, three in time by three in band
EXPLOSION = 420  # of the scores, by yamnet_class_map.csv of the saved model
GUNS = slice(421, 426)  # gunshot, machine gun, fusillade, artillery fire, cap gun
FIREWORKS = slice(426, 428)  # fireworks, firecracker


@dataclass(frozen=True, slots=True)
class Layout:
    """sha256 : of the file, in hex. steps : of each convolution the channels that come out, and its stride. n_classes :
    scores."""

    sha256: str
    steps: tuple[tuple[int, int], ...]
    n_classes: int

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """What the arrays of the file are called, and their shapes."""
        found: dict[str, tuple[int, ...]] = {"version": (1,)}
        n_in = TAPS  # the first mixes the neighbours of the one channel that there is
        for index, (n_out, _) in enumerate(self.steps):
            if index:
                found |= {f"taps{index}": (TAPS, n_in), f"taps{index}_bias": (n_in,)}
            found |= {f"mix{index}": (n_in, n_out), f"mix{index}_bias": (n_out,)}
            n_in = n_out
        return found | {"classes": (n_in, self.n_classes), "classes_bias": (self.n_classes,)}


# Channels and strides: yamnet.py of tensorflow/models. The hash is of the file that `make ear` makes.
YAMNET = Layout(
    sha256="f41d9636dfd1cd41aaa479adc5cac1097fc19527d4330baefc7e79cac62e8ba7",
    steps=((32, 2), (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1)),
    n_classes=521,
)


@dataclass(frozen=True, slots=True)
class Step:
    """taps : (TAPS, in) and (in,), or None in the first. mix : (in, out) and (out,)."""

    stride: int
    taps: tuple[Floats, Floats] | None
    mix: tuple[Floats, Floats]

    def feed(self, x: Floats) -> Floats:
        """(time, band, in) -> (time / stride, band / stride, out)."""
        views = _neighbours(x, self.stride)
        gathered = np.concatenate(views, axis=2) if self.taps is None else _weighed(views, *self.taps)
        rows = gathered.reshape(-1, gathered.shape[2]) @ self.mix[0]
        return _at_least_0(rows, self.mix[1]).reshape(*gathered.shape[:2], -1)


@dataclass(frozen=True, slots=True)
class WideEar:
    """classes : (embedding, scores) and (scores,)."""

    steps: tuple[Step, ...]
    classes: tuple[Floats, Floats]

    @classmethod
    def from_bytes(cls, content: bytes, layout: Layout = YAMNET) -> "WideEar":
        """The ear of a weights file. Raises ValueError in a line for one that is cut, changed or of another version."""
        kept = _checked(content, layout)
        steps = tuple(
            Step(stride, _pair(kept, f"taps{index}") if index else None, _pair(kept, f"mix{index}"))
            for index, (_, stride) in enumerate(layout.steps)
        )
        return cls(steps, _pair(kept, "classes"))

    def hear(self, sound: Floats) -> tuple[Floats, Floats]:
        """Scores (521,), 0 to 1 each, and the embedding (1024,) of a sound (15600,) at 16 kHz, full scale +-1.

        What is no number counts as 0. Raises ValueError for another shape."""
        x = log_mel(sound)[:, :, None]
        for step in self.steps:
            x = step.feed(x)
        embedding = x.mean(axis=(0, 1))
        weights, bias = self.classes
        return 1 / (1 + np.exp(-(embedding @ weights + bias).clip(-80, 80))), embedding


def _neighbours(x: Floats, stride: int) -> list[Floats]:
    """Nine views of what lies about each place that the stride meets, zeros outside: padding SAME of TensorFlow."""
    places = [-(-n // stride) for n in x.shape[:2]]
    margins = [max((m - 1) * stride + 3 - n, 0) for n, m in zip(x.shape, places, strict=False)]
    padded = np.pad(x, (*((margin // 2, margin - margin // 2) for margin in margins), (0, 0)))
    (n_time, n_band), by = places, stride
    return [
        padded[i : i + (n_time - 1) * by + 1 : by, j : j + (n_band - 1) * by + 1 : by]
        for i in range(3)
        for j in range(3)
    ]


def _weighed(views: list[Floats], taps: Floats, bias: Floats) -> Floats:
    found = views[0] * taps[0]
    product = np.empty_like(found)
    for view, tap in zip(views[1:], taps[1:], strict=True):
        found += np.multiply(view, tap, out=product)
    return _at_least_0(found, bias)


def _at_least_0(x: Floats, bias: Floats) -> Floats:
    """ReLU of x + bias, in x's own place."""
    x += bias
    return np.maximum(x, 0, out=x)


def _pair(kept: Mapping[str, Floats], name: str) -> tuple[Floats, Floats]:
    return kept[name], kept[f"{name}_bias"]


def _checked(content: bytes, layout: Layout) -> dict[str, Floats]:
    """The arrays of a file that is the one meant, nothing pickled. The hash comes first: no other file is parsed."""
    sha256 = hashlib.sha256(content).hexdigest()
    if sha256 != layout.sha256:
        raise ValueError(
            f"{len(content)} bytes of SHA-256 {sha256[:12]}..., not {layout.sha256[:12]}...: cut, changed or of "
            "another version; `make ear` writes it anew"
        )
    kept = arrays(content, MOST_BYTES)
    if kept.get("version", np.zeros(1)).tolist() != [VERSION]:
        raise ValueError(f"not a wide ear of version {VERSION}")
    for name, shape in layout.shapes().items():
        if name not in kept or kept[name].shape != shape or kept[name].dtype != np.float32:
            raise ValueError(f"{name} must be float32 of the shape {shape}")
        if not np.isfinite(kept[name]).all():
            raise ValueError(f"{name} holds what is no number")
    return kept
