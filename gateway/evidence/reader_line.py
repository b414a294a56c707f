"""What readers say through a broker, taken as it comes and handed on unread, for ever. Nothing is kept at the broker
for us while we are away: what nobody heard then is gone, as it should be."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from typing import NoReturn

from gateway.backoff import Backoff
from hw.mqtt_connection import Broker, MqttConnection

MOST_BYTES = 4_000_000
STEADY_S = 10.0
TOPICS = ("onvif-mj/VideoAnalytics/#", "onvif-ej/RuleEngine/#")
"""Scenes and what rules make of them (ONVIF Analytics Service Specification; Core Specification), behind the device's
TopicPrefix. Nothing else that a device says is listened to."""


class ReaderLine:
    """readers : TopicPrefix -> reader. take : (reader, message). tell : what is wrong, or right again, once an
    outage."""

    def __init__(
        self,
        broker: Broker,
        readers: Mapping[str, str],
        take: Callable[[str, bytes], None],
        tell: Callable[[str], None],
    ) -> None:
        self._broker, self._readers, self._take, self._tell = broker, readers, take, tell
        self._backoff = Backoff(longest_s=5.0)
        self._why = ""

    async def run(self) -> NoReturn:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            began_s = loop.time()
            try:
                await self._listen()
            except OSError as error:
                if str(error) != self._why:
                    self._tell(f"readers are not heard: {error}")
                self._why = str(error)
            if loop.time() - began_s > STEADY_S:
                self._backoff.reset()
            await asyncio.sleep(self._backoff.next_s())

    async def _listen(self) -> None:
        connection = MqttConnection(self._broker, None, MOST_BYTES)
        await connection.open(*(f"{prefix}/{topic}" for prefix in self._readers for topic in TOPICS))
        if self._why:
            self._tell("readers are heard again")
        self._why = ""
        try:
            async with contextlib.aclosing(connection.messages()) as messages:
                async for topic, message in messages:
                    reader = self._readers.get(topic.partition("/")[0])
                    if reader is not None and message:
                        self._take(reader, message)
        finally:
            await connection.close()
