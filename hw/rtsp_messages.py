"""What is said over RTSP 1.0 (RFC 2326): requests, answers, pictures between them, and how to log in. Pure.

Pictures come on the same connection, each RTP packet behind a dollar sign, its channel and its length (RFC 2326,
10.12). Whatever a camera sends is bounded; what is no RTSP raises BadRtsp in words that hold nothing of it.

Logging in is by digest (MD5 or SHA-256, with qop `auth` or none), made from the realm and nonce of the camera's
refusal as RFC 7616 has it (from general knowledge). The password itself is sent only where the line is encrypted.
"""

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

MOST_HEAD, MOST_BODY = 16_384, 65_536
DOLLAR = 0x24
HASHES = {"MD5": "md5", "SHA-256": "sha256"}


class BadRtsp(OSError):
    """The other end does not speak RTSP as it should."""


class NoLogin(OSError):
    """The camera does not let us in."""


@dataclass(frozen=True, slots=True)
class Answer:
    """headers : by lower-case name, each with all its values."""

    status: int
    headers: Mapping[str, Sequence[str]]
    body: bytes = field(repr=False)

    def header(self, name: str) -> str:
        """The first value, or ""."""
        return next(iter(self.headers.get(name, ())), "")


@dataclass(frozen=True, slots=True)
class Framed:
    """One packet of a channel that was set up."""

    channel: int
    packet: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Account:
    """As whom; without a user nobody logs in."""

    user: str
    password: str = field(repr=False)


class Incoming:
    """Bytes of a connection to answers and framed packets."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, received: bytes) -> Iterator[Answer | Framed]:
        """What is whole by now. Raises BadRtsp."""
        self._buffer += received
        at = 0
        while (found := self._next(at)) is not None:
            each, at = found
            if each is not None:
                yield each
        del self._buffer[:at]
        if len(self._buffer) > MOST_HEAD + MOST_BODY + 4:
            raise BadRtsp("a message without an end")

    def _next(self, at: int) -> tuple[Answer | Framed | None, int] | None:
        """What stands at `at`, and where it ends."""
        left = len(self._buffer) - at
        if left < 4:
            return None
        if self._buffer[at] != DOLLAR:
            return self._text(at)
        size = self._buffer[at + 2] << 8 | self._buffer[at + 3]
        if left < 4 + size:
            return None
        return Framed(self._buffer[at + 1], bytes(self._buffer[at + 4 : at + 4 + size])), at + 4 + size

    def _text(self, at: int) -> tuple[Answer | None, int] | None:
        end = self._buffer.find(b"\r\n\r\n", at, at + MOST_HEAD)
        if end < 0:
            if len(self._buffer) - at >= MOST_HEAD:
                raise BadRtsp("a head without an end")
            return None
        first, *lines = bytes(self._buffer[at:end]).decode("latin-1").split("\r\n")
        headers = _headers(lines)
        length = next(iter(headers.get("content-length", ())), "0")
        if not re.fullmatch(r"[0-9]{1,5}", length) or int(length) > MOST_BODY:
            raise BadRtsp(f"an answer longer than {MOST_BODY} bytes")
        until = end + 4 + int(length)
        if len(self._buffer) < until:
            return None
        return _message(first, headers, bytes(self._buffer[end + 4 : until])), until


def request(method: str, url: str, number: int, headers: Mapping[str, str]) -> bytes:
    """A request without a body."""
    lines = [f"{method} {url} RTSP/1.0", f"CSeq: {number}", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def login(answer: Answer, account: Account, method: str, url: str, cnonce: str, *, encrypted: bool) -> str:
    """The Authorization that a refusal (401) asks for. Raises NoLogin where there is none that may be given."""
    asked = answer.headers.get("www-authenticate", ())
    if not account.user:
        raise NoLogin("the camera wants a user and a password, and has none of us")
    for challenge in asked:
        scheme, _, rest = challenge.partition(" ")
        wants = {name.lower(): value for name, value in re.findall(r'(\w+)="?([^",]*)"?', rest)}
        if scheme.lower() == "digest" and wants.get("algorithm", "MD5").upper() in HASHES and wants.get("nonce"):
            return _digest(wants, account, method, url, cnonce)
    if any(challenge.lower().startswith("basic") for challenge in asked):
        if not encrypted:
            raise NoLogin("the camera wants the password in the clear: set it to digest, or use rtsps://")
        return "Basic " + base64.b64encode(f"{account.user}:{account.password}".encode()).decode()
    raise NoLogin("the camera wants to be logged into in a way that is not known here")


def _digest(wants: Mapping[str, str], account: Account, method: str, url: str, cnonce: str) -> str:
    name = wants.get("algorithm", "MD5").upper()

    def hashed(text: str) -> str:
        return hashlib.new(HASHES[name], text.encode(), usedforsecurity=False).hexdigest()

    realm, nonce = wants.get("realm", ""), wants["nonce"]
    who, what = hashed(f"{account.user}:{realm}:{account.password}"), hashed(f"{method}:{url}")
    has_qop = "auth" in wants.get("qop", "").split(",")
    middle = f"{nonce}:00000001:{cnonce}:auth" if has_qop else nonce
    fields = {"username": account.user, "realm": realm, "nonce": nonce, "uri": url}
    fields["response"] = hashed(f"{who}:{middle}:{what}")
    if "opaque" in wants:
        fields["opaque"] = wants["opaque"]
    text = ", ".join(f'{key}="{value}"' for key, value in fields.items())
    text += f", algorithm={name}" if "algorithm" in wants else ""
    return f"Digest {text}" + (f', qop=auth, nc=00000001, cnonce="{cnonce}"' if has_qop else "")


def _headers(lines: Sequence[str]) -> dict[str, list[str]]:
    headers: dict[str, list[str]] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if colon:
            headers.setdefault(name.strip().lower(), []).append(value.strip())
    return headers


def _message(first: str, headers: Mapping[str, Sequence[str]], body: bytes) -> Answer | None:
    """An answer; None for what the camera asks of us. One that sends us elsewhere is not followed."""
    found = re.match(r"RTSP/1\.[0-9] ([0-9]{3})( |$)", first)
    if found:
        return Answer(int(found[1]), headers, body)
    method, _, rest = first.partition(" ")
    if not rest.startswith(("rtsp", "*", "/")) or " RTSP/1." not in rest:
        raise BadRtsp("what it says is no RTSP")
    if method == "REDIRECT":
        raise BadRtsp("it sends us elsewhere, which is not followed")
    return None
