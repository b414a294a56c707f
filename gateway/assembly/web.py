"""From web.toml to the web process: the one place where pages meet the journal and the gateway's settings. It holds no
key of a node and no wire to a lamp."""

import pathlib

from fastapi import FastAPI

from gateway.assembly.web_map import base_map_of
from gateway.config import GatewayConfig, read_config
from gateway.web.accounts.lobby import Lobby
from gateway.web.accounts.oidc import Provider
from gateway.web.app import build_app
from gateway.web.database import Database
from gateway.web.live.feed import Feed
from gateway.web.parts import Parts
from gateway.web.records import Plan
from gateway.web.settings import WebConfig
from gateway.web.store.store import Store
from hw.linux.settings import read_text


def build_web(config: WebConfig, folder: pathlib.Path) -> FastAPI:
    """Raises ValueError or OSError naming what is wrong."""
    gateway = read_config(folder / config.gateway)
    database, plan = Database(folder / config.database), plan_of(gateway)
    parts = Parts(config, database, plan, Store(database, plan), Feed(), base_map=base_map_of(config, folder))
    return build_app(parts, lobby_for(config, database, folder))


def lobby_for(config: WebConfig, database: Database, folder: pathlib.Path) -> Lobby:
    """What signing in needs. Raises ValueError or OSError naming what is wrong."""
    settings, provider = config.door, None
    if settings.oidc is not None:
        path = folder / settings.oidc.client_secret_file
        secret = read_text(path).strip()
        if not secret:
            raise ValueError(f"{path}: is empty; it holds the client's secret")
        provider = Provider(settings.oidc, secret, f"{settings.public_url}/sign-in/back")
    return Lobby(database, settings, config.is_secure, provider)


def plan_of(config: GatewayConfig) -> Plan:
    """The street as it was set up."""
    site = config.site
    return Plan((site.lat_deg, site.lon_deg, site.h_m), ())
