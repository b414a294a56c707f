"""The broker: is it there, does its TLS hold, does it let us in.

Mosquitto as `soundpost init` sets it up takes the user's name for the client id, and a second connection of one client
id throws the first out (MQTT 5, 3.1.4). So the doctor never logs in while a gateway or a node does: it goes as far as
TLS, whose server refuses a wrong certificate right after the handshake, and leaves.
"""

import asyncio
import contextlib
import pathlib
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509

from gateway.assembly.gateway import broker_of
from gateway.intake.tables import MqttTable
from hw.mqtt_connection import Broker, MqttConnection
from soundpost.broker.authority import SOON
from soundpost.doctor.verdict import Verdict, failed, passed, warned
from soundpost.terminal import one_line

REFUSAL_S = 0.5
"""TLS 1.3: a client certificate is refused by an alert after the handshake is done for the client (RFC 8446, 4.4.2.4,
6.2); who hears none for so long was let in, on a network where an answer takes less."""


@dataclass(frozen=True, slots=True)
class Answer:
    """tls : its version, "" in the clear. ends : when the broker's certificate does. why : it could not be reached or
    refused us, in words. logged_in : None where that was not tried."""

    tls: str = ""
    ends: datetime | None = None
    why: str = ""
    logged_in: bool | None = None


def judge_broker(answer: Answer, name: str, now: datetime) -> list[Verdict]:
    """name : its address."""
    if answer.why:
        return [failed("broker", answer.why, "is Mosquitto running, and is this its address? see its log", name)]
    says = f"answers{f' by {answer.tls}' if answer.tls else ' in the clear'}"
    says += " and lets us in" if answer.logged_in else ""
    if not answer.tls and not name.startswith(("mqtt://127.", "mqtt://localhost")):
        found = [warned("broker", says, "give it TLS: everybody on the way can read and hold back frames", name)]
    else:
        found = [passed("broker", says, name)]
    if answer.ends is not None and answer.ends - now < SOON:
        renew = "make it a new one (soundpost keys rotate broker)"
        found.append(warned("broker", f"its certificate ends on {answer.ends:%Y-%m-%d}", renew, name))
    return found


def check_broker(table: MqttTable, folder: pathlib.Path, may_log_in: bool) -> list[Verdict]:
    """may_log_in : nobody of this config is connected. Raises OSError or ValueError naming a file."""
    broker = broker_of(table, folder)
    return judge_broker(asyncio.run(_ask(broker, may_log_in)), broker.name, datetime.now(UTC))


async def _ask(broker: Broker, may_log_in: bool) -> Answer:
    try:
        answer = await _knock(broker)
        if not may_log_in:
            return answer
        connection = MqttConnection(broker, None)
        await connection.open()
        await connection.close()
    except (OSError, EOFError) as error:
        return Answer(why=one_line(error) or type(error).__name__)
    return Answer(answer.tls, answer.ends, logged_in=True)


async def _knock(broker: Broker) -> Answer:
    """TCP, and TLS where there is any. Raises OSError."""
    reader, writer = await asyncio.open_connection(broker.host, broker.port, ssl=broker.tls)
    try:
        tls = writer.get_extra_info("ssl_object")
        if tls is None:
            return Answer()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(REFUSAL_S):
                if not await reader.read(1):
                    raise ConnectionError("hangs up after the TLS handshake: it does not take our certificate")
        return Answer(tls.version() or "", _ends(tls))
    finally:
        writer.transport.abort()


def _ends(tls: ssl.SSLObject) -> datetime | None:
    der = tls.getpeercert(binary_form=True)
    return None if der is None else x509.load_der_x509_certificate(der).not_valid_after_utc
