"""node.json of a board: what `soundpost board provision` wrote, checked whole. One line says what is wrong.

    {"node": "n17", "chip": "esp32s3", "rate_hz": 48000, "delay_frames_q8": 4403, "clips": true,
     "pins": {"led": 2}, "uplink": {"kind": "serial", "baud": 115200}}
    ... "uplink": {"kind": "mqtt", "host": "10.0.0.1", "port": 8883, "network": "street"}

delay_frames_q8 is the microphone's group delay in 1/256 frame; 4403 is an INMP441's 17.2 frames (notes/micropython.md
7.4). Only node, chip and uplink must be there. Keys lie beside it, in files of their own: node.key (64 hexadecimal
digits, shared with the gateway), broker.key (the same for the broker, with mqtt), network.key (the network's password).
Portable: built-ins only.
"""

from collections import namedtuple

BoardConfig = namedtuple("BoardConfig", ("node", "chip", "rate_hz", "delay_q8", "clips", "pins", "uplink"))
SerialUplink = namedtuple("SerialUplink", ("baud",))
MqttUplink = namedtuple("MqttUplink", ("host", "port", "network"))

NAME = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
KNOWN = ("node", "chip", "rate_hz", "delay_frames_q8", "clips", "pins", "uplink")
RANGES = {
    "rate_hz": (8_000, 48_100, 48_000),
    "delay_frames_q8": (0, 1 << 16, 4_403),
    "baud": (1_200, 4_000_000, 115_200),
    "port": (1, 65_535, 8_883),
}
"""Least, most, and what it is where nothing is told. The delay is an INMP441's."""
LAST_PIN = 48


def read(document: object, chips: "tuple[str, ...]") -> BoardConfig:
    """The config that a parsed node.json spells. ValueError of one line names what is wrong and what it must be."""
    if not isinstance(document, dict):
        raise ValueError("node.json must be an object")
    for key in document:
        if key not in KNOWN:
            raise ValueError(f"{key}: unknown key")
    node = document.get("node")
    if not isinstance(node, str) or not 1 <= len(node) <= 32 or not all([letter in NAME for letter in node]):
        raise ValueError("node must be 1 to 32 of A-Z a-z 0-9 . _ -")
    if document.get("chip") not in chips:
        raise ValueError("chip must be one of " + ", ".join(chips))
    clips = document.get("clips", True)
    if not isinstance(clips, bool):
        raise ValueError("clips must be true or false")
    return BoardConfig(
        node,
        document["chip"],
        _int(document, "rate_hz"),
        _int(document, "delay_frames_q8"),
        clips,
        _pins(document.get("pins", {})),
        _uplink(document.get("uplink")),
    )


def read_key(text: str, name: str) -> bytes:
    """32 bytes from 64 hexadecimal digits. ValueError names the file, and nothing of what is in it."""
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        key = b""
    if len(key) != 32:
        raise ValueError(f"{name} must hold a key, 64 hexadecimal digits")
    return key


def _pins(pins: object) -> "dict[str, int]":
    if not isinstance(pins, dict) or not all([isinstance(pin, int) and 0 <= pin <= LAST_PIN for pin in pins.values()]):
        raise ValueError("pins must be an object of pin numbers, 0 to 48")
    return pins


def _uplink(table: object) -> "SerialUplink | MqttUplink":
    if isinstance(table, dict) and table.get("kind") == "serial":
        return SerialUplink(_int(table, "baud"))
    if isinstance(table, dict) and table.get("kind") == "mqtt":
        host, name = table.get("host"), table.get("network")
        if not isinstance(host, str) or not host or not (name is None or isinstance(name, str)):
            raise ValueError("uplink.host must be a name or address, uplink.network a name")
        return MqttUplink(host, _int(table, "port"), name)
    raise ValueError("uplink.kind must be serial or mqtt")


def _int(table: "dict[str, object]", key: str) -> int:
    low, high, usual = RANGES[key]
    value = table.get(key, usual)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError(f"{key} must be {low} to {high}")
    return value
