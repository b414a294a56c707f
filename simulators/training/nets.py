"""Some nets of one recipe, begun from different dice: their mean is steadier than any of them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dsp.hearing.patch import LOOKS_MS
from simulators.training.net_training import NetRecipe, Patches, TorchNet, arrays_of, scores, train_net

Floats = NDArray[np.float64]

N_NETS = 3
RECIPE = NetRecipe()


def train_nets(patches: Patches, truth: Floats, weight: Floats) -> list[TorchNet]:
    """N_NETS of them; arguments as `train_net`."""
    return [train_net(patches, truth, weight, replace(RECIPE, seed=seed)) for seed in range(N_NETS)]


def nets_scores(nets: Sequence[TorchNet], patches: Patches) -> Floats:
    """(n, looks) log odds, not calibrated: the mean of theirs."""
    looks = range(len(LOOKS_MS))
    return np.asarray(np.mean([np.stack([scores(net, patches, look) for look in looks], 1) for net in nets], axis=0))


def arrays_of_nets(nets: Sequence[TorchNet]) -> dict[str, NDArray[np.floating]]:
    """As dsp.hearing.verdict.Verdict reads them."""
    return {f"{index}/{name}": kept for index, net in enumerate(nets) for name, kept in arrays_of(net).items()}
