"""Nodes over MQTT 5: each publishes its frames on det/NODE, and its replies go out on cmd/NODE, both at QoS 1.

The broker is a wire and nothing more: what it acknowledges may be lost (notes/reliability.md, 0.1), and its topics
prove nothing, the frame's own MAC does. The session outlives the connection, so that a broker that was restarted
nicely keeps what came in between.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import aiomqtt
import structlog
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from gateway.backoff import Backoff
from gateway.ending import end

CONNECT_S = 5.0
KEEPALIVE_S = 10
SESSION_S = 24 * 3600
MAX_PACKET_BYTES = 8192
MAX_WAITING = 1024
log = structlog.get_logger("gateway.link")

Deliver = Callable[[str, bytes], Awaitable[None]]
Connected = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is and who we are to it. With `tls` a client certificate may stand for user and password."""

    host: str
    port: int
    identifier: str = "soundpost-gateway"
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = None


class MqttLink:
    """A link over a broker."""

    def __init__(self, broker: Broker) -> None:
        self.name = f"mqtt://{broker.host}:{broker.port}"
        self._broker = broker
        self._replies: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue(MAX_WAITING)
        self._backoff = Backoff(longest_s=5.0)
        self._up = False

    async def open(self) -> None:
        """See that the broker is there and lets us in. Raises OSError naming it."""
        try:
            async with self._client(identifier=f"{self._broker.identifier}-check", lasting=False):
                return
        except aiomqtt.MqttError as error:
            raise OSError(f"{self.name}: no way into the MQTT broker ({error})") from error

    async def run(self, deliver: Deliver, connected: Connected) -> None:
        """Deliver (link, frame) for ever. `connected` is called each time that the broker has let us in."""
        told = True
        while True:
            try:
                async with self._client(self._broker.identifier, lasting=True) as client:
                    await client.subscribe("det/+", qos=1)
                    self._backoff.reset()
                    if not told:
                        log.info("broker is back", broker=self.name)
                    told = False
                    await self._carry(client, deliver, connected)
            except aiomqtt.MqttError as error:
                if not told:
                    log.warning("broker lost", broker=self.name, why=str(error))
                told = True
            await asyncio.sleep(self._backoff.next_s())

    def send(self, node: str, frame: bytes) -> bool:
        """Hand a reply to the broker; False where it is not taken. Never waits."""
        if not self._up or self._replies.full():
            return False
        self._replies.put_nowait((node, frame))
        return True

    async def close(self) -> None:
        """Nothing stays open between runs."""

    def _client(self, identifier: str, *, lasting: bool) -> aiomqtt.Client:
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.MaximumPacketSize = MAX_PACKET_BYTES
        if lasting:
            properties.SessionExpiryInterval = SESSION_S
        return aiomqtt.Client(
            self._broker.host,
            self._broker.port,
            username=self._broker.user,
            password=self._broker.password,
            identifier=identifier,
            protocol=aiomqtt.ProtocolVersion.V5,
            clean_start=not lasting,
            properties=properties,
            timeout=CONNECT_S,
            keepalive=KEEPALIVE_S,
            tls_context=self._broker.tls,
            max_queued_incoming_messages=MAX_WAITING,
        )

    async def _carry(self, client: aiomqtt.Client, deliver: Deliver, connected: Connected) -> None:
        """Both ways until the broker is gone: MqttError."""
        self._up = True
        connected(self.name)
        writing = asyncio.create_task(self._write(client), name=f"replies on {self.name}")
        try:
            async for each in client.messages:
                if isinstance(each.payload, bytes):
                    await deliver(self.name, each.payload)
        finally:
            self._up = False
            await end(writing)
            while not self._replies.empty():
                self._replies.get_nowait()

    async def _write(self, client: aiomqtt.Client) -> None:
        with contextlib.suppress(aiomqtt.MqttError):  # the reader hears of it, too
            while True:
                node, frame = await self._replies.get()
                await client.publish(f"cmd/{node}", frame, qos=1, timeout=CONNECT_S)


def tls_context(ca_file: str | None, cert_file: str | None, key_file: str | None) -> ssl.SSLContext:
    """TLS 1.2 or newer against one authority, with our certificate where the broker wants one.

    Raises OSError naming the file that is missing or is no certificate or key.
    """
    named = [file for file in (ca_file, cert_file, key_file) if file]
    try:
        context = ssl.create_default_context(cafile=ca_file)
        if cert_file:
            context.load_cert_chain(cert_file, key_file)
    except ssl.SSLError as error:
        raise OSError(f"{', '.join(named)}: not a usable certificate or key ({error.reason})") from error
    return context
