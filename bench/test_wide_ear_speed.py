"""How fast the wide ear is on one core, beside the products of matrices that any such net must do.

With random weights of YAMNet's shapes: what they are makes no difference to the time.
"""

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np

from dsp.hearing.log_mel import N_SAMPLES, RATE_HZ
from dsp.hearing.wide_ear import VERSION, YAMNET, Layout, WideEar
from simulators.training.wide_ear_file import packed

GROUP = "wide ear, 0.975 s of sound, one core"
FLOOR = "its products of matrices alone"
PLACES = 96 * 64  # of the picture; each stride of 2 leaves a quarter


def ear(rng: np.random.Generator) -> WideEar:
    arrays = {name: rng.standard_normal(shape) / shape[0] for name, shape in YAMNET.shapes().items()}
    arrays["version"] = np.array([VERSION])
    content = packed({name: values.astype(np.float32) for name, values in arrays.items()})
    return WideEar.from_bytes(content, Layout(hashlib.sha256(content).hexdigest(), YAMNET.steps, YAMNET.n_classes))


def test_the_wide_ear(measure: Callable[..., Any]) -> None:
    rng = np.random.default_rng(6)
    heard, sound = ear(rng), rng.standard_normal(N_SAMPLES).astype(np.float32)

    scores, _ = measure(
        GROUP, "WideEar", lambda: heard.hear(sound), N_SAMPLES, "samples", real_s=N_SAMPLES / RATE_HZ, floor=FLOOR,
        bar=">= 17 x",
    )  # fmt: skip

    assert scores.shape == (521,)


def test_the_floor(measure: Callable[..., Any]) -> None:
    rng = np.random.default_rng(6)
    pairs, n_places = [], PLACES
    for step in ear(rng).steps:
        n_places //= step.stride**2
        pairs.append((rng.standard_normal((n_places, len(step.mix[0]))).astype(np.float32), step.mix[0]))

    products = measure(
        GROUP, FLOOR, lambda: [rows @ mix for rows, mix in pairs], N_SAMPLES, "samples", real_s=N_SAMPLES / RATE_HZ
    )

    assert products[-1].shape == (3 * 2, 1024)
