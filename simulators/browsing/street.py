"""The demo's street for a browser: its real gateway, lamp bank, a camera with its pictures, the evidence process and
the pages, but no nodes. Shots are fired when asked for: what each pole would have heard comes down its cable."""

import json
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from firmware import wire
from gateway.intake.keyring import read_keys
from hw.serial_line import SerialLine, open_serial_line
from simulators.demo.plan import SERIAL, clear
from simulators.demo.show import make_plan
from simulators.demo.stage import Stage, staged
from simulators.street.scenario import scenario_path

BAUD, BOOT, AGO_US = 115_200, 7, 400_000
Place = tuple[float, float, float]


class Street:
    """stage : what runs. told_us : when the gateway said each incident, UTC, by its name."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.told_us: dict[str, int] = {}
        self._keys = read_keys(stage.plan.folder / "keys" / "keys.toml")
        self._lines: dict[str, SerialLine] = {}
        self._sequence = 0

    async def fire(self, xyz_m: Place) -> None:
        """A shot AGO_US ago at this place. Every pole says when it heard it."""
        now_us, scenario = time.time_ns() // 1000, self.stage.plan.scenario
        speed_mps, self._sequence = scenario.air.air().speed_mps, self._sequence + 1
        late_us = {each.node: round(math.dist(each.xyz_m, xyz_m) / speed_mps * 1e6) for each in scenario.poles}
        for node in sorted(late_us, key=late_us.__getitem__):
            if node not in self._lines:
                self._lines[node] = await open_serial_line(self.stage.ports.serial[node][1], BAUD)
            heard = wire.Arrival(
                now_us - AGO_US + late_us[node], 200, wire.LOCKED, 9500, wire.DBSPL, 3500, 930, wire.BLAST, 0,
                (300, 2000, 900, 4), None, None,
            )  # fmt: skip
            frame = wire.seal(heard, self._keys[node], node.encode(), BOOT, self._sequence)
            await self._lines[node].write_frame(frame)

    def heard(self, line: str) -> None:
        """A line of the gateway's."""
        said = json.loads(line)
        if said["what"] == "incident":
            self.told_us.setdefault(said["incident"], time.time_ns() // 1000)

    async def close(self) -> None:
        """The cables, not the stage."""
        for each in self._lines.values():
            await each.close()


@asynccontextmanager
async def street(folder: Path) -> AsyncIterator[Street]:
    """All of it, and nothing left of it afterwards. Raises OSError naming what does not start."""
    plan = make_plan(scenario_path(Path("street")), SERIAL, folder, time.time_ns() // 1000)
    plan = replace(
        plan, with_web=True, scenario=plan.scenario.model_copy(update={"cameras": plan.scenario.cameras[:1]})
    )
    clear(folder, False, time.time_ns() // 1000)
    async with staged(plan) as stage:
        made: list[Street] = []
        await stage.open(lambda line: made[0].heard(line) if made else None)
        made.append(Street(stage))
        try:
            yield made[0]
        finally:
            await made[0].close()
