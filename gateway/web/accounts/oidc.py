"""Single sign-on by OpenID Connect: authorization code with PKCE, by Authlib. Nothing of what the provider says is
trusted before its ID token's signature, issuer, audience, times and nonce are found right; the role comes from a claim
of it by the table `[door.oidc.roles]`, and who has none of these values does not come in.

What was begun here is kept in memory, at most MOST at once (the oldest is forgotten) for BEGUN_S, and is good once,
for the browser that began it.
"""

import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
import structlog
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from gateway.web.accounts.settings import OidcTable, check_https
from gateway.web.grants import ROLES
from gateway.web.words.said import said

S = 1_000_000
BEGUN_S, KNOWN_S, LEEWAY_S, TIMEOUT_S = 600, 3600, 60, 5.0
MOST, MOST_BYTES, TOLD_EACH = 1000, 262_144, 1000
log = structlog.get_logger("gateway.web")
ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"]
"""Of signatures by a key pair: never `none`, and never one that the client's secret could make."""
NONSENSE = (httpx2.HTTPError, httpx2.InvalidURL, ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What comes of asking for what is not there, and of reading what is not what it should be."""
DISCOVERY = "/.well-known/openid-configuration"


class SignOnFailed(ValueError):
    """In words for a page; of what the provider said nothing is repeated."""


@dataclass(frozen=True, slots=True)
class Begun:
    """browser : what binds it to the browser that began it."""

    nonce: str
    verifier: str
    browser: str
    at_us: int
    next: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """Whom the provider vouches for."""

    issuer: str
    subject: str
    name: str
    role: str
    next: str


class Provider:
    """secret : the client's. redirect_uri : where the provider sends people back to."""

    def __init__(self, settings: OidcTable, secret: str, redirect_uri: str) -> None:
        self._settings, self._secret, self._redirect_uri = settings, secret, redirect_uri
        self._begun: OrderedDict[str, Begun] = OrderedDict()
        self._known: Mapping[str, Any] = {}
        self._known_us = 0
        self.n_forgotten = 0

    @property
    def label(self) -> str:
        """What the sign-in page calls it."""
        return self._settings.label

    async def begin(self, browser: str, then: str, now_us: int) -> str:
        """Where to send the browser. Raises SignOnFailed."""
        known = await self._metadata(now_us)
        state, begun = (
            secrets.token_urlsafe(32),
            Begun(secrets.token_urlsafe(32), secrets.token_urlsafe(48), browser, now_us, then),
        )
        async with self._client() as client:
            url, _ = client.create_authorization_url(
                known["authorization_endpoint"], state=state, code_verifier=begun.verifier, nonce=begun.nonce
            )
        self._begun[state] = begun
        if len(self._begun) > MOST:
            self._begun.popitem(last=False)
            self.n_forgotten += 1
            if self.n_forgotten % TOLD_EACH == 1:
                words = "more sign-ons were begun than are remembered: the oldest was forgotten"
                log.warning(words, forgotten=self.n_forgotten)
        return str(url)

    async def finish(self, told: Mapping[str, str], browser: str, now_us: int) -> Arrival:
        """What came back in the address. Raises SignOnFailed."""
        begun = self._begun.pop(told.get("state", ""), None)
        if begun is None or not browser or not secrets.compare_digest(begun.browser, browser):
            raise SignOnFailed(said("This sign-in was not begun in this browser, or was used already."))
        if not 0 <= now_us - begun.at_us < BEGUN_S * S:
            raise SignOnFailed(said("This sign-in was begun too long ago."))
        if told.get("iss", self._settings.issuer) != self._settings.issuer:
            raise SignOnFailed(said("The answer is another provider's."))
        if "error" in told or not told.get("code"):
            raise SignOnFailed(said("The provider did not let you in."))
        claims = await self._claims(told["code"], begun, now_us)
        return self._arrival(claims, begun)

    async def _claims(self, code: str, begun: Begun, now_us: int) -> Mapping[str, Any]:
        known = await self._metadata(now_us)
        try:
            async with self._client() as client:
                token = await client.fetch_token(
                    known["token_endpoint"], code=code, code_verifier=begun.verifier, grant_type="authorization_code"
                )
            keys = KeySet.import_key_set({"keys": (await _json_at(known["jwks_uri"]))["keys"]})
            decoded = jwt.decode(
                str(token["id_token"]), keys, registry=JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
            )
            options = {
                "iss": {"essential": True, "value": self._settings.issuer},
                "aud": {"essential": True, "value": self._settings.client_id},
            }
            params = {
                "nonce": begun.nonce,
                "client_id": self._settings.client_id,
                "access_token": token.get("access_token"),
            }
            claims = CodeIDToken(decoded.claims, decoded.header, options, params)
            claims.validate(now=now_us // S, leeway=LEEWAY_S)
        except (AuthlibBaseError, JoseError, *NONSENSE) as error:
            raise SignOnFailed(
                said("What the provider answered is not valid ({what}).", what=type(error).__name__)
            ) from None
        return decoded.claims

    def _arrival(self, claims: Mapping[str, Any], begun: Begun) -> Arrival:
        given = claims.get(self._settings.role_claim, [])
        values = {str(each) for each in (given if isinstance(given, list) else [given])}
        roles = [role for value, role in self._settings.roles.items() if value in values]
        if not roles:
            raise SignOnFailed(said("The provider knows you, and no role here goes with what it says of you."))
        subject, name = claims["sub"], claims.get(self._settings.name_claim)
        if not isinstance(subject, str) or not 0 < len(subject) <= 255:
            raise SignOnFailed(said("What the provider answered is not valid ({what}).", what="sub"))
        role = max(roles, key=ROLES.index)
        return Arrival(self._settings.issuer, subject, name if isinstance(name, str) else subject, role, begun.next)

    async def _metadata(self, now_us: int) -> Mapping[str, Any]:
        if self._known and 0 <= now_us - self._known_us < KNOWN_S * S:
            return self._known
        try:
            known = await _json_at(self._settings.issuer.rstrip("/") + DISCOVERY)
            if known["issuer"] != self._settings.issuer:
                raise SignOnFailed(said("The provider says that it is another one."))
            for each in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                check_https(known[each])
        except NONSENSE as error:
            if isinstance(error, SignOnFailed):
                raise
            raise SignOnFailed(said("The provider cannot be reached, or does not answer as one.")) from None
        self._known, self._known_us = known, now_us
        return known

    def _client(self) -> AsyncOAuth2Client:
        settings = self._settings
        return AsyncOAuth2Client(
            settings.client_id, self._secret, scope=" ".join(settings.scopes), redirect_uri=self._redirect_uri,
            code_challenge_method="S256", timeout=TIMEOUT_S, follow_redirects=False,
        )  # fmt: skip


async def _json_at(url: str) -> dict[str, Any]:
    """The object that lies there, of at most MOST_BYTES. Raises ValueError or httpx2.HTTPError."""
    content = b""
    async with (
        httpx2.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False) as client,
        client.stream("GET", url) as answer,
    ):
        answer.raise_for_status()
        async for piece in answer.aiter_bytes():
            content += piece
            if len(content) > MOST_BYTES:
                raise ValueError("too long")
    found = httpx2.Response(200, content=content).json()
    if not isinstance(found, dict):
        raise ValueError("no object")
    return found
