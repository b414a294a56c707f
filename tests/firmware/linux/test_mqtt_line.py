"""A node's line over a real MQTT 5 broker on loopback: both ways, and an OSError that names the broker when it goes."""

import asyncio
import contextlib

import aiomqtt
import pytest

from firmware.linux.mqtt_line import Broker, open_mqtt_line
from hw.mqtt_connection import tls_context
from simulators.ports import free_ports

LIMIT_S = 10


@contextlib.asynccontextmanager
async def mosquitto(path, folder):
    """A broker that only this test knows; comes out as its port and process."""
    port = free_ports(1)[0]
    (folder / "mosquitto.conf").write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nlog_type error\n")
    process = await asyncio.create_subprocess_exec(path, "-c", folder / "mosquitto.conf")
    try:
        async with asyncio.timeout(LIMIT_S):
            await answering(port)
        yield port, process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def answering(port):
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.01)
        else:
            writer.close()
            return


async def test_frames_go_out_on_det_and_come_in_on_cmd(program, tmp_path):
    async with mosquitto(program("mosquitto"), tmp_path) as (port, _), asyncio.timeout(LIMIT_S):
        line = await open_mqtt_line(Broker("127.0.0.1", port, "n17"))
        async with aiomqtt.Client("127.0.0.1", port, protocol=aiomqtt.ProtocolVersion.V5) as gateway:
            await gateway.subscribe("det/+", qos=1)
            await line.write_frame(b"\x00up\xff")
            heard = await anext(gateway.messages)
            await gateway.publish("cmd/n18", b"not mine", qos=1)
            await gateway.publish("cmd/n17", b"\x00down\xff", qos=1)
            answer = await anext(line.frames())
        await line.close()

    assert (str(heard.topic), heard.payload, heard.qos) == ("det/n17", b"\x00up\xff", 1)
    assert answer == b"\x00down\xff"


async def test_a_broker_that_dies_is_an_oserror_that_names_it(program, tmp_path):
    async with mosquitto(program("mosquitto"), tmp_path) as (port, process), asyncio.timeout(LIMIT_S):
        line = await open_mqtt_line(Broker("127.0.0.1", port, "n17"))
        process.kill()

        with pytest.raises(OSError, match=f"mqtt://127.0.0.1:{port}"):
            await anext(line.frames())
        with pytest.raises(OSError, match=f"mqtt://127.0.0.1:{port}"):
            await line.write_frame(b"x")
        await line.close()


async def test_what_came_while_the_line_was_down_is_delivered(program, tmp_path):
    async with mosquitto(program("mosquitto"), tmp_path) as (port, _), asyncio.timeout(LIMIT_S):
        broker = Broker("127.0.0.1", port, "n17")
        await (await open_mqtt_line(broker)).close()
        async with aiomqtt.Client("127.0.0.1", port, protocol=aiomqtt.ProtocolVersion.V5) as gateway:
            await gateway.publish("cmd/n17", b"while away", qos=1)
        line = await open_mqtt_line(broker)
        frame = await anext(line.frames())
        await line.close()

    assert frame == b"while away"


async def test_no_broker_is_an_oserror_that_names_it():
    port = free_ports(1)[0]

    with pytest.raises(OSError, match=f"mqtt://127.0.0.1:{port}: no way into"):
        await open_mqtt_line(Broker("127.0.0.1", port, "n17"))


def test_a_certificate_that_is_none_is_named_and_a_password_is_not_shown(tmp_path):
    path = tmp_path / "ca.pem"
    path.write_text("no certificate")

    with pytest.raises(OSError, match=r"ca\.pem: not a usable"):
        tls_context(str(path), None, None)
    with pytest.raises(OSError, match=r"gone\.pem"):
        tls_context(str(tmp_path / "gone.pem"), None, None)
    assert "hush" not in repr(Broker("h", 1, "n", "u", "hush"))
