"""The demo's night: the stage is set, the sound plays, the gateway's word is passed on, and the peers are asked."""

import asyncio
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from hw.modbus_lamps import ModbusLamps
from hw.onvif_camera import OnvifCamera
from simulators.demo.configs import HOLD_S
from simulators.demo.evidence import Seen
from simulators.demo.findings import Lamps
from simulators.demo.plan import Plan
from simulators.demo.programs import Program
from simulators.demo.stage import Stage, staged
from simulators.demo.terminal import Announcer, Terminal
from simulators.recordings.export import write_recording
from simulators.recordings.recording import Recording
from simulators.street.scene import record

LEAST_LEAD_S = 2.5
BEAT_S = 0.2
QUIET_US = 1_000_000
SETTLE_S = 8.0
READ_S = 2.0
BACK_S = 6.0  # a lamp may be so late in going back
Fallen = dict["asyncio.Task[int]", Program]
"""Programs that must not end while the night lasts, by what waits for their end."""


@dataclass(frozen=True, slots=True)
class Aimed:
    """A camera's own (pan, tilt), asked for when the gateway had said that it looks where it should."""

    camera: str
    incident: str
    ordered_deg: float
    aim_deg: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Ran:
    """A program that ran: its command line, process id and exit status."""

    name: str
    command: str
    pid: int
    status: int


@dataclass(frozen=True, slots=True)
class Passed:
    """A night that is over. plan, recording : with the time at which the sound really began. lamps : by
    the lamp bank's own registers. late_s : nodes that listened only after the first shot, and by how much. seen : by
    the cameras, as it was exported."""

    plan: Plan
    recording: Recording
    lamps: Lamps
    aimed: tuple[Aimed, ...]
    ran: tuple[Ran, ...]
    late_s: Mapping[str, float]
    seen: tuple[Seen, ...] = ()


def now_us() -> int:
    """UTC in microseconds."""
    return time.time_ns() // 1000


async def pass_night(plan: Plan, terminal: Terminal) -> Passed:
    """Let it happen. Raises OSError naming a program that does not start, or ends before its time."""
    async with staged(plan) as stage:
        night = _Night(stage, terminal)
        try:
            recording = await night.prepare()
            await night.listen()
            night.announcer.flush(now_us())
            journal = plan.folder / "gateway" / "journal.sqlite"
            seen = await stage.evidence.collect(journal) if stage.evidence else ()
            lamps = await night.see_lamps_back()
        finally:
            await night.leave()
        statuses = await stage.close()
    ran = tuple(Ran(each.name, " ".join(each.arguments), each.pid, statuses[each.name]) for each in stage.programs)
    return Passed(stage.plan, recording, lamps, tuple(night.aimed), ran, night.late_s, seen)


