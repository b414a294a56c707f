"""The cameras' edge at cameras that answer as none should, and what it costs the others: for a test and a bench.

Each hostile camera gets one order after another, each as soon as something became of the last; a good one that nobody
disturbs gets its own every few milliseconds, and shows how late orders are carried out.
"""

import asyncio
import contextlib
import itertools
import random
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from dsp.geodesy import Site
from gateway.orders import Aim, Outcome
from gateway.reaction.cameras import Cameras
from gateway.reaction.eye import Eye
from gateway.street import Mount
from gateway.tasks import end
from hw.fake import FakeCamera
from hw.onvif_camera import OnvifCamera

STEADY = "steady"
SITE = Site(38.9, -77.0, 20.0)
STEADY_S = 0.02
UNTOLD_S = 10.0
"""An order that nothing is told of for so long is unlogged."""
VIEW = ((0.0, 60.0), (1.0, 3.0))
AFTER = {
    "": {"took", "failed", "left"},
    "took": {"there", "failed", "left", "misplaced"},
    "misplaced": {"took", "failed"},
    "there": set(),
    "failed": set(),
    "left": set(),
}
"""What may be told of an order after what. Told of nothing, it is unlogged."""


@dataclass(slots=True)
class Toll:
    """orders : by hostile camera's order, what was told of it, in words of AFTER. notes : all that was told.
    late_s : of each order of the steady camera, how long it took. longest_s : what the loop was held up for, and busy_s
    : the most that it worked meanwhile; what is more of the former is the machine's."""

    orders: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    notes: list[str] = field(default_factory=list)
    late_s: list[float] = field(default_factory=list)
    longest_s: float = 0.0
    busy_s: float = 0.0

    def illegal(self) -> list[str]:
        """Orders whose outcomes do not follow from one another, or that nothing was told of."""
        return [
            f"{name}: {words}"
            for name, words in self.orders.items()
            if not words or any(now not in AFTER[last] for last, now in itertools.pairwise(["", *words]))
        ]


def word(outcome: Outcome) -> str:
    """What became of an order, in a word of AFTER."""
    note = outcome.note
    if note.startswith("took the order"):
        return "took"
    if note.startswith("looks there"):
        return "there"
    if note.startswith("left to its operator"):
        return "left"
    return "misplaced" if note.startswith("by the place") else "failed"


async def under_fire(
    urls: Sequence[str], password: str, orders_each: int, *, timeout_s: float = 3.0, seed: int = 1
) -> Toll:
    """Give so many orders to the hostile camera at each url. timeout_s : of each call."""
    fire = _Fire(seed)
    drivers = [OnvifCamera(url, "soundpost", password, timeout_s=timeout_s) for url in urls]
    mounts = [Mount(f"h{index}", (0.0, 0.0, 5.0), view=VIEW) for index in range(len(urls))]
    eyes = [Eye(mount, driver, site=SITE, operator_s=1.0) for mount, driver in zip(mounts, drivers, strict=True)]
    edge = Cameras([*eyes, Eye(Mount(STEADY, (0.0, 0.0, 5.0)), FakeCamera())], _now_us, fire.report)
    beating = asyncio.create_task(fire.steady(edge))
    keeping = asyncio.create_task(edge.run(lambda: None))  # as the agent does: what an order dies of ends it
    storming = asyncio.gather(*(fire.storm(edge, mount.name, orders_each) for mount in mounts))
    try:
        done, _ = await asyncio.wait((storming, keeping), return_when=asyncio.FIRST_COMPLETED)
        for each in done:
            each.result()
    finally:
        await end(beating, keeping, storming)
        await edge.close()
    return fire.toll


async def given_up_s(urls: Sequence[str]) -> list[float]:
    """An order to each of these cameras, and a good one that stands in for each: when that has taken it, in s."""
    took: dict[str, float] = {}
    began_s, all_told = time.monotonic(), asyncio.Event()

    def report(outcome: Outcome) -> None:
        if outcome.done:
            took.setdefault(outcome.effect.incident, time.monotonic() - began_s)
        if len(took) == len(urls):
            all_told.set()

    bad = [Eye(Mount(f"h{i}", (0.0, 0.0, 5.0)), OnvifCamera(url, "soundpost", "x")) for i, url in enumerate(urls)]
    good = [Eye(Mount(f"g{i}", (0.0, 0.0, 5.0)), FakeCamera()) for i in range(len(urls))]
    edge = Cameras([*bad, *good], _now_us, report)
    for number in range(len(urls)):
        incident = f"i{number}"
        edge.order(Aim(f"h{number}", 90.0, -4.0, incident, otherwise=Aim(f"g{number}", 90.0, -4.0, incident)))
    try:
        await asyncio.wait_for(all_told.wait(), UNTOLD_S)
    finally:
        await edge.close()
    return list(took.values())


class _Fire:
    """Orders, and what becomes of them."""

    def __init__(self, seed: int) -> None:
        self.toll = Toll()
        self._dice = random.Random(seed)  # noqa: S311 - where they turn is no secret
        self._told: dict[str, asyncio.Event] = {}
        self._given_s: dict[str, float] = {}

    def report(self, outcome: Outcome) -> None:
        name = outcome.effect.incident
        if outcome.device == STEADY:
            if name in self._given_s:
                self.toll.late_s.append(time.monotonic() - self._given_s.pop(name))
            return
        self.toll.notes.append(outcome.note)
        self.toll.orders[name].append(word(outcome))
        self._told[name].set()

    async def storm(self, edge: Cameras, camera: str, n_orders: int) -> None:
        """One order after another, each as soon as something became of the last."""
        for number in range(n_orders):
            incident, azimuth_deg = f"{camera}-{number}", self._dice.uniform(0, 360)
            self._told[incident] = asyncio.Event()
            self.toll.orders[incident] = []
            edge.order(Aim(camera, azimuth_deg, -4.0, incident, place_m=(0.0, 50.0, 1.5), width_deg=9.0))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._told[incident].wait(), UNTOLD_S)

    async def steady(self, edge: Cameras) -> None:
        """An order each STEADY_S to the camera that nobody disturbs, for ever."""
        for number in itertools.count():
            worked_s, began_s = time.thread_time(), time.monotonic()
            self._given_s[f"s{number}"] = began_s
            edge.order(Aim(STEADY, float(number % 360), -4.0, f"s{number}"))
            await asyncio.sleep(STEADY_S)
            self.toll.longest_s = max(self.toll.longest_s, time.monotonic() - began_s - STEADY_S)
            self.toll.busy_s = max(self.toll.busy_s, time.thread_time() - worked_s)


def _now_us() -> int:
    return time.time_ns() // 1000
