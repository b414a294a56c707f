"""The gateway of a network of lamps, as TALQ 2.7.1 has it: lamps under a control program, and overrides that expire.

It answers GET /devices/DEVICE, GET /devices/DEVICE/FUNCTION/actualLightState and POST /override-commands. It refuses
what the consortium's oas/talq-api-gateway-2-7-1-online.json and its data model do not allow: without the version or who
asks, a command without its own id, a body with other keys. `drive_...` : what may happen to it.
"""

import asyncio
import base64
import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import formatdate
from typing import Any

from aiohttp import web

CLIENT = "5ca1ab1e-0000-4000-8000-000000000001"
FUNCTION = "lamp-01"
COMMAND_KEYS = {
    "state", "reason", "cmsRefId", "refAddress", "start", "expiration", "rampToLevelTime", "rampFromLevelTime"
}  # fmt: skip


@dataclass(slots=True)
class Lamp:
    """program_pct : what its control program says. override_pct : what an override says, until then."""

    program_pct: int
    override_pct: int | None = None
    until_s: float | None = None
    failure: bool = False

    def level_pct(self, now_s: float) -> int:
        """What it is at."""
        if self.until_s is not None and now_s >= self.until_s:
            self.override_pct = self.until_s = None
        return self.program_pct if self.override_pct is None else self.override_pct


class TalqGateway:
    """`lamps` by the address of their device, `asked` all requests as (method, path, headers, query, body). clock : ()
    -> seconds UTC. user, password : what basic authorisation it wants; "" for none. late_s : it answers 202, and does
    what it is told so much later."""

    def __init__(
        self,
        n_lamps: int = 4,
        program_pct: int = 30,
        *,
        user: str = "",
        password: str = "",
        late_s: float = 0.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.lamps = {str(uuid.UUID(int=0x5EED << 64 | i)): Lamp(program_pct) for i in range(n_lamps)}
        self.url = ""
        self.asked: list[tuple[str, str, Mapping[str, str], Mapping[str, str], Any]] = []
        self._want = base64.b64encode(f"{user}:{password}".encode()).decode() if user else ""
        self._late_s, self._clock = late_s, clock
        self._answer: Callable[[], web.StreamResponse] | None = None
        self._runner: web.AppRunner | None = None
        self._doing: set[asyncio.Task[None]] = set()

    @property
    def devices(self) -> dict[int, str]:
        """The address of each lamp's actuator, by channel."""
        return {channel: f"{address}/{FUNCTION}" for channel, address in enumerate(self.lamps)}

    @property
    def levels(self) -> list[int]:
        """What the lamps are at."""
        return [lamp.level_pct(self._clock()) for lamp in self.lamps.values()]

    def drive_operator(self, channel: int, level_pct: int) -> None:
        """Somebody at the lighting management overrides a lamp, without end."""
        lamp = list(self.lamps.values())[channel]
        lamp.override_pct, lamp.until_s = level_pct, None

    def drive_answer(self, answer: Callable[[], web.StreamResponse] | None) -> None:
        """From now on it answers this; None: as it should."""
        self._answer = answer

    async def open(self) -> None:
        """Listen on a free port of the loopback."""
        app = web.Application()
        app.router.add_route("*", "/{any:.*}", self._heed)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"talq+http://127.0.0.1:{self._runner.addresses[0][1]}/talq"

    async def close(self) -> None:
        """Stop listening."""
        for task in self._doing:
            task.cancel()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _heed(self, request: web.Request) -> web.StreamResponse:
        told = await request.text()
        body = json.loads(told) if told else None
        self.asked.append((request.method, request.path, dict(request.headers), dict(request.query), body))
        if self._answer is not None:
            return self._answer()
        response = self._heeded(request, body)
        response.headers["Date"] = formatdate(self._clock(), usegmt=True)
        return response

    def _heeded(self, request: web.Request, body: Any) -> web.Response:
        if (refused := self._refused(request)) is not None:
            return refused
        path = request.path.removeprefix("/talq/").split("/")
        if request.method == "POST" and path == ["override-commands"]:
            return self._override(body)
        lamp = self.lamps.get(path[1]) if path[0] == "devices" and len(path) > 1 else None
        if request.method != "GET" or lamp is None or path[2:] not in ([], [FUNCTION, "actualLightState"]):
            return _error("resourceNotFound", 404)
        level = _attribute("AttributeLevelState", {"name": "LevelState", "value": lamp.level_pct(self._clock())})
        if len(path) == 4:
            return web.json_response(level)
        actuator = {"id": FUNCTION, "type": "LampActuatorFunction", "actualLightState": level}
        monitor = {
            "id": "monitor-01", "type": "LampMonitorFunction",
            "lampFailure": _attribute("AttributeBoolean", lamp.failure),
        }  # fmt: skip
        return web.json_response(
            {"address": path[1], "name": "lamp", "class": "street", "functions": [actuator, monitor]}
        )

    def _refused(self, request: web.Request) -> web.Response | None:
        if self._want and request.headers.get("Authorization") != f"Basic {self._want}":
            return web.Response(status=401)
        if request.headers.get("talq-api-version") != "2.7.1":
            return _error("headerValueNotValid")
        needs = {"clientAddress"} | ({"talqRequestId"} if request.method == "POST" else set())
        return None if all(_is_uuid(request.query.get(name, "")) for name in needs) else _error("parameterMissing")

    def _override(self, body: Any) -> web.Response:
        """OverrideCommand: addresses, each {resource, address}, and a targetCommand or none."""
        if not isinstance(body, dict) or not set(body) <= {"addresses", "targetCommand"} or not body.get("addresses"):
            return _error("payloadError")
        references = body["addresses"]
        if any(set(each) != {"resource", "address"} or each["resource"] != "devices" for each in references):
            return _error("payloadError")
        found = [self.lamps.get(each["address"].partition("/")[0]) for each in references]
        lamps = [lamp for lamp in found if lamp is not None]
        if len(lamps) < len(found):
            return _error("overrideAddressNotValid", 422)
        command = body.get("targetCommand")
        if command is not None and (not set(command) <= COMMAND_KEYS or command["state"]["name"] != "LevelState"):
            return _error("overrideCommandNotValid", 422)
        if not self._late_s:
            _do(lamps, command)
            return web.Response(status=201)
        task = asyncio.create_task(self._do_late(lamps, command))
        self._doing.add(task)
        task.add_done_callback(self._doing.discard)
        return web.Response(status=202)

    async def _do_late(self, lamps: list[Lamp], command: Any) -> None:
        await asyncio.sleep(self._late_s)
        _do(lamps, command)


def _do(lamps: list[Lamp], command: Any) -> None:
    for lamp in lamps:
        lamp.override_pct = None if command is None else int(command["state"]["value"])
        ends = None if command is None else command.get("expiration")
        lamp.until_s = None if ends is None else datetime.fromisoformat(ends).timestamp()


def _attribute(kind: str, value: Any) -> dict[str, Any]:
    return {"type": kind, "value": value}


def _error(key: str, status: int = 400) -> web.Response:
    return web.json_response([{"key": key, "description": "no"}], status=status)


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False
