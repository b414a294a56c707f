"""The contracts of everything that touches atoms: what a driver must do, said once.

A driver lives in its own file, imports its one vendor library there, and decides nothing. `hw/fake.py` holds the
drivers that tests drive. What a driver cannot do because the world is broken (port gone, camera off) it raises as
`OSError` naming the address; what it was asked that makes no sense, as `ValueError` naming the legal range.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive samples and the tick (sample index since the stream began) of the first.

    samples : (n, n_channels) float32, full scale +-1. Where a block's tick is not the tick after the last block's
    last sample, the samples between were lost: a gap.
    """

    tick: int
    samples: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ClockReading:
    """What the host's clock is worth: one sigma against UTC, and how it is known (`gps`, `ntp`, `unset`...)."""

    sigma_us: int
    source: str


class BlockSource(Protocol):
    """A microphone, a file, a pipe. `rate_hz` and `n_channels` are known once `open` has returned, and
    stay: the node gives up a source whose rate changes while it plays.

    `start_us` is the UTC of tick 0 where the source knows it (a file with a stated start), else None: the shell then
    dates the blocks itself. Iteration ends when the source ends (a file); a microphone's does not.
    """

    rate_hz: int
    n_channels: int
    start_us: int | None

    async def open(self) -> None: ...

    def blocks(self) -> AsyncIterator[Block]: ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class LampState:
    """What a lamp and its gear say of themselves; None: this driver cannot tell. level_pct : what it is told to be at,
    per cent. lit : whether it burns. lamp_failure, gear_failure : by its own opinion. manual : somebody has it in hand.
    """

    level_pct: int | None = None
    power_w: float | None = None
    current_a: float | None = None
    lit: bool | None = None
    lamp_failure: bool | None = None
    gear_failure: bool | None = None
    manual: bool | None = None
    energy_wh: float | None = None


class LampRefuses(OSError):
    """The bank answers; this lamp of it does not, or will not."""


class Lamps(Protocol):
    """A bank of lamps, addressed by channel from 0. Level is per cent of full light, 0 to 100.

    `write_level` returns once the bank has confirmed; `read_level` is what the bank's own register holds, which is
    `nearest` to what it was told: a relay knows 0 and 100 only. fade_s : how long the change may take, where the bank
    can fade; others do it at once. fail_s : without a `keep` for so long the lamps go back by themselves, to what the
    last `keep` said or to their own control; None: they stay as they are. `keep` says that we are here, and what the
    lamps that are up were before; it is called three times in fail_s. `read_state` is all that a lamp tells. `let_go` :
    True where a lamp is under its own control again by that, or is already, so that it is not to be told a level; False
    where the bank has no such thing.
    """

    fail_s: float | None

    def nearest(self, level_pct: int) -> int: ...

    async def write_level(self, channel: int, level_pct: int, fade_s: float = 0.0) -> None: ...

    async def read_level(self, channel: int) -> int: ...

    async def read_state(self, channel: int) -> LampState: ...

    async def keep(self, before_pct: Mapping[int, int]) -> None: ...

    async def let_go(self, channel: int) -> bool: ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class GeoPlace:
    """A place on the globe, and how much of it is to be seen, metres across and up."""

    lat_deg: float
    lon_deg: float
    h_m: float
    width_m: float
    height_m: float


@dataclass(frozen=True, slots=True)
class Look:
    """Where a camera says it looks. zoom : 0 (wide) to 1; None where it does not say."""

    pan_deg: float
    tilt_deg: float
    zoom: float | None = None


def check_lamp(channel: int, level_pct: int = 0, last_channel: int = 65535) -> None:
    """Raises ValueError naming the legal range of what no lamp has."""
    if not 0 <= channel <= last_channel:
        raise ValueError(f"lamp channel {channel}: must be 0 to {last_channel}")
    if not 0 <= level_pct <= 100:
        raise ValueError(f"lamp level {level_pct} %: must be 0 to 100")


class Camera(Protocol):
    """A camera that pans and tilts. Degrees in the camera's own frame: pan clockwise from its zero, tilt up from level.

    `aim` returns once the camera has taken the order, and says how: by `angles`, by the `place`, where that is given
    and the camera takes one, or by a `preset` and its name. zoom : 0 (wide) to 1; None leaves it. `read_look` is where
    it says it looks, None where it cannot say. `go_home` turns it to its own home; ValueError where it has none.
    """

    async def aim(
        self, pan_deg: float, tilt_deg: float, zoom: float | None = None, place: GeoPlace | None = None
    ) -> str: ...

    async def read_look(self) -> Look | None: ...

    async def go_home(self) -> None: ...

    async def close(self) -> None: ...


class FrameLine(Protocol):
    """A line that carries whole frames both ways: damaged ones are dropped, never delivered.

    `frames` ends, or raises OSError, when the line is gone.
    """

    def frames(self) -> AsyncIterator[bytes]: ...

    async def write_frame(self, frame: bytes) -> None: ...

    async def close(self) -> None: ...
