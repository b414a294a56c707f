"""Files that hold secrets: read whole, checked, and never quoted in a message; and the keys that are in force now."""

import asyncio
import pathlib
import re
from collections.abc import Callable, Iterable
from typing import NoReturn

import structlog

from gateway.incident import News
from gateway.tasks import until
from hw.linux.settings import read_text, read_toml

KEY_BYTES = 32
LOOK_S = 1.0
log = structlog.get_logger("gateway.intake.keyring")


class Keyring:
    """keys : node -> its key, those that are in force, changed in place as the file changes. A file that cannot be
    read, or not whole, changes nothing and is said once. Raises ValueError or OSError as `read_keys` does."""

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path
        self._stamp = _stamp(path)
        self.keys = read_keys(path)
        self._why = ""

    def look(self) -> dict[str, list[str]]:
        """Take over what the file says now, if it is not what it was at the last look. Comes back: whose keys were
        `added`, `rotated` and `removed`, as far as any were."""
        stamp = _stamp(self._path)
        if stamp == self._stamp:
            return {}
        try:
            keys = read_keys(self._path)
        except (OSError, ValueError) as error:
            if str(error) != self._why:
                log.warning("the keys of before stay in force", why=str(error))
            self._why = str(error)
            return {}
        self._stamp, self._why = stamp, ""
        changes = _changes(self.keys, keys)
        self.keys.clear()
        self.keys.update(keys)
        return changes


class KeyWatch:
    """An edge (gateway/edges.py): sees that what the file says is in force within 5 s. rekeyed : is told the nodes
    whose keys are other ones now. tell : is told it in words. clock : () -> microseconds UTC. whose : in words."""

    def __init__(
        self,
        ring: Keyring,
        rekeyed: Callable[[Iterable[str]], None],
        tell: Callable[[News], None],
        clock: Callable[[], int],
        whose: str = "keys",
    ) -> None:
        self._ring, self._rekeyed, self._tell, self._clock = ring, rekeyed, tell, clock
        self._whose = whose

    def order(self, effect: object) -> None:
        """There is nothing to order of a file."""

    async def run(self, beat: Callable[[], None]) -> NoReturn:
        """Look again and again."""
        while True:
            changes = self._ring.look()
            if changes:
                self._rekeyed([node for nodes in changes.values() for node in nodes])
                news = "; ".join(f"{', '.join(nodes)} {word}" for word, nodes in changes.items())
                self._tell(News("keys", f"{self._whose}: {news}", self._clock()))
            await until(asyncio.Event(), beat, LOOK_S)

    async def close(self) -> None:
        """Nothing is open between looks."""


def keyless(keys: Iterable[str], nodes: Iterable[str]) -> list[str]:
    """The nodes that have none."""
    return sorted(set(nodes) - set(keys))


def read_keys(path: pathlib.Path) -> dict[str, bytes]:
    """The keys of a keys file, `node = "64 hex digits"`. Raises ValueError or OSError naming the file and the node,
    never a key: too open, or malformed."""
    _check_private(path)
    keys: dict[str, bytes] = {}
    for node, text in read_toml(path).items():
        if not re.fullmatch(r"[A-Za-z0-9._-]{1,32}", node):
            raise ValueError(f"{path}: a node's name has 1 to 32 letters, digits, dots, dashes or underscores")
        if not isinstance(text, str) or not re.fullmatch(rf"[0-9a-fA-F]{{{2 * KEY_BYTES}}}", text):
            raise ValueError(f"{path}: {node}: a key is {2 * KEY_BYTES} hexadecimal digits in quotes")
        keys[node] = bytes.fromhex(text)
    return keys


def read_secret(path: pathlib.Path) -> str:
    """The one line of a password file that only its owner may read."""
    _check_private(path)
    secret = read_text(path).strip("\r\n")
    if not secret or "\n" in secret:
        raise ValueError(f"{path}: must hold one line, the password")
    return secret


def _check_private(path: pathlib.Path) -> None:
    mode = path.stat().st_mode
    if mode & 0o077:
        raise ValueError(f"{path}: mode {mode & 0o777:04o} lets others read it; must be 0600 (chmod 600 {path})")


def _changes(old: dict[str, bytes], new: dict[str, bytes]) -> dict[str, list[str]]:
    """What became of whose keys."""
    rotated = [node for node in sorted(old.keys() & new.keys()) if old[node] != new[node]]
    changes = {"added": keyless(old, new), "rotated": rotated, "removed": keyless(new, old)}
    return {word: nodes for word, nodes in changes.items() if nodes}


def _stamp(path: pathlib.Path) -> tuple[int, ...]:
    """What changes when a file does."""
    try:
        stat = path.stat()
    except OSError:
        return ()
    return stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns
