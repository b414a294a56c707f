"""From web.toml to the web process: the one place where pages meet the journal and the gateway's settings. It holds no
key of a node and no wire to a lamp."""

import asyncio
import contextlib
import functools
import pathlib
import signal
import tempfile
from asyncio import constants
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import structlog
import uvicorn
from fastapi import FastAPI

from gateway.assembly.asking import read_key
from gateway.assembly.web_clips import WebClips
from gateway.assembly.web_journal import WebJournal
from gateway.assembly.web_lobby import lobby_for
from gateway.assembly.web_rules import rules_of
from gateway.assembly.web_street import plan_of, survey_of
from gateway.config import GatewayConfig, read_config
from gateway.intake.keyring import read_keys
from gateway.journal.file import check_place
from gateway.journal.rows import reading
from gateway.tasks import end
from gateway.web.app import build_app
from gateway.web.database import Database, check_database
from gateway.web.door.addresses import networks
from gateway.web.live.feed import Feed
from gateway.web.maps.found import base_map_of, nearest_of
from gateway.web.metering.meter import Meter
from gateway.web.parts import Parts
from gateway.web.rules.keeping import Keeping
from gateway.web.settings import WebConfig
from gateway.web.store.applying import Applying
from gateway.web.store.pulse import Pulse
from gateway.web.store.reader import Reader
from gateway.web.store.reviewing import Reviewing
from gateway.web.store.store import Store
from gateway.web.wire.bounds import MOST, Bounds
from gateway.web.wire.open_files import AT_ONCE, ENOUGH, connections_of, raise_open_files
from gateway.web.wire.protocol import HEADERS_S, BoundedProtocol
from hw.linux.systemd import beat, notify

DAY_US = 86_400_000_000
STOP_S = 3
LOG = structlog.get_logger("web")
STOPS = (signal.SIGTERM, signal.SIGINT)


@dataclass(frozen=True, slots=True)
class Web:
    """The application and what feeds it."""

    app: FastAPI
    parts: Parts
    reader: Reader


def build_web(config: WebConfig, folder: pathlib.Path, database: Database | None = None) -> Web:
    """Opens the web's database (where none is given), and nothing else yet. Raises ValueError or OSError naming what is
    wrong."""
    gateway = read_config(folder / config.gateway)
    beside = (folder / config.gateway).parent
    key = request_key(config, folder, gateway, beside)
    journal = WebJournal(beside / gateway.journal, config.by, key)
    meter = Meter()
    database = Database(folder / config.database) if database is None else database
    plan, pulse = plan_of(gateway, beside), Pulse()
    feed = Feed(meter.heard)
    store = Store(database, plan, pulse, journal, 2 if config.second_person else 1)
    survey = survey_of(gateway, nearest_of(config, folder))
    applying = Applying(survey, config.keep_arrivals_days * DAY_US, config.keep_past_days * DAY_US)
    parts = Parts(
        config,
        database,
        plan,
        store,
        feed,
        None if key is None else Reviewing(store, journal),
        clips_of(config, folder, gateway, beside, key),
        rules_of(folder / config.gateway, beside / gateway.journal),
        keeping_of(gateway),
        base_map_of(config, folder),
        meter,
    )
    app = build_app(parts, lobby_for(config, database, folder))
    return Web(app, parts, Reader(database, journal, applying, pulse, feed.tell))


def keeping_of(gateway: GatewayConfig) -> Keeping | None:
    """None where no evidence is kept."""
    kept = gateway.evidence
    return None if kept is None else Keeping(kept.keep_days, kept.keep_no_gunshot_days)


def request_key(config: WebConfig, folder: pathlib.Path, gateway: GatewayConfig, beside: pathlib.Path) -> bytes | None:
    """What this process signs by, None where web.toml names none. Raises ValueError or OSError naming it where the
    gateway would not know it."""
    if config.request_key_file is None:
        return None
    key = read_key(folder / config.request_key_file)
    if gateway.requests_keys_file is None:
        raise ValueError("request_key_file: gateway.toml has no requests_keys_file, so nothing can be asked of it")
    known = read_keys(beside / gateway.requests_keys_file).get(config.by)
    if known != key:
        raise ValueError(f"by: {config.by} has {'no' if known is None else 'another'} key in requests_keys_file")
    return key


