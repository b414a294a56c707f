"""One connection to an MQTT 5 broker that says why it fails: frames in and out at QoS 1.

What came is acknowledged to the broker only when it was taken: whoever reads `frames` and does not come back for the
next holds the broker back, which keeps the rest (MQTT 5, 3.1.2.11.3 and 4.9), and nothing that the broker was told we
have is dropped. Topics take turns, so that one that floods does not keep the others waiting. What comes at QoS 0 has
no such promise, and is dropped where too much of its topic waits.

TCP_NODELAY: an acknowledgement of a few bytes must not wait for the one before it to be confirmed (Nagle).
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import aiomqtt
from aiomqtt.exceptions import MqttConnectError
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from hw.fair_queue import FairQueue

CONNECT_S = 5.0
KEEPALIVE_S = 10
MAX_PACKET_BYTES = 8192
UNTAKEN = 256  # frames at QoS 1 that the broker may have sent and we have not taken
MOST_A_TOPIC, MOST = 256, 4096
WINDOW = 20  # frames of ours that may wait for the broker's word: what Mosquitto takes by default, and paho
CUT = 128  # what paho gives where the broker gave no reason
TAKEN_OVER = 142  # MQTT 5, 2.4: 0x8E, session taken over


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is and who we are to it. With `tls` a client certificate may stand for user and password."""

    host: str
    port: int
    identifier: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """The address, for logs and errors."""
        return f"{'mqtt' if self.tls is None else 'mqtts'}://{self.host}:{self.port}"


class NoWayIn(PermissionError):
    """The broker is there and does not let us in, or does not let us listen: trying again alone will not help."""


class MqttConnection:
    """A connection over which topics are heard. Every fault is an OSError that names the broker and the cause."""

    def __init__(self, broker: Broker, session_s: int | None, most_bytes: int = MAX_PACKET_BYTES) -> None:
        """session_s : how long the broker keeps what comes for us while we are away; None: not at all. most_bytes : of
        one message; a broker lets longer ones fall."""
        self._broker = broker
        self._client = _Client(broker, session_s, most_bytes)

    @property
    def window(self) -> int:
        """How many `write` may run at once."""
        return WINDOW

    @property
    def dropped(self) -> int:
        """How many frames at QoS 0 there was no room for."""
        return self._client.dropped

    async def open(self, *topics: str) -> None:
        """Connect and listen on topics. Raises NoWayIn where the broker refuses, else OSError."""
        try:
            await self._client.__aenter__()
        except MqttConnectError as error:
            raise NoWayIn(f"{self._broker.name}: no way into the MQTT broker ({error})") from error
        except aiomqtt.MqttError as error:
            self._client.give_up()
            raise OSError(f"{self._broker.name}: no way into the MQTT broker ({self._unanswered(error)})") from error
        for topic in topics:
            await self._listen(topic)

    async def frames(self) -> AsyncIterator[bytes]:
        """Frames as they come; each is taken when the next one is asked for. OSError when the broker is gone."""
        async with contextlib.aclosing(self.messages()) as messages:
            async for _, frame in messages:
                yield frame

    async def _listen(self, topic: str) -> None:
        try:
            codes = await self._client.subscribe(topic, qos=1)
        except aiomqtt.MqttError as error:
            await self.close()
            raise OSError(f"{self._broker.name}: no answer to our subscription of {topic} ({error})") from error
        for code in codes:
            if isinstance(code, ReasonCode) and code.value != 1:
                await self.close()
                raise NoWayIn(f"{self._broker.name}: the broker does not let us listen on {topic} at QoS 1 ({code})")

    async def messages(self) -> AsyncGenerator[tuple[str, bytes], None]:
        """(topic, frame) in the same way."""
        try:
            async for first in self._client.messages:
                each: aiomqtt.Message | None = first
                while each is not None:
                    if isinstance(each.payload, bytes):
                        yield str(each.topic), each.payload
                    self._client.take(each)
                    each = self._client.next_waiting()
        except aiomqtt.MqttError as error:
            raise OSError(f"{self._broker.name}: {self._gone(error)}") from error

    async def write(self, topic: str, frame: bytes) -> None:
        """Returns once the broker has it. OSError where it does not take it; TimeoutError where it says nothing."""
        try:
            await self._client.publish(topic, frame, qos=1)
        except aiomqtt.MqttCodeError as error:
            raise OSError(f"{self._broker.name}: {error}") from error
        except aiomqtt.MqttError as error:
            raise TimeoutError(f"{self._broker.name}: no answer within {CONNECT_S:g} s") from error
        if refused := self._client.refusal():
            raise NoWayIn(f"{self._broker.name}: the broker does not take what we say on {topic} ({refused})")

    async def close(self) -> None:
        """Say goodbye if the broker still listens."""
        try:
            await self._client.__aexit__(None, None, None)
        except aiomqtt.MqttError:
            return
        finally:
            self._client.forget()

    def _unanswered(self, error: aiomqtt.MqttError) -> str:
        text = str(error)
        if text == "Operation timed out":
            hint = "; does this port want TLS?" if self._broker.tls is None else ""
            return f"it takes the connection and says nothing for {CONNECT_S:g} s{hint}"
        if "WRONG_VERSION_NUMBER" in text or "RECORD_LAYER" in text:
            return f"this port does not speak TLS: {text}"
        return text

    def _gone(self, error: aiomqtt.MqttError) -> str:
        cause = error.__cause__
        if isinstance(cause, aiomqtt.MqttCodeError) and getattr(cause.rc, "value", None) == TAKEN_OVER:
            return f"another program came in with our client id {self._broker.identifier!r}; give each its own"
        if isinstance(cause, aiomqtt.MqttCodeError) and getattr(cause.rc, "value", None) == CUT:
            other = f"does another program use our client id {self._broker.identifier!r}?"
            return f"the broker is gone: the connection was cut, or it did not answer ({other})"
        return str(cause or error)


