"""Files that hold secrets: read whole, checked, and never quoted in a message."""

import pathlib
import re
from collections.abc import Mapping

from hw.linux.settings import read_text, read_toml

KEY_BYTES = 32


def read_keys(path: pathlib.Path, nodes: Mapping[str, object]) -> dict[str, bytes]:
    """The keys of a keys file, `node = "64 hex digits"`. Raises ValueError or OSError naming the file and the node,
    never a key: too open, malformed, or without a key for one of `nodes`."""
    _check_private(path)
    keys: dict[str, bytes] = {}
    for node, text in read_toml(path).items():
        if not re.fullmatch(r"[A-Za-z0-9._-]{1,32}", node):
            raise ValueError(f"{path}: a node's name has 1 to 32 letters, digits, dots, dashes or underscores")
        if not isinstance(text, str) or not re.fullmatch(rf"[0-9a-fA-F]{{{2 * KEY_BYTES}}}", text):
            raise ValueError(f"{path}: {node}: a key is {2 * KEY_BYTES} hexadecimal digits in quotes")
        keys[node] = bytes.fromhex(text)
    missing = sorted(nodes.keys() - keys.keys())
    if missing:
        raise ValueError(f"{path}: node {missing[0]} has no key (soundpost keys makes one)")
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