@dataclass(slots=True)
class _Night:
    stage: Stage
    terminal: Terminal
    aimed: list[Aimed] = field(default_factory=list)
    late_s: dict[str, float] = field(default_factory=dict)
    announcer: Announcer = field(init=False)
    cameras: dict[str, OnvifCamera] = field(default_factory=dict)
    looking: set[asyncio.Task[None]] = field(default_factory=set)
    bank: ModbusLamps | None = None
    before_pct: dict[str, int] = field(default_factory=dict)
    up_pct: dict[str, int] = field(default_factory=dict)
    dead: str = ""

    def __post_init__(self) -> None:
        self.announcer = Announcer(self.terminal, self._look_soon, self._read_soon)

    async def prepare(self) -> Recording:
        """Render, start everything, and give the nodes a time to begin that they can all keep."""
        begun_s = time.monotonic()
        plan = self.stage.plan
        rendering = asyncio.create_task(asyncio.to_thread(record, plan.scenario, plan.source))
        try:
            await self.stage.open(lambda line: self.announcer.feed(line, now_us()))
            await self._meet_cameras()
            if self.stage.ports.lamp_bank is not None:
                self.bank = ModbusLamps(self.stage.ports.lamp_bank, READ_S)
                self.before_pct = await self._read_lamps()
        finally:
            recording = await rendering
        start_us = now_us() + round(self._lead_s() * 1e6)
        recording = self._begin_at(start_us, recording)
        await asyncio.to_thread(write_recording, recording, plan.folder / "sound")
        await self.stage.open_nodes(recording, self._is_ready)
        took_s = time.monotonic() - begun_s
        names = ", ".join(program.name for program in self.stage.programs if program not in self.stage.nodes)
        self.terminal.say("ready", f"{names} and {len(recording.tracks)} nodes, after {took_s:.1f} s")
        return recording

    async def listen(self) -> None:
        """Until every node has heard everything and been acked, and the gateway has no more to say."""
        self.dead = self.stage.spoil_lamp()
        nodes = asyncio.gather(*(node.ended() for node in self.stage.nodes))
        others = [program for program in self.stage.programs if program not in self.stage.nodes]
        fallen: Fallen = {asyncio.create_task(program.ended()): program for program in others}
        try:
            await self._watch(nodes, fallen)
            async with asyncio.timeout(SETTLE_S):
                while not self._is_quiet():
                    await self._watch(asyncio.ensure_future(asyncio.sleep(BEAT_S)), fallen)
        except TimeoutError:
            self.terminal.say("fault", "not every round that was fired has been announced")
        finally:
            waiting: list[asyncio.Future[Any]] = [nodes, *fallen]
            for each in waiting:
                each.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)

    async def see_lamps_back(self) -> Lamps:
        """Wait until every lamp is what it was, or should have been for long, and what the gateway says of that is
        heard."""
        after_pct = await self._read_lamps()
        for _ in range(round((HOLD_S + BACK_S) / BEAT_S)):
            if after_pct == self.before_pct:
                break
            await asyncio.sleep(BEAT_S)
            after_pct = await self._read_lamps()
        if self.bank is not None:
            await asyncio.sleep(BEAT_S)
            self.announcer.flush(now_us())
        return Lamps(self.before_pct, self.up_pct, after_pct, self.dead)

    async def leave(self) -> None:
        """Let the last looks end, and hang up."""
        await asyncio.gather(*self.looking, return_exceptions=True)
        closing = [camera.close() for camera in self.cameras.values()]
        if self.bank is not None:
            closing.append(self.bank.close())
        await asyncio.gather(*closing, return_exceptions=True)

    async def _read_lamps(self) -> dict[str, int]:
        if self.bank is None:
            return {}
        return {lamp.name: await self.bank.read_level(lamp.channel) for lamp in self.stage.plan.scenario.lamps}

    def _read_soon(self, lamp: str, level_pct: int) -> None:
        if self.bank is not None and level_pct > self.up_pct.get(lamp, -1):
            self.looking.add(asyncio.create_task(self._read(self.bank, lamp), name=f"read {lamp}"))

    async def _read(self, bank: ModbusLamps, lamp: str) -> None:
        channel = next(each.channel for each in self.stage.plan.scenario.lamps if each.name == lamp)
        self.up_pct[lamp] = max(self.up_pct.get(lamp, 0), await bank.read_level(channel))

    def _lead_s(self) -> float:
        """How long until the sound begins: as long as the nodes need to start here, now. A node loads about what the
        gateway does, each on a core of its own while there are cores."""
        n_at_once = len(os.sched_getaffinity(0))
        return max(LEAST_LEAD_S, 1.0 + self.stage.gateway_took_s * len(self.stage.plan.links) / n_at_once)

    def _begin_at(self, start_us: int, recording: Recording) -> Recording:
        plan = self.stage.plan
        later_us = start_us - plan.scenario.start_utc
        self.stage.plan = replace(plan, scenario=plan.scenario.model_copy(update={"start_utc": start_us}))
        self.announcer.start_us = start_us
        tracks = tuple(replace(track, start_us=track.start_us + later_us) for track in recording.tracks)
        truths = tuple(replace(truth, t_us=tuple(t_us + later_us for t_us in truth.t_us)) for truth in recording.truths)
        return replace(recording, tracks=tracks, truths=truths, site=plan.scenario.site.site())

    def _is_ready(self, node: str) -> None:
        scenario = self.stage.plan.scenario
        first_us = scenario.start_utc + round(min(shot.t_s for shot in scenario.shots) * 1e6)
        if now_us() > first_us:
            self.late_s[node] = (now_us() - first_us) / 1e6
            self.terminal.say(
                "fault", f"{node} was ready {self.late_s[node]:.1f} s after the first shot: a slow machine"
            )

    async def _watch(self, awaited: "asyncio.Future[Any]", fallen: Fallen) -> None:
        """Wait for it, the bar moving. Raises OSError where the gateway or a peer ends."""
        scenario = self.stage.plan.scenario
        while not awaited.done():
            await asyncio.wait([awaited, *fallen], timeout=BEAT_S, return_when=asyncio.FIRST_COMPLETED)
            self.terminal.bar((now_us() - scenario.start_utc) / 1e6, scenario.duration_s)
            self.announcer.flush_if_quiet(now_us())
            for task, program in fallen.items():
                if task.done():
                    raise OSError(f"{program.name}: {program.why()}")
        await awaited

    def _is_quiet(self) -> bool:
        n_fired = sum(shot.rounds for shot in self.stage.plan.scenario.shots)
        return self.announcer.n_rounds >= n_fired and now_us() - self.announcer.last_us > QUIET_US

    async def _meet_cameras(self) -> None:
        """Connect a client of our own to each camera now: that takes a second of arithmetic, which later would hold up
        the cables that run through this program."""
        for name, url in self.stage.ports.cameras.items():
            self.cameras[name] = OnvifCamera(url, "soundpost", self.stage.camera_password)
            await self.cameras[name].read_aim()

    def _look_soon(self, camera: str, incident: str, ordered_deg: float) -> None:
        task = asyncio.create_task(self._look(camera, incident, ordered_deg), name=f"look at {camera}")
        self.looking.add(task)

    async def _look(self, camera: str, incident: str, ordered_deg: float) -> None:
        try:
            aim_deg = await self.cameras[camera].read_aim()
        except OSError as error:
            self.terminal.say("fault", str(error))
            return
        self.aimed.append(Aimed(camera, incident, ordered_deg, aim_deg))