class _Waiting(FairQueue[aiomqtt.Message]):
    """What has come and was not taken, topics in turn. dropped : how much there was no room for."""

    dropped = 0

    def line_of(self, item: aiomqtt.Message) -> str:
        return str(item.topic)

    def put_nowait(self, item: aiomqtt.Message) -> None:
        full = item.qos == 0 and self.waiting(self.line_of(item)) >= MOST_A_TOPIC
        if full or self.qsize() >= MOST:
            self.dropped += 1
        else:
            super().put_nowait(item)


class _Client(aiomqtt.Client):
    """aiomqtt's client, which leaves the acknowledging to us and keeps the broker's refusals."""

    def __init__(self, broker: Broker, session_s: int | None, most_bytes: int) -> None:
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.MaximumPacketSize = most_bytes
        properties.ReceiveMaximum = UNTAKEN
        if session_s is not None:
            properties.SessionExpiryInterval = session_s
        super().__init__(
            broker.host,
            broker.port,
            username=broker.user,
            password=broker.password,
            identifier=broker.identifier,
            protocol=aiomqtt.ProtocolVersion.V5,
            clean_start=session_s is None,
            properties=properties,
            timeout=CONNECT_S,
            keepalive=KEEPALIVE_S,
            tls_context=broker.tls,
            queue_type=_Waiting,
            max_inflight_messages=WINDOW,
            socket_options=((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),),
        )
        self.pending_calls_threshold = WINDOW
        self._refused: dict[int, str] = {}  # by message, why the broker did not take it
        self._refusals: dict[asyncio.Task[Any] | None, str] = {}  # by who published it
        self._client.manual_ack_set(True)

    @property
    def dropped(self) -> int:
        return self._queue.dropped if isinstance(self._queue, _Waiting) else 0

    def next_waiting(self) -> aiomqtt.Message | None:
        """What waits already, without the wait that `messages` makes of each."""
        return None if self._queue.empty() or self._disconnected.done() else self._queue.get_nowait()

    def take(self, message: aiomqtt.Message) -> None:
        """Tell the broker that we have it."""
        if message.qos:
            self._client.ack(message.mid, message.qos)

    def refusal(self) -> str:
        """Why the broker did not take what this task published last; "" where it did."""
        return self._refusals.pop(asyncio.current_task(), "")

    def give_up(self) -> None:
        """Leave no half-open connection: it would come in with our client id when the broker wakes up."""
        self._client.disconnect()

    def forget(self) -> None:
        """Nobody will ask any more what became of the connection."""
        if self._disconnected.done() and not self._disconnected.cancelled():
            self._disconnected.exception()

    @contextlib.contextmanager
    def _pending_call(self, mid: int, value: Any, pending: dict[int, Any]) -> Iterator[None]:
        try:
            with super()._pending_call(mid, value, pending):
                yield
        finally:
            if (why := self._refused.pop(mid, "")) and pending is self._pending_publishes:
                self._refusals[asyncio.current_task()] = why

    def _on_publish(self, client: Any, userdata: Any, mid: int, reason_code: Any, properties: Any) -> None:
        if reason_code.is_failure and mid in self._pending_publishes:
            self._refused[mid] = str(reason_code)
        super()._on_publish(client, userdata, mid, reason_code, properties)


def tls_context(ca_file: str | None, cert_file: str | None, key_file: str | None) -> ssl.SSLContext:
    """TLS 1.2 or newer against one authority, with our certificate where the broker wants one.

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
