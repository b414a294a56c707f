"""Nodes over MQTT 5: each publishes its frames on det/NODE, and its replies go out on cmd/NODE, both at QoS 1.

The broker is a wire and nothing more: what it acknowledges may be lost (notes/reliability.md, 0.1), and its topics
prove nothing, the frame's own MAC does. The session outlives the connection, so that a broker that was restarted
nicely keeps what came in between. Replies do not wait for each other: a window of them is under way, nodes in turn.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NoReturn

import structlog

from gateway.backoff import Backoff
from gateway.tasks import end
from hw.fair_queue import FairQueue
from hw.mqtt_connection import Broker, MqttConnection, NoWayIn

SESSION_S = 24 * 3600
STEADY_S = 10.0  # a connection that held so long was a good one
MOST_A_NODE, MOST_WAITING = 64, 4096
log = structlog.get_logger("gateway.link")

Deliver = Callable[[str, bytes], Awaitable[None]]
Connected = Callable[[str], None]


class MqttLink:
    """A link over a broker."""

    def __init__(self, broker: Broker) -> None:
        self.name = broker.name
        self._broker = broker
        self._replies = _Replies()
        self._backoff = Backoff(longest_s=5.0)
        self._up = False
        self._told_why: str | None = None
        self._told_refusal = False

    async def open(self) -> bool:
        """See that the broker lets us in and lets us listen. One that is not there is waited for, and said: False.

        Raises OSError naming it and the cause where it is there and refuses.
        """
        connection = MqttConnection(self._broker, SESSION_S)
        try:
            await connection.open("det/+")
        except NoWayIn:
            raise
        except OSError as error:
            self._lost(error)
            return False
        await connection.close()
        return True

    async def run(self, deliver: Deliver, connected: Connected) -> None:
        """Deliver (link, frame) for ever. `connected` is called each time that the broker has let us in."""
        loop = asyncio.get_running_loop()
        while True:
            connection = MqttConnection(self._broker, SESSION_S)
            since_s = loop.time()
            try:
                await connection.open("det/+")
                since_s = loop.time()
                await self._carry(connection, deliver, connected)
            except OSError as error:
                self._lost(error)
            if loop.time() - since_s > STEADY_S:
                self._backoff.reset()
            await asyncio.sleep(self._backoff.next_s())

    def send(self, node: str, frame: bytes) -> bool:
        """Hand a reply to the broker; False where it is not taken. Never waits."""
        if not self._up or self._replies.waiting(node) >= MOST_A_NODE or self._replies.qsize() >= MOST_WAITING:
            return False
        self._replies.put_nowait((node, frame))
        return True

    async def close(self) -> None:
        """Nothing stays open between runs."""

    def _lost(self, error: OSError) -> None:
        """Say it once an outage, and again where the cause is another one."""
        if str(error) != self._told_why:
            log.warning("broker lost" if self._told_why is None else "broker still lost", why=str(error))
        self._told_why = str(error)

    async def _carry(self, connection: MqttConnection, deliver: Deliver, connected: Connected) -> None:
        """Both ways until the broker is gone: OSError."""
        if self._told_why is not None:
            log.info("broker is back", broker=self.name)
        self._told_why, self._up = None, True
        connected(self.name)
        writing = [asyncio.create_task(self._write(connection)) for _ in range(connection.window)]
        try:
            async for frame in connection.frames():
                await deliver(self.name, frame)
        finally:
            self._up = False
            await end(*writing)
            while not self._replies.empty():
                self._replies.get_nowait()
            await connection.close()

    async def _write(self, connection: MqttConnection) -> NoReturn:
        """Replies for ever: one that the broker does not take is asked for again by its node, the next may go."""
        while True:
            node, frame = await self._replies.get()
            try:
                await connection.write(f"cmd/{node}", frame)
            except NoWayIn as error:
                self._refused(error)
            except OSError as error:
                log.debug("a reply was not taken", node=node, why=str(error))

    def _refused(self, error: NoWayIn) -> None:
        if not self._told_refusal:
            log.error("nodes get no acks", why=str(error))
        self._told_refusal = True


class _Replies(FairQueue[tuple[str, bytes]]):
    """(node, frame), nodes in turn."""

    def line_of(self, item: tuple[str, bytes]) -> str:
        return item[0]
