"""A node's line over an MQTT 5 broker: what it says goes out on det/NODE, its gateway's answers come on cmd/NODE.

Both at QoS 1. The broker is a wire and no more: what it acknowledges may be lost (notes/reliability.md section 0), so
only the gateway's own ack counts. The session outlives a lost connection: what came for the node in between is
delivered.
"""

import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from hw import mqtt_connection
from hw.mqtt_connection import MqttConnection

SESSION_S = 3600


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is, and who the node is to it. With `tls` a client certificate may stand for the password."""

    host: str
    port: int
    node: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = field(default=None, repr=False)

    def connection(self) -> mqtt_connection.Broker:
        """The same, as a client of that name."""
        identifier = f"soundpost-{self.node}"
        return mqtt_connection.Broker(self.host, self.port, identifier, self.user, self.password, self.tls)

    @property
    def name(self) -> str:
        """The address, for logs and errors."""
        return self.connection().name


class MqttLine:
    """A FrameLine (hw/ports.py) over a connection that is open. Build it with `open_mqtt_line`."""

    def __init__(self, node: str, connection: MqttConnection) -> None:
        self._topic = f"det/{node}"
        self._connection = connection

    def frames(self) -> AsyncIterator[bytes]:
        """Frames as they come. Raises OSError when the broker is gone."""
        return self._connection.frames()

    async def write_frame(self, frame: bytes) -> None:
        """Returns once the broker has it. Raises OSError when it does not take it."""
        await self._connection.write(self._topic, frame)

    async def close(self) -> None:
        """Say goodbye if the broker still listens."""
        await self._connection.close()


async def open_mqtt_line(broker: Broker) -> MqttLine:
    """Connect and subscribe. Raises OSError naming the broker and the cause."""
    connection = MqttConnection(broker.connection(), SESSION_S)
    await connection.open(f"cmd/{broker.node}")
    return MqttLine(broker.node, connection)
