"""A connection to brokers that refuse, keep silent, stall or give our name to another: each fault is named."""

import asyncio
import contextlib
import gc

import pytest

from hw.mqtt_connection import KEEPALIVE_S, WINDOW, Broker, MqttConnection, NoWayIn

LIMIT_S = 10
CONNECT, PUBLISH, PUBACK, SUBSCRIBE, PINGREQ, DISCONNECT = 1, 3, 4, 8, 12, 14


class OddBroker:
    """Speaks as little MQTT 5 as is needed. faults: what it does wrong. acked: the packet ids that we acknowledged.
    ended: how many connections did."""

    def __init__(self, *faults):
        self.faults, self.acked, self.published = faults, [], 0
        self.ended = 0
        self._more = asyncio.Event()
        self._writers = []

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self._server.close()
        for writer in self._writers:
            writer.close()

    def connection(self, **more):
        return MqttConnection(Broker("127.0.0.1", self.port, "us", **more), None)

    def cut(self):
        self._writers[-1].close()

    def say(self, packet):
        self._writers[-1].write(packet)

    async def until(self, condition):
        async with asyncio.timeout(LIMIT_S):
            while not condition(self):
                self._more.clear()
                await self._more.wait()

    async def _serve(self, reader, writer):
        self._writers.append(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                kind = (await reader.readexactly(1))[0] >> 4
                body = await reader.readexactly((await reader.readexactly(1))[0])
                self._answer(kind, body, writer)
                self._more.set()
        self.ended += 1
        self._more.set()

    def _answer(self, kind, body, writer):
        if kind == CONNECT and "silent" not in self.faults:
            writer.write(b"\x20\x03\x00\x87\x00" if "stranger" in self.faults else b"\x20\x03\x00\x00\x00")
        elif kind == SUBSCRIBE and "no suback" not in self.faults:
            code = b"\x87" if "no listening" in self.faults else b"\x00" if "qos 0" in self.faults else b"\x01"
            writer.write(b"\x90\x04" + body[:2] + b"\x00" + code)
        elif kind == PUBLISH:
            self.published += 1
            length = int.from_bytes(body[:2])
            if "no puback" not in self.faults:
                refused = "no saying" in self.faults or f"no saying on {body[2 : 2 + length].decode()}" in self.faults
                code = b"\x87" if refused else b"\x00"
                writer.write(b"\x40\x04" + body[2 + length : 4 + length] + code + b"\x00")
        elif kind == PUBACK:
            self.acked.append(int.from_bytes(body[:2]))
        elif kind == DISCONNECT:
            writer.close()


def frame_packet(topic, number, frame, qos=1):
    head = len(topic).to_bytes(2) + topic + (number.to_bytes(2) if qos else b"") + b"\x00"
    return bytes([0x30 | qos << 1, len(head + frame)]) + head + frame


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr("hw.mqtt_connection.CONNECT_S", 0.2)


@pytest.mark.parametrize(
    ("fault", "kind", "says"),
    [
        ("stranger", NoWayIn, "no way into the MQTT broker .*Not authorized"),
        ("no listening", NoWayIn, r"does not let us listen on det/\+ at QoS 1 \(Not authorized\)"),
        ("qos 0", NoWayIn, r"does not let us listen on det/\+ at QoS 1 \(Granted QoS 0\)"),
        ("no suback", OSError, r"no answer to our subscription of det/\+"),
        ("silent", OSError, r"takes the connection and says nothing for 0.2 s; does this port want TLS\?"),
    ],
)
async def test_what_does_not_let_us_listen_is_named(impatient, fault, kind, says):
    async with OddBroker(fault) as broker:
        with pytest.raises(kind, match=f"mqtt://127.0.0.1:{broker.port}: .*{says}"):
            await broker.connection().open("det/+")


async def test_a_publication_that_is_refused_is_named():
    async with OddBroker("no saying") as broker:
        connection = broker.connection()
        await connection.open("cmd/n1")

        with pytest.raises(NoWayIn, match=r"does not take what we say on det/n1 \(Not authorized\)"):
            await connection.write("det/n1", b"x")
        await connection.close()


async def test_a_publication_that_is_refused_says_nothing_of_others_before_it_beside_it_and_after_it():
    async with OddBroker("no saying on det/n1") as broker:
        connection = broker.connection()
        await connection.open("cmd/+")
        topics = [f"det/n{i % 3}" for i in range(15)]
        together = await asyncio.gather(*(connection.write(t, b"x") for t in topics), return_exceptions=True)
        for topic in ("det/n1", "det/n2"):
            with contextlib.suppress(NoWayIn):
                await connection.write(topic, b"x")
        await connection.write("det/n2", b"x")
        await connection.close()

    assert [topic for topic, answer in zip(topics, together, strict=True) if answer] == ["det/n1"] * 5


async def test_another_program_with_our_client_id_is_named():
    async with OddBroker() as broker:
        connection = broker.connection()
        await connection.open("det/+")
        broker.say(b"\xe0\x02\x8e\x00")

        with pytest.raises(OSError, match="another program came in with our client id 'us'"):
            await anext(connection.frames())
        await connection.close()


async def test_a_frame_is_acknowledged_only_when_the_next_one_is_asked_for():
    async with OddBroker() as broker:
        connection = broker.connection()
        await connection.open("det/+")
        for number in (1, 2):
            broker.say(frame_packet(b"det/a", number, b"%d" % number))
        frames = connection.frames()
        first = await anext(frames)
        none_yet = list(broker.acked)
        second = await anext(frames)
        await broker.until(lambda of: of.acked)
        await connection.close()

    assert (first, second, none_yet, broker.acked) == (b"1", b"2", [], [1])


async def test_a_topic_that_floods_at_qos_0_is_cut_and_one_at_qos_1_loses_nothing():
    async with OddBroker() as broker:
        connection = broker.connection()
        await connection.open("det/+")
        for _ in range(2000):
            broker.say(frame_packet(b"det/flood", 0, b"f", qos=0))
        for number in range(1, 101):
            broker.say(frame_packet(b"det/a", number, b"%d" % number))
        heard = []
        async with asyncio.timeout(LIMIT_S):
            async for frame in connection.frames():
                heard.append(frame)
                if frame == b"100":
                    break
        await connection.close()

    assert [frame for frame in heard if frame != b"f"] == [b"%d" % number for number in range(1, 101)]


async def test_what_we_say_does_not_wait_for_the_answer_to_what_was_said_before():
    async with OddBroker("no puback") as broker:
        connection = broker.connection()
        await connection.open("det/+")
        writing = [asyncio.create_task(connection.write("cmd/a", b"x")) for _ in range(WINDOW)]
        await broker.until(lambda of: of.published == WINDOW)
        for each in writing:
            each.cancel()
        await asyncio.gather(*writing, return_exceptions=True)
        await connection.close()


async def test_a_broker_that_gives_no_answer_is_a_timeout_and_the_connection_goes_on(impatient):
    async with OddBroker("no puback") as broker:
        connection = broker.connection()
        await connection.open("det/+")
        with pytest.raises(TimeoutError):
            await connection.write("cmd/a", b"x")
        broker.faults = ()
        await connection.write("cmd/a", b"y")
        await connection.close()

    assert broker.published == 2


async def test_a_connection_that_is_cut_while_nobody_reads_leaves_no_error_that_nobody_asked_for():
    unasked = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: unasked.append(context["message"]))
    async with OddBroker() as broker:
        connection = broker.connection()
        await connection.open("cmd/a")
        broker.cut()
        with pytest.raises(OSError, match="mqtt://"):  # it knows by now
            async with asyncio.timeout(LIMIT_S):
                while True:
                    await connection.write("det/a", b"x")
        await connection.close()
    del connection
    gc.collect()

    assert unasked == []


@pytest.mark.parametrize("fault", ["stranger", "silent", "no suback", "no listening"])
async def test_a_connection_that_did_not_come_about_is_not_left_half_open(fault, impatient):
    async with OddBroker(fault) as broker:
        connection = broker.connection()
        with pytest.raises(OSError, match="mqtt://"):
            await connection.open("det/+")

        async with asyncio.timeout(KEEPALIVE_S / 2):
            await broker.until(lambda of: of.ended == 1)
