"""`soundpost web`: the dispatcher's map, the technician's list and the API, as a process beside the gateway."""

import argparse
import asyncio
import pathlib
import socket
import ssl

import structlog

from gateway.assembly.making_way import make_way
from gateway.assembly.web import build_web, check_journal, check_web, serve_web
from gateway.web.settings import WebConfig, read_web_config
from soundpost import web_admin
from soundpost.lasting_output import lasting_output
from soundpost.logs import add_log_argument, log_to_standard_error
from soundpost.terminal import one_line

HELP = "Serve the street's pages and its API; follows the journal, holds no key of a node and no wire to a lamp."
EXAMPLE = """soundpost web --config web.toml --check
  soundpost web admin make anna --config web.toml"""

LOG = structlog.get_logger("web")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `soundpost web`."""
    parser.add_argument("--config", type=pathlib.Path, metavar="FILE", help="web.toml")
    parser.add_argument("--check", action="store_true", help="check the settings, files, keys and port, and stop")
    add_log_argument(parser)
    parser.set_defaults(wrong_usage=parser.error)
    web_admin.add_arguments(parser.add_subparsers(dest="verb", metavar="[admin]"))


def run(args: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT. Raises ValueError or OSError of one line."""
    if args.config is None:
        args.wrong_usage("the following arguments are required: --config")
    if args.verb == "admin":
        return web_admin.run(args)
    config, folder = read_web_config(args.config), args.config.parent
    _check_tls(config, folder)
    _check_port(config)
    web = (check_web if args.check else build_web)(config, folder)
    words, base_map = check_journal(config, folder), web.parts.base_map
    if args.check:
        if base_map.why:
            raise ValueError(f"map_file: {base_map.why}")
        print(f"{args.config}: good. {_summary(config)}{words}{_proxy_words(config)}")
        return 0
    log_to_standard_error(args.log)
    if base_map.why:
        LOG.warning("the base map cannot be used; pages draw the street's plan", why=base_map.why)

    def ready(port: int) -> None:
        print(f"ready, listening on {_address(config, port)}", flush=True)

    make_way(config.nice)
    with lasting_output():
        asyncio.run(serve_web(web, config, folder, ready))
    return 0


def _proxy_words(config: WebConfig) -> str:
    """What is missing where browsers come by a proxy; without [tls] hardly another way is left."""
    if config.tls is not None or config.door.trusted_proxies:
        return ""
    return (
        "\nBehind a proxy, name it as trusted_proxies in [door] (docs/how-to/web-accounts.md): without it all who come "
        "through it count as one address, and whoever guesses passwords there keeps everybody waiting."
    )


def _check_tls(config: WebConfig, folder: pathlib.Path) -> None:
    """Raises ValueError or OSError naming a certificate or key that cannot be used, and none of what is in it."""
    if config.tls is None:
        return
    cert, key = folder / config.tls.cert_file, folder / config.tls.key_file
    for path in (cert, key):
        with path.open("rb"):
            pass
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key)
    except ssl.SSLError as error:
        raise ValueError(f"tls: {cert} and {key} are no certificate and its key ({error.reason})") from None


def _check_port(config: WebConfig) -> None:
    """Raises OSError naming the address that cannot be had."""
    try:
        family, kind, *_, address = socket.getaddrinfo(config.host, config.port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise OSError(f"host, port: {config.host} port {config.port} cannot be had ({one_line(error)})") from None


def _address(config: WebConfig, port: int) -> str:
    return f"{'http' if config.tls is None else 'https'}://{config.host}:{port}"


def _summary(config: WebConfig) -> str:
    can = [
        "reviews" if config.request_key_file else "no reviews (no request_key_file)",
        "clips" if config.evidence_key_file else "no clips (no evidence_key_file)",
    ]
    return f"{_address(config, config.port)}, {', '.join(can)}"
