"""What signing in needs, from web.toml and the files that it names."""

import pathlib

from gateway.web.accounts.lobby import Lobby
from gateway.web.accounts.oidc import Provider
from gateway.web.database import Database
from gateway.web.settings import WebConfig
from hw.linux.settings import read_text


def lobby_for(config: WebConfig, database: Database, folder: pathlib.Path) -> Lobby:
    """Raises ValueError or OSError naming what is wrong."""
    settings, provider = config.door, None
    if settings.oidc is not None:
        path = folder / settings.oidc.client_secret_file
        secret = read_text(path).strip()
        if not secret:
            raise ValueError(f"{path}: is empty; it holds the client's secret")
        provider = Provider(settings.oidc, secret, f"{settings.public_url}/sign-in/back")
    return Lobby(database, settings, config.is_secure, provider)
