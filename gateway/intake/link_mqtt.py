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
SAY_AGAIN_S = 60.0
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
        self._why = ""
        self._is_down = self._comes_and_goes = False
        self._refused: set[str] = set()
        self._told_dropped, self._dropped_due_s = 0, 0.0

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
            self._lost(error, None)
            return False
        await connection.close()
        return True

    async def run(self, deliver: Deliver, connected: Connected) -> None:
        """Deliver (link, frame) for ever. `connected` is called each time that the broker has let us in."""
        loop = asyncio.get_running_loop()
        while True:
            connection = MqttConnection(self._broker, SESSION_S)
            since_s = None
            try:
                await connection.open("det/+")
                since_s = loop.time()
                await self._carry(connection, deliver, connected)
            except OSError as error:
                self._lost(error, None if since_s is None else loop.time() - since_s)
            if since_s is not None and loop.time() - since_s > STEADY_S:
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

    def _lost(self, error: OSError, held_s: float | None) -> None:
        """Say it once an outage, and again where the cause is another one; where connections come and go for the same
        cause, that once. held_s : how long there was a connection; None: there was none."""
        was_up, same = held_s is not None, str(error) == self._why
        comes_and_goes = same and (held_s < STEADY_S if held_s is not None else self._comes_and_goes)
        if comes_and_goes and not self._comes_and_goes:
            log.warning("broker comes and goes", why=str(error))
        elif not comes_and_goes and (was_up or not same):
            log.warning("broker still lost" if self._is_down else "broker lost", why=str(error))
        self._why, self._is_down, self._comes_and_goes = str(error), True, comes_and_goes

    async def _carry(self, connection: MqttConnection, deliver: Deliver, connected: Connected) -> None:
        """Both ways until the broker is gone: OSError."""
        if self._is_down and not self._comes_and_goes:
            log.info("broker is back", broker=self.name)
        self._is_down, self._up = False, True
        self._told_dropped, self._dropped_due_s = 0, 0.0
        connected(self.name)
        writing = [asyncio.create_task(self._write(connection)) for _ in range(connection.window)]
        try:
            async for frame in connection.frames():
                await deliver(self.name, frame)
                self._say_dropped(connection)
        finally:
            self._up = False
            await end(*writing)
            while not self._replies.empty():
                self._replies.get_nowait()
            await connection.close()

    def _say_dropped(self, connection: MqttConnection) -> None:
        """A limit that drops something says so, now and then."""
        now_s = asyncio.get_running_loop().time()
        if connection.dropped > self._told_dropped and now_s >= self._dropped_due_s:
            log.warning("frames that came at QoS 0 were dropped: their nodes say them again", frames=connection.dropped)
            self._told_dropped, self._dropped_due_s = connection.dropped, now_s + SAY_AGAIN_S

    async def _write(self, connection: MqttConnection) -> NoReturn:
        """Replies for ever: one that the broker does not take is asked for again by its node, the next may go."""
        while True:
            node, frame = await self._replies.get()
            try:
                await connection.write(f"cmd/{node}", frame)
                self._taken(node)
            except NoWayIn as error:
                self._not_taken(node, error)
            except OSError as error:
                log.debug("a reply was not taken", node=node, why=str(error))

    def _not_taken(self, node: str, error: NoWayIn) -> None:
        if node not in self._refused:
            log.error("a node gets no acks", node=node, why=str(error))
        self._refused.add(node)

    def _taken(self, node: str) -> None:
        if node in self._refused:
            log.info("a node gets acks again", node=node)
        self._refused.discard(node)


class _Replies(FairQueue[tuple[str, bytes]]):
    """(node, frame), nodes in turn."""

    def line_of(self, item: tuple[str, bytes]) -> str:
        return item[0]
