"""The gateway's link over a real Mosquitto that stalls, comes late, or goes."""

import asyncio
import contextlib
import signal

import aiomqtt
import pytest
from structlog.testing import capture_logs

from gateway.intake.link_mqtt import MqttLink
from hw.mqtt_connection import Broker
from simulators.ports import free_ports

LIMIT_S = 20


class World:
    """A link that is running, and what it delivered."""

    def __init__(self, port):
        self.link = MqttLink(Broker("127.0.0.1", port, "gateway"))
        self.heard, self.ups, self._more = [], 0, asyncio.Event()

    async def deliver(self, _link, frame):
        self.heard.append(frame)
        self._more.set()

    def connected(self, _link):
        self.ups += 1
        self._more.set()

    async def until(self, condition):
        async with asyncio.timeout(LIMIT_S):
            while not condition():
                self._more.clear()
                await self._more.wait()


@pytest.fixture
def free_port():
    return free_ports(1)[0]


@contextlib.asynccontextmanager
async def running(world):
    task = asyncio.create_task(world.link.run(world.deliver, world.connected))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@contextlib.asynccontextmanager
async def mosquitto(path, folder, port, more=""):
    lines = f"listener {port} 127.0.0.1\nallow_anonymous true\nlog_type error\n{more}"
    (folder / "mosquitto.conf").write_text(lines)
    process = await asyncio.create_subprocess_exec(path, "-c", folder / "mosquitto.conf")
    try:
        yield process
    finally:
        process.kill()
        await process.wait()


async def test_a_broker_that_is_not_there_is_said_and_waited_for_and_its_coming_is_said(program, tmp_path, free_port):
    world = World(free_port)
    with capture_logs() as logs:
        await world.link.open()
        async with mosquitto(program("mosquitto"), tmp_path, free_port), running(world):
            await world.until(lambda: world.ups == 1)

    told = [(each["event"], each.get("why", "")) for each in logs if each["log_level"] != "debug"]
    assert [event for event, _ in told] == ["broker lost", "broker is back"]
    assert f"mqtt://127.0.0.1:{free_port}: no way into the MQTT broker" in told[0][1]


async def test_replies_go_on_after_the_broker_stalled_with_one_in_flight(program, tmp_path, free_port, monkeypatch):
    monkeypatch.setattr("hw.mqtt_connection.CONNECT_S", 0.5)
    world = World(free_port)
    async with mosquitto(program("mosquitto"), tmp_path, free_port) as broker, running(world):
        await world.until(lambda: world.ups == 1)
        async with aiomqtt.Client("127.0.0.1", free_port) as node:
            await node.subscribe("cmd/+", qos=1)
            broker.send_signal(signal.SIGSTOP)
            for number in range(30):
                world.link.send("n1", b"stalled %d" % number)
            await asyncio.sleep(0.8)  # longer than a reply is waited for; that the broker is silent cannot be seen
            broker.send_signal(signal.SIGCONT)
            world.link.send("n1", b"after")
            async with asyncio.timeout(LIMIT_S):
                async for each in node.messages:
                    if each.payload == b"after":
                        break

    assert each.payload == b"after"


async def test_two_with_one_client_id_name_the_cause_and_do_not_go_on_about_it(program, tmp_path, free_port):
    one, other = World(free_port), World(free_port)
    with capture_logs() as logs:
        async with mosquitto(program("mosquitto"), tmp_path, free_port), running(one), running(other):
            await one.until(lambda: one.ups >= 6)
            ups = one.ups + other.ups
    told = [each for each in logs if each["log_level"] != "debug"]
    causes = [each["why"] for each in told if each["event"] == "broker comes and goes"]

    assert ups >= 10
    assert len(causes) == 2
    assert all("our client id 'gateway'" in why for why in causes)
    assert len(told) <= 12


async def test_a_node_whose_topic_is_refused_is_named_and_the_others_get_their_acks(program, tmp_path, free_port):
    (tmp_path / "acl").write_text("topic read det/+\ntopic write cmd/n2\ntopic read cmd/+\n")
    world = World(free_port)
    with capture_logs() as logs:
        more = f"acl_file {tmp_path / 'acl'}\nuser root\n"
        async with mosquitto(program("mosquitto"), tmp_path, free_port, more), running(world):
            await world.until(lambda: world.ups == 1)
            async with aiomqtt.Client("127.0.0.1", free_port, protocol=aiomqtt.ProtocolVersion.V5) as node:
                await node.subscribe("cmd/+", qos=1)
                for number in range(3):
                    world.link.send("n1", b"%d" % number)
                    world.link.send("n2", b"%d" % number)
                async with asyncio.timeout(LIMIT_S):
                    heard = [(await anext(node.messages)).payload for _ in range(3)]
    refused = [(each["node"], each["event"]) for each in logs if each["log_level"] == "error"]

    assert heard == [b"0", b"1", b"2"]
    assert refused == [("n1", "a node gets no acks")]
