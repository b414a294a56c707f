"""From web.toml to the web process: the one place where pages meet the journal and the gateway's settings. It holds no
key of a node and no wire to a lamp."""

import pathlib

from fastapi import FastAPI

from gateway.config import GatewayConfig, read_config
from gateway.web.app import build_app
from gateway.web.database import Database
from gateway.web.live.feed import Feed
from gateway.web.parts import Parts
from gateway.web.records import Plan
from gateway.web.settings import WebConfig
from gateway.web.store.store import Store


def build_web(config: WebConfig, folder: pathlib.Path) -> FastAPI:
    """Raises ValueError or OSError naming what is wrong."""
    gateway = read_config(folder / config.gateway)
    database, plan = Database(folder / config.database), plan_of(gateway)
    return build_app(Parts(config, database, plan, Store(database, plan), Feed()))


def plan_of(config: GatewayConfig) -> Plan:
    """The street as it was set up."""
    site = config.site
    return Plan((site.lat_deg, site.lon_deg, site.h_m), ())
