"""Lamps behind a lighting management system that speaks TALQ 2.7.1: brought up by override commands that expire.

We speak as a central management system does, to the gateway of the lamps' network. From the consortium's
oas/talq-data-model-2-7-1-online.json: an OverrideCommand has `addresses` and a `targetCommand`, which has a `state`
(LevelState, per cent), `expiration`, `rampToLevelTime`; "after the expiration ... the system should go back to the
state defined by the active control program"; one without a targetCommand ends the override. A lamp's level is its
LampActuatorFunction's `actualLightState`.

So a lamp is never told its old level: the override ends, and whoever ran the lamp before runs it again. Its expiry is
`fail_s` from now, and `keep` renews it, so that the lamps are back soon after this program has died. Support of
`expiration` is optional for a gateway: where it is not there, lamps stay up. Before it is renewed each lamp is read:
one that is not where we left it was set by somebody, and is left to him.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hw.ports import LampRefuses, LampState, check_lamp
from hw.talq_call import TalqCall, TalqRefuses

POLL_S = 0.1
POLLS = 10  # after a 202, "the processing has not been completed"
LEVEL = "actualLightState"


@dataclass(slots=True)
class _Up:
    """A lamp that we hold. was_pct : before. seen : it has been at what it was told."""

    was_pct: int
    told_pct: int
    seen: bool = False

    def is_ours(self, level_pct: int) -> bool:
        """Until it was seen there, what lies between is on its way, or as far as it can go."""
        low_pct, high_pct = sorted((self.was_pct, self.told_pct))
        self.seen |= level_pct == self.told_pct
        return level_pct == self.told_pct or (not self.seen and low_pct <= level_pct <= high_pct)


class TalqLamps:
    """Lamps (hw/ports.py) of a TALQ gateway. devices : channel -> DEVICE/FUNCTION, the address of the lamp's actuator.

    Raises ValueError for a channel or level that makes no sense, LampRefuses where the system will not, OSError where
    it cannot be reached; both name its url and the lamp.
    """

    def __init__(self, url: str, call: TalqCall, devices: Mapping[int, str], fail_s: float) -> None:
        self.url = url
        self.fail_s: float | None = fail_s
        self._call = call
        self._devices = dict(devices)
        self._up: dict[int, _Up] = {}

    def nearest(self, level_pct: int) -> int:
        """Levels are whole per cent."""
        return level_pct

    async def write_level(self, channel: int, level_pct: int, fade_s: float = 0.0) -> None:
        """Override a lamp, for fail_s; returns once it is done, or will be."""
        was_pct = self._up[channel].was_pct if channel in self._up else await self.read_level(channel)
        check_lamp(channel, level_pct)
        self._up[channel] = _Up(was_pct, level_pct)
        status = await self._override([channel], level_pct, fade_s)
        for _ in range(0 if status != 202 or fade_s else POLLS):
            if await self.read_level(channel) == level_pct:
                return
            await asyncio.sleep(POLL_S)

    async def read_level(self, channel: int) -> int:
        """The level, per cent, by the lamp's own actuator."""
        level_pct = _level(await self._get(channel, f"devices/{self._device(channel)}/{LEVEL}"))
        if level_pct is None:
            raise LampRefuses(f"{self.url}: lamp {channel}: tells no level")
        if channel in self._up and not self._up[channel].is_ours(level_pct):
            del self._up[channel]
        return level_pct

    async def read_state(self, channel: int) -> LampState:
        """Its level, and whether a LampMonitorFunction beside it has the lamp's failure."""
        address, _, function = self._device(channel).partition("/")
        told = await self._get(channel, f"devices/{address}")
        functions = [each for each in _items(told, "functions") if isinstance(each, dict)]
        level_pct = next((_level(each.get(LEVEL)) for each in functions if each.get("id") == function), None)
        failures = [
            each["lampFailure"].get("value")
            for each in functions
            if each.get("type") == "LampMonitorFunction" and isinstance(each.get("lampFailure"), dict)
        ]
        known = [failure for failure in failures if isinstance(failure, bool)]
        return LampState(level_pct, lamp_failure=any(known) if known else None)

    async def keep(self, before_pct: Mapping[int, int]) -> None:
        """Renew what is ours still."""
        channels = tuple(self._up)
        found = await asyncio.gather(*(self.read_level(each) for each in channels), return_exceptions=True)
        faults = {each: fault for each, fault in zip(channels, found, strict=True) if isinstance(fault, BaseException)}
        for channel, up in tuple(self._up.items()):  # each by itself: one that is refused lets no other fall
            if channel not in faults:
                try:
                    await self._override([channel], up.told_pct)
                except OSError as fault:
                    faults[channel] = fault
        for each in faults.values():
            raise each

    async def let_go(self, channel: int) -> bool:
        """End the override of a lamp, where there is one of ours; returns once it shows, or will."""
        up = self._up.get(channel)
        if up is None:
            return True
        status = await self._post([channel], {"addresses": [self._reference(channel)]})
        self._up.pop(channel, None)
        for _ in range(POLLS if status == 202 and up.told_pct != up.was_pct else 0):
            if await self.read_level(channel) != up.told_pct:
                break
            await asyncio.sleep(POLL_S)
        return True

    async def close(self) -> None:
        """Hang up. What is up expires."""
        await self._call.close()

    async def _override(self, channels: Iterable[int], level_pct: int, fade_s: float = 0.0) -> int:
        assert self.fail_s is not None
        ends = datetime.fromtimestamp(self._call.now_s() + self.fail_s, UTC)
        command: dict[str, Any] = {
            "state": {"name": "LevelState", "value": level_pct},
            "reason": "override",
            "cmsRefId": "soundpost",
            "expiration": f"{ends:%Y-%m-%dT%H:%M:%S}.{ends.microsecond // 1000:03d}Z",
        }
        if fade_s:
            command["rampToLevelTime"] = fade_s
        channels = tuple(channels)
        return await self._post(
            channels, {"addresses": [self._reference(each) for each in channels], "targetCommand": command}
        )

    def _reference(self, channel: int) -> dict[str, str]:
        return {"resource": "devices", "address": self._device(channel)}

    def _device(self, channel: int) -> str:
        check_lamp(channel)
        if channel not in self._devices:
            raise LampRefuses(f"{self.url}: lamp {channel}: no device is given for it")
        return self._devices[channel]

    async def _get(self, channel: int, path: str) -> Any:
        try:
            return await self._call.get(path)
        except OSError as error:
            raise self._fault(channel, error) from error

    async def _post(self, channels: Iterable[int], body: object) -> int:
        try:
            return await self._call.post("override-commands", body)
        except OSError as error:
            raise self._fault(", ".join(str(each) for each in channels), error) from error

    def _fault(self, lamps: int | str, error: OSError) -> OSError:
        kind = LampRefuses if isinstance(error, TalqRefuses) else OSError
        return kind(f"{self.url}: lamp {lamps}: the lighting management {error}")


def _level(attribute: object) -> int | None:
    """Of an AttributeLevelState, whose value is a LevelState, whose value is a DimLevel, 0 to 100."""
    state = attribute.get("value") if isinstance(attribute, dict) else None
    value = state.get("value") if isinstance(state, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 100 else None


def _items(told: object, name: str) -> list[Any]:
    items = told.get(name) if isinstance(told, dict) else None
    return items if isinstance(items, list) else []
