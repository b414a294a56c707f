"""`soundpost web`: the dispatcher's map, the technician's list and the API, as a process beside the gateway."""

import argparse
import pathlib

import structlog
import uvicorn

from gateway.assembly.web import build_web
from gateway.web.settings import read_web_config
from soundpost import web_admin
from soundpost.logs import log_to_standard_error

HELP = "Serve the street's pages and its API; follows the journal, holds no key of a node and no wire to a lamp."
EXAMPLE = """soundpost web --config web.toml
  soundpost web admin make anna --config web.toml"""

LOG = structlog.get_logger("web")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `soundpost web`."""
    parser.add_argument("--config", type=pathlib.Path, metavar="FILE", help="web.toml")
    parser.add_argument("--check", action="store_true", help="check the settings and stop")
    parser.set_defaults(wrong_usage=parser.error)
    web_admin.add_arguments(parser.add_subparsers(dest="verb", metavar="[admin]"))


def run(args: argparse.Namespace) -> int:
    """Raises ValueError or OSError of one line."""
    if args.config is None:
        args.wrong_usage("the following arguments are required: --config")
    if args.verb == "admin":
        return web_admin.run(args)
    config = read_web_config(args.config)
    app = build_web(config, args.config.parent)
    base_map = app.state.parts.base_map
    if args.check:
        if base_map.why:
            raise ValueError(f"map_file: {base_map.why}")
        print("good")
        return 0
    log_to_standard_error()
    if base_map.why:
        LOG.warning("the base map cannot be used; pages draw the street's plan", why=base_map.why)
    tls = {} if config.tls is None else {"ssl_certfile": config.tls.cert_file, "ssl_keyfile": config.tls.key_file}
    log = {"access_log": False, "log_config": None}
    uvicorn.run(app, host=config.host, port=config.port, proxy_headers=False, server_header=False, **log, **tls)  # type: ignore[arg-type]
    return 0
