"""The demo's pages: the real `soundpost web` beside the demo's gateway, with one account whose password is told once,
on the terminal, and is written down nowhere but as a hash."""

import asyncio
import secrets
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from simulators.demo.configs import OPENING, Table, to_toml
from simulators.demo.programs import Program, python, run_once

NAME, ROLE = "demo", "administrator"
PORT = 8443
"""soundpost web's own; where another program has it, any that is free."""
READY_S = 60.0
READY = "ready, listening on "
Start = Callable[[str, list[str], dict[str, str] | None], Awaitable[Program]]


@dataclass(frozen=True, slots=True)
class Opened:
    """Where the pages are, and who may sign in. It is told on the terminal once, and nothing else keeps it."""

    address: str
    name: str
    password: str

    def __repr__(self) -> str:
        return f"Opened({self.address!r}, {self.name!r})"  # a log may hold this, and not the rest


def words_of(opened: Opened) -> str:
    """What a newcomer must know of it."""
    return f"{opened.address}  sign in as {opened.name} with {opened.password} (told this once)"


async def make_requester(folder: Path) -> dict[str, object]:
    """The key by which the pages ask the gateway for reviews, where no other key is made. folder : the demo's.

    Comes back: what gateway.toml needs for it."""
    make = ("soundpost", "keys", "make", "web", "--out", str(folder / "reviewers"))
    await run_once("keys-web", python(*make), folder / "logs")
    return {"requests_keys_file": "../reviewers/keys.toml"}


async def open_web(folder: Path, start: Start, *, has_evidence: bool) -> Opened:
    """Start it and return when it listens. The gateway's config must be there, and `make_requester` been called.
    Raises OSError naming what does not start."""
    return await open_pages(_write(folder, has_evidence), folder / "logs", start)


async def open_pages(config: Path, logs: Path, start: Start) -> Opened:
    """Make the account, start the process and return when it listens. Raises OSError naming what does not."""
    password = secrets.token_urlsafe(9)
    await _make_account(config, password, logs)
    web = await start("web", python("soundpost", "web", "--config", str(config)), None)
    said = await web.first_line(READY_S)
    return Opened(said.removeprefix(READY), NAME, password)


def _write(folder: Path, has_evidence: bool) -> Path:
    table: Table = {
        "gateway": "../gateway/gateway.toml",
        "port": PORT if _is_free(PORT) else 0,
        "by": "web",
        "request_key_file": "../reviewers/web.key",
        "evidence_key_file": "../vault/shelf.key" if has_evidence else None,
    }
    path = folder / "web" / "web.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(OPENING + to_toml(table), "utf-8")
    return path


async def _make_account(config: Path, password: str, logs: Path) -> None:
    """By the real command, which reads the password from its standard input."""
    command = python("soundpost", "web", "admin", "make", NAME, "--role", ROLE, "--config", str(config))
    with (logs / "web-admin.err").open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL, stderr=errors
        )
        await process.communicate(f"{password}\n".encode())
    if process.returncode != 0:
        raise OSError(f"web admin: ended with status {process.returncode}; see {logs / 'web-admin.err'}")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
