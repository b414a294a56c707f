"""Everything that runs in a demo's night: started in order, found ready, and ended in order, whatever happens.

First what the gateway needs (lamp bank, cameras, broker, cables), then the gateway, then the nodes.
"""

import asyncio
import json
import secrets
import signal
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from simulators.demo.broker import start_broker
from simulators.demo.configs import Ports, write_gateway, write_node, write_secret
from simulators.demo.evidence import EvidenceStage
from simulators.demo.plan import MQTT, SERIAL, Plan
from simulators.demo.programs import Program, Told, python, run_once, start
from simulators.demo.web import Opened, make_requester, open_web
from simulators.peers.cable import Cable
from simulators.recordings.recording import Recording

READY_S = 60.0
REST_PCT = 30  # where the lamps are before anything happens: the gateway's own rest_level_pct


class Stage:
    """What runs now: `programs` in the order of their start, and how to reach the peers."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.programs: list[Program] = []
        self.nodes: list[Program] = []
        self.gateway: Program | None = None
        self.evidence: EvidenceStage | None = None
        self.web: Opened | None = None
        self.gateway_took_s = 0.0
        self.camera_password = secrets.token_urlsafe(18)
        self.ports = Ports({}, None, None, {})
        self._cables: list[Cable] = []

    @property
    def logs(self) -> Path:
        """Where all programs' output goes."""
        return self.plan.folder / "logs"

    def lamp_log(self) -> Path:
        """The lamp bank's notebook."""
        return self.logs / "lamps.jsonl"

    def camera_log(self, name: str) -> Path:
        """A camera's notebook."""
        return self.logs / f"camera-{name}.jsonl"

    async def open(self, heard_from_gateway: Told) -> None:
        """Make keys, start the peers and the gateway; return when it listens. Raises OSError naming what does not."""
        make = ("soundpost", "keys", "make", *self.plan.links, "--out", str(self.plan.folder / "keys"))
        await run_once("keys", python(*make), self.logs)
        write_secret(self.plan.folder / "keys" / "cameras.password", self.camera_password)
        serial = {}
        for node in self.plan.nodes_on(SERIAL):
            self._cables.append(Cable())
            serial[node] = (self._cables[-1].a, self._cables[-1].b)
        broker, bank, cameras = await self._peers()
        self.ports = Ports(serial, broker, bank, cameras)
        if seeing := self.plan.scenario.cameras:
            self.evidence = EvidenceStage(self.plan.folder, seeing, self.camera_password, self._start_aside)
        more: Mapping[str, object] = {}
        if self.evidence:
            more = await self.evidence.open_peers()
        elif self.plan.with_web:
            more = await make_requester(self.plan.folder)
        await self._open_gateway(write_gateway(self.plan, self.ports, more), heard_from_gateway)
        beside = [self.evidence.open()] if self.evidence else []
        beside += [self._open_web()] if self.plan.with_web else []
        await asyncio.gather(*beside)  # neither needs the other, and people wait for the pages

    async def _open_web(self) -> None:
        self.web = await open_web(self.plan.folder, self._start_aside, has_evidence=self.evidence is not None)

    async def _open_gateway(self, config: Path, heard: Told) -> None:
        command, begun_s = python("soundpost", "gateway", "--json", "--config", str(config)), time.monotonic()
        self.gateway = await self._start("gateway", command, heard)
        await self.gateway.first_line(READY_S)
        self.gateway_took_s = time.monotonic() - begun_s

    async def open_nodes(self, recording: Recording, is_ready: Callable[[str], None]) -> None:
        """Start a node for each track and return when all listen; `is_ready` is told each name as it does.
        Raises OSError naming the first that does not."""
        for track in recording.tracks:
            config = await asyncio.to_thread(write_node, self.plan, track, self.ports)
            command = python("soundpost", "node", "--config", str(config))
            self.nodes.append(await self._start(f"node-{track.node}", command))

        async def wait(node: Program) -> None:
            await node.first_line(READY_S)
            is_ready(node.name.removeprefix("node-"))

        try:
            async with asyncio.TaskGroup() as waiting:
                for node in self.nodes:
                    waiting.create_task(wait(node))
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None  # the first that failed; the others were not waited for any more

    def spoil_lamp(self) -> str:
        """The last lamp dies. Comes back: its name, "" where there is none."""
        bank = next((program for program in self.programs if program.name == "lamp-bank"), None)
        if bank is None:
            return ""
        bank.signal(signal.SIGUSR1)
        return self.plan.scenario.lamps[-1].name

    async def close(self) -> dict[str, int]:
        """End everything, the nodes first, then the gateway, then the peers. The exit status of each."""
        ends = [program for program in (self.gateway,) if program is not None]
        beside = [program for program in self.programs if program.name in ("evidence", "web")]
        peers = [program for program in self.programs if program not in (*self.nodes, *ends, *beside)]
        statuses: dict[str, int] = {}
        for together in (self.nodes, beside, ends, peers):
            ended = await asyncio.gather(*(program.stop() for program in together))
            statuses |= {program.name: status for program, status in zip(together, ended, strict=True)}
        for cable in self._cables:
            cable.close()
        self._cables.clear()
        return statuses

    async def _peers(self) -> tuple[int | None, str | None, dict[str, str]]:
        """Broker's port, lamp bank's url, cameras' urls, of what the plan has."""
        scenario, port = self.plan.scenario, None
        if self.plan.nodes_on(MQTT):
            folder = self.plan.folder / "broker"
            broker, port = await start_broker(folder, self.plan.nodes_on(MQTT), self.logs)
            self.programs.append(broker)
        bank = None
        if scenario.lamps:
            n_lamps = 1 + max(lamp.channel for lamp in scenario.lamps)
            told = ("--tcp", "127.0.0.1:0", "--lamps", str(n_lamps), "--level-pct", str(REST_PCT))
            spoilt = ("--later", f"{scenario.lamps[-1].channel}=dead")
            command = python("simulators.peers.lamp_bank", *told, *spoilt, "--log", str(self.lamp_log()))
            bank = await self._start("lamp-bank", command)
        cameras = {camera.name: await self._camera(camera.name) for camera in scenario.cameras}
        url = await _url(bank) if bank else None
        return port, url, {name: await _url(camera) for name, camera in cameras.items()}

    async def _camera(self, name: str) -> Program:
        command = python("simulators.peers.camera", "--speed-deg-s", "120", "--log", str(self.camera_log(name)))
        return await self._start(f"camera-{name}", command, secret={"CAMERA_PASSWORD": self.camera_password})

    async def _start_aside(self, name: str, command: list[str], secret: dict[str, str] | None) -> Program:
        return await self._start(name, command, None, secret)

    async def _start(
        self, name: str, command: list[str], told: Told | None = None, secret: dict[str, str] | None = None
    ) -> Program:
        program = await start(name, command, self.logs, told, secret)
        self.programs.append(program)
        return program


@asynccontextmanager
async def staged(plan: Plan) -> AsyncIterator[Stage]:
    """A stage that is cleared on leaving, also where what happens on it fails or is cancelled."""
    stage = Stage(plan)
    try:
        yield stage
    finally:
        await asyncio.shield(stage.close())


async def _url(peer: Program) -> str:
    return str(json.loads(await peer.first_line(READY_S))["url"])
