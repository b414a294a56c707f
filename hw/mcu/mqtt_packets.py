"""The little of MQTT 3.1.1 that a node speaks: its own packets as bytes, and the broker's taken apart.

CONNECT keeps the session, so that what came for the node while it was away is delivered; PUBLISH and SUBSCRIBE are at
QoS 1. (OASIS MQTT 3.1.1, from general knowledge; tests hold it against Mosquitto.) Portable: built-ins only.
"""

CONNACK, PUBLISH, PUBACK, SUBACK, PINGRESP = 2, 3, 4, 9, 13
MAX_PACKET = 4096
PING = b"\xc0\x00"
BYE = b"\xe0\x00"


def connect(client: str, keepalive_s: int) -> bytes:
    """CONNECT without a clean session, user or password: the TLS key says who we are."""
    return _packet(0x10, b"\x00\x04MQTT\x04\x00" + keepalive_s.to_bytes(2, "big") + _text(client))


def subscribe(number: int, topic: str) -> bytes:
    """SUBSCRIBE to one topic."""
    return _packet(0x82, number.to_bytes(2, "big") + _text(topic) + b"\x01")


def publish(number: int, topic: str, n_bytes: int) -> bytes:
    """PUBLISH under a packet number of 1 to 65535, up to its payload of n_bytes, which follows."""
    return _packet(0x32, _text(topic) + number.to_bytes(2, "big"), n_bytes)


def puback(number: bytes) -> bytes:
    """PUBACK of the two bytes of a packet number."""
    return b"\x40\x02" + number


def split_publish(first: int, body: bytes) -> "tuple[bytes | None, bytes]":
    """The packet number (None at QoS 0) and the payload. ValueError where the packet is no PUBLISH."""
    at = 2 + int.from_bytes(body[:2], "big")
    end = at + 2 if first & 0b110 else at
    if end > len(body):
        raise ValueError("a PUBLISH cut short")
    return (body[at:end] or None), body[end:]


def _text(text: str) -> bytes:
    return len(text).to_bytes(2, "big") + text.encode()


def _packet(first: int, body: bytes, n_more: int = 0) -> bytes:
    out, rest = bytearray((first,)), len(body) + n_more
    while True:
        out.append(rest & 127 | (128 if rest > 127 else 0))
        rest >>= 7
        if not rest:
            return bytes(out) + body
