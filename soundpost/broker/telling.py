"""Tells a Mosquitto that runs here of what was changed in its files, so that it is in force at once: SIGHUP, and then
everybody whose identity changed is thrown out by somebody who comes under the same name for an instant (MQTT 5, 3.1.4:
the session is taken over). Whoever held the old certificate or key is not let in again.
"""

import asyncio
import os
import pathlib
import signal
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hw.mqtt_connection import Broker, MqttConnection, tls_context
from soundpost.broker import authority
from soundpost.broker.authority import Issued
from soundpost.broker.identities import CA, CA_KEY, made_of
from soundpost.broker.texts import TLS_PORT

PID = "broker/run/mosquitto.pid"
INSTANT = timedelta(minutes=10)
NONE_RUNS = "No broker runs on this folder here: it is in force from the broker's next start"


def tell(street: pathlib.Path, nodes: Sequence[str], restart: bool) -> str:
    """Make it in force. Comes back: what was done, and what is left to do, in words. Never fails."""
    pid = running(street)
    if pid is None:
        return f"{NONE_RUNS} (one on another host: copy broker/ there, and reload it)."
    if restart:
        return "Start the broker again: it reads this only then."
    try:
        os.kill(pid, signal.SIGHUP)
    except OSError as error:
        return f"The broker could not be told ({error.strerror}), and is as before: as root, kill -HUP {pid}."
    left = [node for node in nodes if not _thrown_out(street, node)]
    if left:
        return f"The broker was told, but {', '.join(left)} may still be connected: start it again."
    return "The broker was told, and whoever was connected is thrown out: in force now."


def running(street: pathlib.Path) -> int | None:
    """The process id of the Mosquitto that runs on this street's folder."""
    try:
        pid = int((street / PID).read_text())
        name = pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
    except (OSError, ValueError):
        return None
    return pid if name == "mosquitto" else None


def _thrown_out(street: pathlib.Path, node: str) -> bool:
    """Under its name, with a certificate that nobody keeps and that soon ends."""
    port = made_of(street).get("port")
    ca = Issued((street / CA).read_text(), (street / CA_KEY).read_text())
    issued = authority.issue(ca, node, datetime.now(UTC), lasts=INSTANT)
    with tempfile.TemporaryDirectory(prefix="soundpost-") as folder:
        where = pathlib.Path(folder)
        for name, text in (("ca.pem", ca.certificate), ("node.pem", issued.certificate), ("node.key", issued.key)):
            (where / name).touch(0o600)
            (where / name).write_text(text)
        tls = tls_context(*(str(where / name) for name in ("ca.pem", "node.pem", "node.key")))
    broker = Broker("127.0.0.1", port if isinstance(port, int) else TLS_PORT, node, tls=tls)
    return asyncio.run(_visit(broker))


async def _visit(broker: Broker) -> bool:
    connection = MqttConnection(broker, None)
    try:
        await connection.open()
        await connection.close()
    except OSError:
        return False
    return True
