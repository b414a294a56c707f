"""The text of a keys file, `NODE = "64 hexadecimal digits"`, and what is changed in it. No key gets into a message."""

import hashlib
import pathlib
import re
import secrets
import tomllib
from collections.abc import Iterable, Mapping

KEY_BYTES = 32
TABLE = "keys.toml"


def fresh(nodes: Iterable[str]) -> dict[str, str]:
    """A new key for each node."""
    return {node: secrets.token_hex(KEY_BYTES) for node in nodes}


def key_files(keys: Mapping[str, str]) -> dict[str, str]:
    """Each node's own file."""
    return {f"{node}.key": f"{key}\n" for node, key in keys.items()}


def read_table(folder: pathlib.Path) -> tuple[str, dict[str, str]]:
    """The text of the folder's keys.toml, and what it says."""
    text = (folder / TABLE).read_text("utf-8-sig", errors="replace")
    if text.strip():  # versions before left an empty table where the last node was removed
        fingerprints(folder / TABLE)
    return text, tomllib.loads(text)


def with_keys(text: str, keys: Mapping[str, str]) -> str:
    """The text with these keys in it and their nodes' old ones out (an empty key: none in its place). What else people
    wrote there stays as it was. ValueError where they wrote it in a way that only they can change."""
    there = tomllib.loads(text)
    kept = [line.rstrip("\r") for line in text.rstrip("\n").split("\n") if _named(line) not in keys] if text else []
    changed = "".join(f"{line}\n" for line in [*kept, *(f'"{node}" = "{key}"' for node, key in keys.items() if key)])
    try:
        is_so = tomllib.loads(changed) == {node: key for node, key in {**there, **keys}.items() if key}
    except tomllib.TOMLDecodeError:
        is_so = False
    if not is_so:
        raise ValueError(f'{TABLE}: is not written as lines of NODE = "64 hexadecimal digits"; change it by hand')
    return changed


def _named(line: str) -> str:
    """The node of a line, or ""."""
    found = re.match(r"""\s*(["']?)([A-Za-z0-9._-]+)\1\s*=""", line)
    return found[2] if found else ""


def fingerprints(path: pathlib.Path) -> dict[str, str]:
    """Node -> the first 8 hexadecimal digits of the SHA-256 of its key, from a keys.toml or a NODE.key file."""
    text = path.read_text("utf-8-sig", errors="replace")
    if not text.strip():
        raise ValueError(f"{path}: is empty; remove it, and make the key again")
    if re.fullmatch(r"[0-9a-fA-F]{64}\s*", text):
        return {path.stem: _fingerprint(text.strip())}
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise ValueError(f'{path}: is no keys file: lines of NODE = "64 hexadecimal digits"') from None
    for node, key in table.items():
        if not isinstance(key, str) or not re.fullmatch(r"[0-9a-fA-F]{64}", key):
            raise ValueError(f"{path}: {node}: a key is 64 hexadecimal digits in quotes")
    return {node: _fingerprint(key) for node, key in table.items()}


def _fingerprint(key: str) -> str:
    return hashlib.sha256(bytes.fromhex(key)).hexdigest()[:8]
