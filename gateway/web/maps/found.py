"""From web.toml to the base map and the list of street addresses, both of `soundpost map build`. One that cannot be
used stops nothing: pages draw the plan and tell places in degrees, and the log says why."""

import pathlib
from collections.abc import Callable

import structlog

from gateway.web.base_map.header import read_head
from gateway.web.base_map.places import Places, places_beside
from gateway.web.maps.base_map import NO_BASE_MAP, BaseMap
from gateway.web.settings import WebConfig

LOG = structlog.get_logger("web")


def base_map_of(config: WebConfig, folder: pathlib.Path) -> BaseMap:
    """As its head says. Raises nothing: what is wrong stands in its `why`."""
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
        return _nowhere
    try:
        return Places(places_beside(folder / config.map_file)).nearest
    except (OSError, ValueError) as error:
        LOG.warning("street addresses cannot be told", why=str(error))
        return _nowhere


def _nowhere(lat_deg: float, lon_deg: float) -> str:
    return ""
