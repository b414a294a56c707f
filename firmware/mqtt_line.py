"""A node's line over an MQTT 5 broker: what it says goes out on det/NODE, its gateway's answers come on cmd/NODE.

Both at QoS 1. The broker is a wire and no more: what it acknowledges may be lost (notes/reliability.md section 0), and
a publication that it may not make is dropped silently by this client (notes/dependencies.md), so only the gateway's own
ack counts. The session outlives a lost connection: what came for the node in between is delivered.
"""

import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

CONNECT_S = 5.0
KEEPALIVE_S = 10
SESSION_S = 3600
MAX_PACKET_BYTES = 8192
MAX_WAITING = 256


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is, and who the node is to it. With `tls` a client certificate may stand for the password."""

    host: str
    port: int
    node: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """The address, for logs and errors."""
        return f"mqtt://{self.host}:{self.port}"


class MqttLine:
    """A FrameLine (hw/ports.py) over a connected client. Build it with `open_mqtt_line`."""

    def __init__(self, broker: Broker, client: aiomqtt.Client) -> None:
        self._broker = broker
        self._client = client

    async def frames(self) -> AsyncIterator[bytes]:
        """Frames as they come. Raises OSError when the broker is gone."""
        try:
            async for each in self._client.messages:
                if isinstance(each.payload, bytes):
                    yield each.payload
        except aiomqtt.MqttError as error:
            raise OSError(f"{self._broker.name}: {error}") from error

    async def write_frame(self, frame: bytes) -> None:
        """Returns once the broker has it. Raises OSError when it does not take it."""
        try:
            await self._client.publish(f"det/{self._broker.node}", frame, qos=1, timeout=CONNECT_S)
        except aiomqtt.MqttError as error:
            raise OSError(f"{self._broker.name}: {error}") from error

    async def close(self) -> None:
        """Say goodbye if the broker still listens."""
        with contextlib.suppress(aiomqtt.MqttError):
            await self._client.__aexit__(None, None, None)


async def open_mqtt_line(broker: Broker) -> MqttLine:
    """Connect and subscribe. Raises OSError naming the broker."""
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.MaximumPacketSize = MAX_PACKET_BYTES
    properties.SessionExpiryInterval = SESSION_S
    client = aiomqtt.Client(
        broker.host,
        broker.port,
        username=broker.user,
        password=broker.password,
        identifier=f"soundpost-{broker.node}",
        protocol=aiomqtt.ProtocolVersion.V5,
        clean_start=False,
        properties=properties,
        timeout=CONNECT_S,
        keepalive=KEEPALIVE_S,
        tls_context=broker.tls,
        max_queued_incoming_messages=MAX_WAITING,
    )
    line = MqttLine(broker, client)
    try:
        await client.__aenter__()
    except aiomqtt.MqttError as error:
        raise OSError(f"{broker.name}: no way into the MQTT broker ({error})") from error
    try:
        await client.subscribe(f"cmd/{broker.node}", qos=1, timeout=CONNECT_S)
    except aiomqtt.MqttError as error:
        await line.close()
        raise OSError(f"{broker.name}: no answers from the MQTT broker ({error})") from error
    return line


def tls_context(ca_file: str | None, cert_file: str | None, key_file: str | None) -> ssl.SSLContext:
    """TLS 1.2 or newer against one authority, with the node's certificate where the broker wants one.

    Raises OSError naming the files that are missing or are no certificate or key.
    """
    named = ", ".join(file for file in (ca_file, cert_file, key_file) if file)
    try:
        context = ssl.create_default_context(cafile=ca_file)
        if cert_file:
            context.load_cert_chain(cert_file, key_file)
    except ssl.SSLError as error:
        raise OSError(f"{named}: not a usable certificate or key ({error.reason})") from error
    except OSError as error:
        raise OSError(f"{named}: {error.strerror}") from error
    return context
