"""Frames over MQTT 3.1.1 and TLS with a pre-shared key: out on det/NODE, in on cmd/NODE, as firmware/linux/mqtt_line.py
has.

A PUBACK is not waited for: what the broker acknowledges may be lost all the same (notes/reliability.md section 0), and
only the gateway's own ack counts. A connection that says nothing for KEEPALIVE_S, pings included, is gone.
"""

from asyncio import Lock, StreamReader, StreamWriter, open_connection, wait_for_ms
from asyncio import TimeoutError as Late
from time import ticks_diff, ticks_ms

import tls

from hw.mcu import mqtt_packets as mqtt

KEEPALIVE_S = 10
LIMIT_MS = 5000


class MqttLine:
    """A line that carries whole frames both ways. Build it with `open_mqtt_line`."""

    def __init__(self, reader: StreamReader, writer: StreamWriter, node: str) -> None:
        self._reader, self._writer, self._node = reader, writer, node
        self._number = 1
        self._heard_ms = self._pinged_ms = ticks_ms()
        self._writing = Lock()

    async def greet(self) -> None:
        """Connect and subscribe. OSError where the broker does not let us in."""
        await self._write(mqtt.connect("soundpost-" + self._node, KEEPALIVE_S))
        answer: bytes = await wait_for_ms(self._until(mqtt.CONNACK), LIMIT_MS)
        if answer[1:2] != b"\0":
            raise OSError("the MQTT broker refuses us")
        await self._write(mqtt.subscribe(1, "cmd/" + self._node))
        answer = await wait_for_ms(self._until(mqtt.SUBACK), LIMIT_MS)
        if answer[2:3] == b"\x80":
            raise OSError("the MQTT broker refuses us our answers")

    async def read_frames(self) -> list[bytes]:
        """The next frame. OSError when the broker is gone. Not to be broken off and called again."""
        while True:
            first, body = await self._packet()
            if first >> 4 == mqtt.PUBLISH:
                return [await self._accept(first, body)]

    async def tend(self) -> None:
        """Ping where it is time to. OSError where the broker has said nothing for KEEPALIVE_S."""
        now_ms = ticks_ms()
        if ticks_diff(now_ms, self._heard_ms) > KEEPALIVE_S * 1000:
            raise OSError("the MQTT broker is silent")
        if ticks_diff(now_ms, self._pinged_ms) > KEEPALIVE_S * 400:
            self._pinged_ms = now_ms
            await self._write(mqtt.PING)

    async def write_frame(self, frame: bytes) -> None:
        """Returns when it is on its way."""
        self._number = self._number % 65_535 + 1
        await self._write(mqtt.publish(self._number, "det/" + self._node, len(frame)), frame)

    async def close(self) -> None:
        """Say goodbye if the broker still listens, and give back the memory that TLS has: `close` alone does not."""
        try:
            await self._write(mqtt.BYE)
        except OSError:
            pass
        await self._writer.wait_closed()

    async def _accept(self, first: int, body: bytes) -> bytes:
        try:
            number, payload = mqtt.split_publish(first, body)
        except ValueError as error:
            raise OSError(str(error))  # noqa: B904
        if number is not None:
            await self._write(mqtt.puback(number))
        return payload

    async def _until(self, kind: int) -> bytes:
        """The body of the next packet of this kind."""
        while True:
            first, body = await self._packet()
            if first >> 4 == kind:
                return body

    async def _packet(self) -> "tuple[int, bytes]":
        """First byte and body of the next packet. OSError at the end, or where it is longer than any of ours."""
        try:
            first = (await self._reader.readexactly(1))[0]
            size = shift = 0
            while True:
                byte = (await self._reader.readexactly(1))[0]
                size |= (byte & 127) << shift
                shift += 7
                if byte < 128 or shift > 21:
                    break
            if size > mqtt.MAX_PACKET:
                raise OSError("a packet that is too long")
            body = await self._reader.readexactly(size) if size else b""
            self._heard_ms = ticks_ms()
            return first, body
        except EOFError:
            raise OSError("the MQTT broker has closed the connection")  # noqa: B904

    async def _write(self, *parts: bytes) -> None:
        """A packet, part by part: put together it would need as much memory again, in one piece."""
        async with self._writing:  # two that drain at once would send all twice
            for part in parts:
                self._writer.write(part)
            try:
                await wait_for_ms(self._writer.drain(), LIMIT_MS)
            except Late:
                raise OSError("the MQTT broker takes nothing")  # noqa: B904


async def open_mqtt_line(host: str, port: int, node: str, key: bytes) -> MqttLine:
    """Connect as `node` with its key for the broker. Raises OSError, also where the broker does not answer in time."""
    context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    context.psk_identity = node.encode()  # type: ignore[attr-defined]  # of the 1.29 line; the stubs lag
    context.psk_key = key  # type: ignore[attr-defined]
    line = None
    try:
        opening = open_connection(host, port, ssl=context, server_hostname=host)
        both: tuple[StreamReader, StreamWriter] = await wait_for_ms(opening, LIMIT_MS)
        line = MqttLine(both[0], both[1], node)
        await line.greet()
        return line
    except (Late, EOFError, OSError) as error:
        if line is not None:
            await line.close()
        raise OSError(f"{host}: no way into the MQTT broker ({error})")  # noqa: B904
