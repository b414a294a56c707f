"""One viewer's conversation with an RTSP server: requests in, answers out, over TCP with the pictures between them.

As RFC 2326 and, for the digest (the old one, without qop), RFC 2617 have it, from general knowledge; FFmpeg talks it.
"""

import asyncio
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field

MOST_HEAD = 16_384
METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN"
REALM = "camera"
WORDS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 454: "Session Not Found",
         461: "Unsupported Transport", 501: "Not Implemented"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: header names in small letters."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)


async def next_request(reader: asyncio.StreamReader) -> Asked:
    """The next request; what the viewer sends between them (receiver reports) is dropped. Raises ValueError for what is
    none, asyncio.IncompleteReadError and asyncio.LimitOverrunError of the reader."""
    while (first := await reader.readexactly(1)) == b"$":
        _channel, *length = await reader.readexactly(3)
        await reader.readexactly(int.from_bytes(bytes(length)))
    text = (first + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    lines = text.strip().split("\r\n")
    method, url, version = lines[0].split(" ")
    if not version.startswith("RTSP/1."):
        raise ValueError(f"not RTSP 1: {version!r}")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    if length_told := int(headers.get("content-length", "0")):
        await reader.readexactly(min(length_told, MOST_HEAD))
    return Asked(method, url, headers)


def answer(asked: Asked, status: int, body: str = "", **headers: str) -> bytes:
    """A reply; `content_type` in the arguments is Content-Type on the wire."""
    told = {"CSeq": asked.headers.get("cseq", "0"), "Server": "soundpost simulator"}
    told |= {name.replace("_", "-").title(): value for name, value in headers.items()}
    if body:
        told["Content-Length"] = str(len(body))
    head = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    return f"RTSP/1.0 {status} {WORDS[status]}\r\n{head}\r\n{body}".encode()


@dataclass(frozen=True, slots=True)
class Door:
    """Who may look. user: "" lets everybody in."""

    user: str = ""
    password: str = field(default="", repr=False)
    nonce: str = field(default_factory=lambda: secrets.token_hex(16))

    @property
    def challenge(self) -> str:
        """What is asked of who may not yet."""
        return f'Digest realm="{REALM}", nonce="{self.nonce}"'

    def opens(self, asked: Asked) -> bool:
        """Whether this request shows that it knows the password."""
        if not self.user:
            return True
        given = dict(re.findall(r'(\w+)="([^"]*)"', asked.headers.get("authorization", "")))
        secret, what = (
            _md5(f"{self.user}:{REALM}:{self.password}"),
            _md5(f"{asked.method}:{given.get('uri', '')}"),
        )
        wanted = _md5(f"{secret}:{self.nonce}:{what}")
        return given.get("username") == self.user and hmac.compare_digest(
            given.get("response", "").encode(), wanted.encode()
        )


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
