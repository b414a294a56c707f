"""The one cookie: a session's, or a visit's before signing in. Scripts cannot read it, other sites' forms do not bring
it, and over TLS it belongs to this host alone."""

from starlette.responses import Response

from gateway.web.accounts.lobby import Lobby


def set_cookie(lobby: Lobby, secret: str) -> str:
    """The header's value. `Lax`, as single sign-on comes back from another site; changes need a token all the same."""
    secure = "; Secure" if lobby.is_secure else ""
    return f"{lobby.cookie}={secret}; Path=/; HttpOnly; SameSite=Lax{secure}"


def give(response: Response, lobby: Lobby, secret: str) -> None:
    """This browser has this session from now on."""
    response.headers.append("set-cookie", set_cookie(lobby, secret))


def take(response: Response, lobby: Lobby) -> None:
    """This browser has none any more."""
    response.headers.append("set-cookie", f"{set_cookie(lobby, '')}; Max-Age=0")
    response.headers["clear-site-data"] = '"cache"'
