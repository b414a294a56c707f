"""The files of a street's Mosquitto (2.0 or later), as texts: its config, who may say what, the boards' keys.

Everybody is who their certificate (CN), or their pre-shared key's identity, says: that is their user name and their
client id, so nobody can throw another one out. A node may write its own topic and hear its own answers; only who is
named in `acl` may do anything, so that a line taken out there is in force at once for who is connected. What is in
force after SIGHUP, and what after a restart: mosquitto.conf(5), "reloaded on reload signal".
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

GATEWAY, BROKER = "gateway", "broker"
TLS_PORT, PSK_PORT = 8883, 8884
MOST_BYTES = 8192
"""Of a packet: what gateway and nodes take (hw/mqtt_connection.py)."""
MOST_CONNECTIONS = 256
"""A listener's: of 60 nodes, each twice while it comes back, and whoever else."""


@dataclass(frozen=True, slots=True)
class Listening:
    """Where a broker listens. psk_port : None where no board comes by it. user : as whom it
    runs where root starts it. folder : where its files are, whole path."""

    port: int
    psk_port: int | None
    user: str
    folder: str


def mosquitto_conf(to: Listening) -> str:
    """mosquitto.conf."""
    most = MOST_CONNECTIONS
    blocks = [_COMMON.format(folder=to.folder, user=to.user, bytes=MOST_BYTES)]
    blocks.append(_TLS.format(port=to.port, folder=to.folder, most=most))
    if to.psk_port is not None:
        blocks.append(_PSK.format(port=to.psk_port, folder=to.folder, most=most))
    return "\n".join(blocks)


_COMMON = """\
# Mosquitto for one street: written by soundpost init. Run it with: mosquitto -c {folder}/mosquitto.conf
# Settings that you change here stay, unless a first board comes to the street: then soundpost init says so.
user {user}
pid_file {folder}/run/mosquitto.pid
allow_anonymous false
acl_file {folder}/acl
# Nodes keep what the gateway has not acknowledged, so nothing needs to lie here:
persistence false
log_dest stderr
log_type error
log_type warning
log_type notice
connection_messages true
set_tcp_nodelay true

# limits: what one that goes wrong can cost the others
max_packet_size {bytes}
max_inflight_messages 20
max_queued_messages 1000
max_queued_bytes 4000000
memory_limit 100000000
max_keepalive 120
persistent_client_expiration 1d
"""
_TLS = """\
# the gateway and Linux nodes: TLS 1.3, each with its certificate
listener {port}
max_connections {most}
tls_version tlsv1.3
cafile {folder}/ca.pem
certfile {folder}/broker.pem
keyfile {folder}/broker.key
crlfile {folder}/crl.pem
require_certificate true
use_identity_as_username true
use_username_as_clientid true
"""
_PSK = """\
# boards: a key of their own each (MicroPython has TLS 1.2)
listener {port}
max_connections {most}
tls_version tlsv1.2
psk_hint soundpost
psk_file {folder}/psk
use_identity_as_username true
use_username_as_clientid true
"""


def acl_text(nodes: Iterable[str]) -> str:
    """Who may say and hear what."""
    head = "# Who may say and hear what, by identity: written by soundpost. Whoever is not named may nothing.\n"
    ours = f"user {GATEWAY}\ntopic read det/+\ntopic write cmd/+\n"
    return "\n".join([head, ours, *(_of_node(node) for node in nodes)])


def with_nodes(text: str, add: Iterable[str], remove: Iterable[str]) -> str:
    """The text of an `acl` with nodes added and removed. What else people wrote there stays as it was."""
    add, gone = list(add), {*remove}
    gone |= {*add}
    kept = []
    for block in re.split(r"(?m)^(?=user )", text):
        found = re.match(r"user (\S+)", block)
        if not found or found[1] not in gone:
            kept.append(block)
    whole = "".join(kept).rstrip("\n") + "\n"
    return "\n".join([whole, *(_of_node(node) for node in add)])


def psk_text(text: str, keys: Mapping[str, str]) -> str:
    """The text of a `psk` file with these keys in it, `node:hex`; an empty key: none in its place."""
    kept = [line for line in text.splitlines() if line.partition(":")[0] not in keys]
    return "".join(f"{line}\n" for line in [*kept, *(f"{node}:{key}" for node, key in keys.items() if key)])


def _of_node(node: str) -> str:
    return f"user {node}\ntopic write det/{node}\ntopic read cmd/{node}\n"
