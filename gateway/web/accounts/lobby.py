"""What signing in needs, put together once a process: the file, the settings, the clock, and who waits."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.requests import HTTPConnection

from gateway.web.accounts.access_log import Access
from gateway.web.accounts.oidc import Provider
from gateway.web.accounts.passwords import Passwords
from gateway.web.accounts.queue import Queue
from gateway.web.accounts.sessions import Ends
from gateway.web.accounts.settings import DoorTable
from gateway.web.accounts.waits import Waits
from gateway.web.database import Database

S = 1_000_000
FREE_OF_ACCOUNT, FREE_OF_ADDRESS = 5, 30
AT_ONCE, MOST_QUEUED = 2, 8  # passwords that are looked at, of 64 MiB each, and those that wait for it


def wall_us() -> int:
    """UTC, by this machine's clock."""
    return time.time_ns() // 1000


@dataclass(frozen=True, slots=True)
class Lobby:
    """is_secure : whether browsers reach us by TLS, ours or a proxy's. provider : of single sign-on, where there is
    one. seen : when sessions were used last, where the file does not say so yet."""

    database: Database
    config: DoorTable
    is_secure: bool
    provider: Provider | None = None
    now_us: Callable[[], int] = wall_us
    passwords: Passwords = field(default_factory=Passwords)
    of_account: Waits = field(default_factory=lambda: Waits(FREE_OF_ACCOUNT))
    of_address: Waits = field(default_factory=lambda: Waits(FREE_OF_ADDRESS))
    seen: dict[bytes, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    looked_at: Queue = field(default_factory=lambda: Queue(AT_ONCE, MOST_QUEUED))

    @property
    def ends(self) -> Ends:
        """How long sessions last."""
        return Ends(self.config.session_h * 3600 * S, self.config.idle_min * 60 * S)

    @property
    def cookie(self) -> str:
        """The cookie's name; with __Host- a browser takes it from this very host alone, over TLS, for all paths."""
        return "__Host-soundpost" if self.is_secure else "soundpost"


def lobby_of(connection: HTTPConnection) -> Lobby:
    """Of the app that this request came to."""
    lobby: Lobby = connection.app.state.lobby
    return lobby


def access_of(connection: HTTPConnection, what: str, about: str = "", note: str = "") -> Access:
    """A row for the access log, of whose request this is."""
    person, address = connection.state.person, connection.state.address
    return Access(lobby_of(connection).now_us(), person.name, person.role, address, what, about, note)
