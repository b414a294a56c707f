"""SOAP 1.2 over HTTP to one device that may be slow, odd or hostile: aiohttp speaks, lxml reads, within bounds.

No redirect is followed, so that a user name token never goes to another host. An answer of more than MOST_BYTES, packed
or unpacked, is dropped before anything parses it; one with a document type (SOAP 1.2 Part 1, section 5, forbids them)
is no answer; unpacking and parsing are off the loop. Whatever goes wrong is OSError in a few words, without password.

The token is that of the WS-Security UsernameToken profile with a password digest, Base64(SHA-1(nonce + created +
password)), as zeep writes it and simulators/peers/onvif_soap.py checks it.

Ours, and not onvif-zeep-async 4.3: that library follows redirects, reads answers of any size and parses them on the
loop, and has no way back where a camera does not tell its time. Bending it was longer than this.
"""

import asyncio
import base64
import hashlib
import os
import ssl
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from xml.sax.saxutils import escape

import aiohttp
from lxml import etree

MOST_BYTES = 1_000_000
MOST_UNDECLARED = 2000
UNDECLARED = "NS_ERR_UNDEFINED_NAMESPACE"
KEEP_S = 75.0
"""How long an idle connection is kept. Cameras are asked more often than that (gateway/reaction/cameras.py)."""
ENVELOPE = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope">{header}<s:Body>'
    '<{operation} xmlns="{namespace}" xmlns:tt="http://www.onvif.org/ver10/schema">{inside}</{operation}>'
    "</s:Body></s:Envelope>"
)
WSS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss"
TOKEN = (
    f'<s:Header><Security xmlns="{WSS}-wssecurity-secext-1.0.xsd"><UsernameToken>'
    f'<Username>{{user}}</Username><Password Type="{WSS}-username-token-profile-1.0#PasswordDigest">{{digest}}'
    f'</Password><Nonce EncodingType="{WSS}-soap-message-security-1.0#Base64Binary">{{nonce}}</Nonce>'
    f'<Created xmlns="{WSS}-wssecurity-utility-1.0.xsd">{{created}}</Created></UsernameToken></Security></s:Header>'
)
Verify = bool | ssl.SSLContext | aiohttp.Fingerprint


class Refused(OSError):
    """The device understood, and refuses."""


@dataclass(frozen=True, slots=True)
class Account:
    """As whom to speak; without a user no token is sent."""

    user: str
    password: str

    def __repr__(self) -> str:
        return f"Account({self.user!r})"

    def hide(self, text: str) -> str:
        """What a device says, without the password: it knows it, and may say it back."""
        return text.replace(self.password, "***") if self.password else text

    def token(self, now: datetime) -> str:
        """The SOAP header for a request made at `now` by the device's own clock."""
        if not self.user:
            return ""
        nonce, created = os.urandom(16), now.strftime("%Y-%m-%dT%H:%M:%SZ")
        secret = nonce + created.encode() + self.password.encode()
        digest = base64.b64encode(hashlib.sha1(secret, usedforsecurity=False).digest()).decode()
        nonce_text = base64.b64encode(nonce).decode()
        return TOKEN.format(user=escape(self.user), digest=digest, nonce=nonce_text, created=created)


def verification(ca_file: str | None, fingerprint: str | None, *, verify: bool) -> Verify:
    """What aiohttp takes for hw.onvif_camera.Trust. Raises OSError naming a ca_file that cannot be used."""
    if fingerprint is not None:
        return aiohttp.Fingerprint(bytes.fromhex(fingerprint.replace(":", "")))
    if not verify or ca_file is None:
        return verify
    try:
        return ssl.create_default_context(cafile=ca_file)
    except ssl.SSLError as error:
        raise OSError(f"{ca_file}: not a usable certificate ({error.reason})") from error
    except OSError as error:
        raise OSError(f"{ca_file}: cannot be read ({error.strerror})") from error