def clips_of(
    config: WebConfig, folder: pathlib.Path, gateway: GatewayConfig, beside: pathlib.Path, key: bytes | None
) -> WebClips | None:
    """Raises ValueError or OSError naming what is wrong."""
    if config.evidence_key_file is None:
        return None
    if gateway.evidence is None:
        raise ValueError("evidence_key_file: gateway.toml has no [evidence]")
    if key is None:
        raise ValueError("evidence_key_file: needs request_key_file, too: who is shown a clip is written down first")
    under = read_key(folder / config.evidence_key_file)
    if under != read_key(beside / gateway.evidence.key_file):
        raise ValueError("evidence_key_file: is another key than that of [evidence] in gateway.toml")
    return WebClips(beside / gateway.journal, config.by, key, beside / gateway.evidence.folder, under)


def check_web(config: WebConfig, folder: pathlib.Path) -> Web:
    """As build_web, of a database that is gone afterwards: nothing of what is there is made or migrated, as pages of
    another release may run on it. Raises ValueError or OSError naming what is wrong."""
    check_database(folder / config.database)
    with tempfile.TemporaryDirectory(prefix="soundpost-") as spare:
        return build_web(config, folder, Database(pathlib.Path(spare) / "web.db"))


def check_journal(config: WebConfig, folder: pathlib.Path) -> str:
    """Words of a journal that is not there yet, "" of one that is. Raises ValueError or OSError naming what is none."""
    gateway = folder / config.gateway
    journal = gateway.parent / read_config(gateway).journal
    check_place(journal)
    if not journal.exists():
        return f"; {journal} is not there yet, and is waited for"
    with reading(journal):
        return ""


async def serve_web(web: Web, config: WebConfig, folder: pathlib.Path, ready: Callable[[int], None]) -> None:
    """Until SIGTERM or SIGINT. ready : is told the port, once it listens. Tells systemd how it is.
    Raises OSError naming a file that cannot be read."""
    n_files = raise_open_files()
    if n_files < ENOUGH:
        LOG.warning("few files may be open, so few can be connected (ulimit -Hn, LimitNOFILE)", may_be_open=n_files)
    bounds = Bounds(connections_of(n_files, MOST), networks(config.door.trusted_proxies))
    constants.SSL_HANDSHAKE_TIMEOUT = HEADERS_S  # uvicorn hands none on; asyncio's own is a minute
    tls = {}
    if config.tls is not None:
        tls = {"ssl_certfile": folder / config.tls.cert_file, "ssl_keyfile": folder / config.tls.key_file}
    server = Server(
        uvicorn.Config(
            web.app,
            host=config.host,
            port=config.port,
            http=functools.partial(BoundedProtocol, bounds=bounds),  # type: ignore[arg-type]
            backlog=AT_ONCE,
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,  # gateway/web/door/addresses.py says whom to believe
            timeout_graceful_shutdown=STOP_S,
            **tls,  # type: ignore[arg-type]
        ),
        ready,
        web.parts.feed.close,
    )
    web.parts.feed.open()
    web.reader.start()
    beating = asyncio.create_task(beat())
    try:
        await server.serve()
    finally:
        notify("STOPPING=1")
        web.reader.stop()
        await end(beating)


class Server(uvicorn.Server):
    """ready : is told the port when it listens; closing : is called when it is told to end, so that who listens for
    news ends, too."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[int], None], closing: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready, self._closing = ready, closing

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """SIGTERM and SIGINT end it in good order, and its exit is no error (uvicorn's own raises them again). A second
        one waits for nobody."""
        loop = asyncio.get_running_loop()
        for number in STOPS:
            loop.add_signal_handler(number, self._end)
        try:
            yield
        finally:
            for number in STOPS:
                loop.remove_signal_handler(number)

    def _end(self) -> None:
        self.force_exit, self.should_exit = self.should_exit, True

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        """Listen, then say so."""
        await super().startup(sockets)  # type: ignore[arg-type]
        if self.started:
            self._ready(self.servers[0].sockets[0].getsockname()[1])
            notify("READY=1")

    async def shutdown(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        """End what would not by itself, then all else."""
        self._closing()
        await super().shutdown(sockets)  # type: ignore[arg-type]
