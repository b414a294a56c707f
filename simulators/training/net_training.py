"""Training the net (dsp/hearing/net.py) in PyTorch on one processor: a minute for one.

One net answers every look: each example is cut at one of them at random, and the net is told which. So that it leans on
no single cell, a stripe of bands and a moment are sometimes hidden.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from dsp.hearing.net import EARLY, STRIDES
from dsp.hearing.patch import BANDS, FRAMES, LOOKS_MS, frames_of

Floats = NDArray[np.float64]
Patches = NDArray[np.float16]

KERNELS = ((7, 5), (3, 3), (3, 3), (3, 3))
ENDS = [frames_of(ms) for ms in LOOKS_MS]
SOFT = 0.02  # nobody is surer than this


@dataclass(frozen=True, slots=True)
class NetRecipe:
    """channels : of the four layers. rate : the highest that AdamW gets to. dropped : share of the hidden units."""

    channels: tuple[int, int, int, int] = (12, 20, 32, 40)
    hidden: int = 24
    epochs: int = 20
    draws: int = 6000  # an epoch
    batch: int = 128
    rate: float = 3e-3
    decay: float = 0.02
    dropped: float = 0.3
    seed: int = 0


class TorchNet(nn.Module):
    """As dsp.hearing.net.Net, with the batch norms still apart."""

    def __init__(self, recipe: NetRecipe) -> None:
        super().__init__()
        sizes, layers = (1, *recipe.channels), []
        for index, (kernel, stride) in enumerate(zip(KERNELS, STRIDES, strict=True)):
            margin = (kernel[0] // 2, kernel[1] // 2)
            convolution = nn.Conv2d(sizes[index], sizes[index + 1], kernel, stride, margin, bias=False)
            layers.append(nn.Sequential(convolution, nn.BatchNorm2d(sizes[index + 1]), nn.ReLU()))
        self.layers = nn.Sequential(*layers)
        bands = self.layers(torch.zeros(1, 1, FRAMES, BANDS)).shape[-1]
        n_in = 3 * bands * sizes[-1] + len(LOOKS_MS)
        self.head = nn.Sequential(
            nn.Linear(n_in, recipe.hidden), nn.ReLU(), nn.Dropout(recipe.dropped), nn.Linear(recipe.hidden, 1)
        )

    def forward(self, patch: torch.Tensor, look: torch.Tensor) -> torch.Tensor:
        """Log odds (n,) of patches (n, 1, FRAMES, BANDS) at looks (n, 3), one of which is 1."""
        found = self.layers(patch)
        pooled = torch.cat([found[:, :, :EARLY].mean(2), found.mean(2), found.amax(2)], 1).flatten(1)
        return self.head(torch.cat([pooled, look], 1))[:, 0]


def train_net(patches: Patches, truth: Floats, weight: Floats, recipe: NetRecipe) -> TorchNet:
    """patches : (n, FRAMES, BANDS). truth : (n,) 0 to 1. weight : (n,) how often each is drawn."""
    torch.set_num_threads(1)  # threads that wait for each other stand still where other work shares the processors
    torch.manual_seed(recipe.seed)
    rng, net = np.random.default_rng(recipe.seed), TorchNet(recipe)
    steps = recipe.epochs * (recipe.draws // recipe.batch)
    step_of = torch.optim.AdamW(net.parameters(), recipe.rate, weight_decay=recipe.decay)
    plan = torch.optim.lr_scheduler.OneCycleLR(step_of, recipe.rate, total_steps=steps)
    surprise, upto = nn.BCEWithLogitsLoss(), np.cumsum(weight / weight.sum())
    net.train()
    for _ in range(steps):
        drawn = np.minimum(np.searchsorted(upto, rng.random(recipe.batch)), len(upto) - 1)
        looks = rng.integers(0, len(LOOKS_MS), recipe.batch)
        x = torch.from_numpy(np.stack([_hidden(rng, patches[i], look) for i, look in zip(drawn, looks, strict=True)]))
        y = torch.from_numpy(np.clip(truth[drawn], SOFT, 1 - SOFT).astype(np.float32))
        step_of.zero_grad()
        surprise(net(x[:, None], _one_hot(looks)), y).backward()
        step_of.step()
        plan.step()
    net.eval()
    return net


def scores(net: TorchNet, patches: Patches, look: int) -> Floats:
    """(n,) log odds at a look."""
    found = []
    with torch.no_grad():
        for first in range(0, len(patches), 512):
            x = patches[first : first + 512].astype(np.float32)
            x[:, ENDS[look] :] = -1
            found.append(net(torch.from_numpy(x)[:, None], _one_hot([look] * len(x))).numpy())
    return np.concatenate(found).astype(float)


def arrays_of(net: TorchNet) -> dict[str, NDArray[np.float16]]:
    """The weights as dsp.hearing.net.Net reads them, the batch norms folded in."""
    kept: dict[str, torch.Tensor] = {}
    for index, (convolution, norm, _) in enumerate(net.layers):
        scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        kept[f"layer{index}"] = convolution.weight * scale[:, None, None, None]
        kept[f"layer{index}_bias"] = norm.bias - norm.running_mean * scale
    for name, layer in (("hidden", net.head[0]), ("last", net.head[3])):
        kept[name], kept[f"{name}_bias"] = layer.weight, layer.bias
    return {name: value.detach().numpy().astype(np.float16) for name, value in kept.items()}


def _hidden(rng: np.random.Generator, patch: Patches, look: int) -> NDArray[np.float32]:
    """A patch cut at a look, perhaps with a stripe of bands or a moment hidden."""
    x = patch.astype(np.float32)
    x[ENDS[look] :] = -1
    if rng.random() < 0.4:
        first = rng.integers(0, BANDS - 2)
        x[:, first : first + rng.integers(1, 4)] = -1
    if rng.random() < 0.3:
        first = rng.integers(30, FRAMES - 10)
        x[first : first + rng.integers(5, 30)] = -1
    return x


def _one_hot(looks: Sequence[int] | NDArray[np.int64]) -> torch.Tensor:
    return nn.functional.one_hot(torch.as_tensor(looks), len(LOOKS_MS)).float()
