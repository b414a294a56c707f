"""From web.toml to the web process: the one place where pages meet the journal and the gateway's settings. It holds no
key of a node and no wire to a lamp."""

import pathlib
from collections.abc import Callable

import structlog
from fastapi import FastAPI

from gateway.base_map.header import read_head
from gateway.base_map.places import Places, places_beside
from gateway.config import GatewayConfig, read_config
from gateway.web.app import build_app
from gateway.web.database import Database
from gateway.web.live.feed import Feed
from gateway.web.maps.base_map import NO_BASE_MAP, BaseMap
from gateway.web.parts import Parts
from gateway.web.records import Plan
from gateway.web.settings import WebConfig
from gateway.web.store.store import Store

LOG = structlog.get_logger("web")


def build_web(config: WebConfig, folder: pathlib.Path) -> FastAPI:
    """Raises ValueError or OSError naming what is wrong."""
    gateway = read_config(folder / config.gateway)
    database, plan = Database(folder / config.database), plan_of(gateway)
    base_map = base_map_of(config, folder)
    return build_app(Parts(config, database, plan, Store(database, plan), Feed(), base_map=base_map))


def plan_of(config: GatewayConfig) -> Plan:
    """The street as it was set up."""
    site = config.site
    return Plan((site.lat_deg, site.lon_deg, site.h_m), ())


def base_map_of(config: WebConfig, folder: pathlib.Path) -> BaseMap:
    """The file of `soundpost map build`; one that cannot be used stops nothing: the pages draw the plan, and say so."""
    if config.map_file is None:
        return NO_BASE_MAP
    path = folder / config.map_file
    try:
        return BaseMap(path, "", read_head(path).attribution)
    except OSError as error:
        return BaseMap(None, f"{path}: {error.strerror}")
    except ValueError as error:
        return BaseMap(None, str(error))


def nearest_of(config: WebConfig, folder: pathlib.Path) -> Callable[[float, float], str]:
    """(lat_deg, lon_deg) to the nearest street address in words, "" where there is none or no list of them."""
    if config.map_file is None:
        return lambda lat_deg, lon_deg: ""
    try:
        return Places(places_beside(folder / config.map_file)).nearest
    except (OSError, ValueError) as error:
        LOG.warning("no street addresses", why=str(error))
        return lambda lat_deg, lon_deg: ""