class SoapClient:
    """One device at `base`, http(s)://HOST:PORT. ahead : how far its clock is ahead of ours. Needs a running loop."""

    def __init__(self, base: str, account: Account, verify: Verify, call_s: float) -> None:
        self.ahead = timedelta(0)
        self._base = base
        self._account = account
        self._call_s = call_s
        connector = aiohttp.TCPConnector(ssl=verify, keepalive_timeout=KEEP_S)
        self._web = aiohttp.ClientSession(
            connector=connector, auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None), trust_env=False,
        )  # fmt: skip

    async def call(
        self, path: str, namespace: str, operation: str, inside: str = "", *, with_token: bool = True
    ) -> "etree._Element":
        """The answer's element. Raises Refused, OSError for all else, TimeoutError after call_s."""
        header = self._account.token(datetime.now(UTC) + self.ahead) if with_token else ""
        asked = ENVELOPE.format(header=header, operation=operation, namespace=namespace, inside=inside)
        with _in_few_words():
            async with asyncio.timeout(self._call_s):
                status, answer = await self._post(path, f"{namespace}/{operation}", asked.encode())
                return self._result(await asyncio.to_thread(parse, answer), status, f"{operation}Response")

    def hide(self, text: str) -> str:
        """What the device said, fit to be told on: without our password."""
        return self._account.hide(text)

    async def close(self) -> None:
        """Hang up."""
        await self._web.close()

    def _result(self, found: "etree._Element | None", status: int, wanted: str) -> "etree._Element":
        """The element that was asked for. Raises Refused for a fault, OSError for anything else."""
        name = None if found is None else etree.QName(found).localname
        if found is not None and name == "Fault":
            reason = found.find("{*}Reason/{*}Text")
            text = "without a reason" if reason is None else self.hide(" ".join((reason.text or "").split()))
            raise Refused(f"the camera refuses: {''.join(filter(str.isprintable, text))[:120]}")
        if status >= 400:
            raise Refused(f"the camera refuses: HTTP {status}")
        if found is None or name != wanted:
            raise OSError(f"the camera does not speak ONVIF as it should (HTTP {status})")
        return found

    async def _post(self, path: str, action: str, asked: bytes) -> tuple[int, bytes]:
        """Status and unpacked body. Where a kept connection turns out to be closed, once more over a new one."""
        headers = {
            "Content-Type": f'application/soap+xml; charset=utf-8; action="{action}"',
            "Accept-Encoding": "gzip, deflate",
        }
        for is_last in (False, True):
            try:
                async with self._web.post(
                    self._base + path, data=asked, headers=headers, allow_redirects=False
                ) as answer:
                    if 300 <= answer.status < 400:
                        raise OSError(f"the camera redirects (HTTP {answer.status}), which is not followed")
                    received, encoding = await _read(answer), answer.headers.get("Content-Encoding", "")
                    return answer.status, await asyncio.to_thread(unpack, received, encoding) if encoding else received
            except (aiohttp.ServerDisconnectedError, ConnectionResetError):
                if is_last:
                    raise
        raise AssertionError


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    received = bytearray()
    async for part in answer.content.iter_any():
        received += part
        if len(received) > MOST_BYTES:
            answer.close()
            raise OSError(f"the camera's answer is longer than {MOST_BYTES} bytes")
    return bytes(received)


def unpack(packed: bytes, encoding: str) -> bytes:
    """An HTTP body as it was before Content-Encoding. Raises OSError where it is damaged or longer than MOST_BYTES."""
    if encoding.lower() in ("", "identity"):
        return packed
    if encoding.lower() not in ("gzip", "x-gzip", "deflate"):
        raise OSError("the camera packs its answer in a way that was not asked for")
    try:
        unpacked = zlib.decompressobj(wbits=47).decompress(packed, MOST_BYTES + 1)  # 47: gzip or zlib, as it says
    except zlib.error as error:
        raise OSError("the camera's packed answer is damaged") from error
    if len(unpacked) > MOST_BYTES:
        raise OSError(f"the camera's answer is longer than {MOST_BYTES} bytes unpacked")
    return unpacked


def parse(answer: bytes) -> "etree._Element | None":
    """What stands first in the SOAP body; None where the bytes are no SOAP. No entity is opened, nothing fetched.

    Prefixes that are not declared are let pass, for there are cameras that forget to (ipycam 1.3): such a camera has
    turned, and must not be taken for one that has not. Nothing else that is not well-formed is.
    """
    if b"<!DOCTYPE" in answer:
        return None
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=True)
    try:
        root = etree.fromstring(answer, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    if (
        root is None
        or len(parser.error_log) > MOST_UNDECLARED
        or any(each.type_name != UNDECLARED for each in parser.error_log)
    ):
        return None
    if len(parser.error_log):
        for each in root.iter(etree.Element):
            each.tag = each.tag if each.tag.startswith("{") else each.tag.rpartition(":")[2]
    return root.find("{*}Body/{*}*") if root.getroottree().docinfo.internalDTD is None else None


@contextmanager
def _in_few_words() -> Iterator[None]:
    """Turn what aiohttp raises into OSError."""
    try:
        yield
    except aiohttp.ServerFingerprintMismatch as error:
        raise OSError("the camera shows another certificate than the one of its `fingerprint`") from error
    except aiohttp.ClientConnectorCertificateError as error:
        why = getattr(error.certificate_error, "verify_message", "") or type(error.certificate_error).__name__
        raise OSError(f"the camera's certificate cannot be verified ({why})") from error
    except aiohttp.ClientSSLError as error:
        raise OSError("the camera does not speak TLS as it should") from error
    except (aiohttp.ClientError, ConnectionError) as error:
        raise OSError(f"the camera cannot be reached ({type(error).__name__})") from error
