"""`soundpost keys`: makes, changes and removes the keys that nodes and gateway share, and lists whose they are. No key
is ever printed. A gateway that runs takes over what changed by itself (gateway/intake/keyring.py)."""

import argparse
import difflib
import hashlib
import pathlib
import re
import secrets
import tomllib
from collections.abc import Iterable, Mapping

from soundpost.private_files import locked, write_private

HELP = "Make, add, rotate or remove the keys that nodes and their gateway share, or list whose keys a file holds."
EXAMPLE = """soundpost keys make n1 n2 n3 --out keys
  soundpost keys add n4 --out keys
  soundpost keys rotate n2 --out keys
  soundpost keys list keys/keys.toml"""
KEY_BYTES = 32
NAME = re.compile(r"[A-Za-z0-9._-]{1,32}")
TABLE = "keys.toml"
NOBODY = "# keys of nodes, a line each: soundpost keys add\n"
"""A table of none. It stays, so that a gateway takes over that nobody has a key, and is not taken for a torn file."""
IN_FORCE = "A gateway that runs takes it over within 5 s"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `soundpost keys`."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="make|add|rotate|remove|list")
    for verb, (_, what) in CHANGES.items():
        each = verbs.add_parser(verb, help=what, description=what)
        each.add_argument("node", nargs="+", metavar="NODE", help="a node's name: 1 to 32 letters, digits, . _ or -")
        each.add_argument("--out", required=True, type=pathlib.Path, metavar="DIR", help="folder of the files")
    show = verbs.add_parser("list", help="print the nodes of a keys file and a fingerprint of each key")
    show.add_argument("file", type=pathlib.Path, metavar="FILE", help=f"a {TABLE} or a NODE.key")


def run(args: argparse.Namespace) -> int:
    """Change or list. Raises ValueError or OSError of one line that holds no key."""
    if args.verb == "list":
        for node, mark in fingerprints(args.file).items():
            print(f"{node:32} {mark}")
        return 0
    change, _ = CHANGES[args.verb]
    _check_names(args.node)
    change(args.node, args.out)
    print(_done(args.verb, args.node, args.out))
    return 0


def make_keys(nodes: list[str], folder: pathlib.Path) -> None:
    """A key for each node: `keys.toml` and NODE.key files, mode 0600. Raises OSError for a file that is there already
    or a disk that is full; then nothing has been written."""
    if (folder / TABLE).exists() and (folder / TABLE).stat().st_size:
        raise FileExistsError(f"{folder / TABLE}: is there already; `soundpost keys add` adds nodes to it")
    keys = _fresh(nodes)
    folder.mkdir(parents=True, exist_ok=True)
    write_private(folder, {**_files(keys), TABLE: _with("", keys)})


def add_keys(nodes: list[str], folder: pathlib.Path) -> None:
    """Keys for nodes that have none yet. Raises ValueError for one that has, OSError as `make_keys` does."""
    with locked(folder):
        text, there = _table(folder)
        for node in nodes:
            if node in there:
                raise ValueError(f"{folder / TABLE}: {node} has a key already; `soundpost keys rotate` makes a new one")
        keys = _fresh(nodes)
        write_private(folder, {**_files(keys), TABLE: _with(text, keys)}, instead=(TABLE,))


def rotate_keys(nodes: list[str], folder: pathlib.Path) -> None:
    """New keys for nodes that have one. Raises ValueError for one that has none; OSError for a full disk, which leaves
    everything as it was."""
    with locked(folder):
        text, there = _table(folder)
        _check_there(nodes, there, folder)
        texts = {**_files(keys := _fresh(nodes)), TABLE: _with(text, keys)}
        write_private(folder, texts, instead=texts)


def remove_keys(nodes: list[str], folder: pathlib.Path) -> None:
    """Take the keys of nodes out, and their NODE.key files away. Raises as `rotate_keys` does."""
    with locked(folder):
        text, there = _table(folder)
        _check_there(nodes, there, folder)
        write_private(folder, {TABLE: _with(text, dict.fromkeys(nodes, "")) or NOBODY}, instead=(TABLE,))
        for node in nodes:
            (folder / f"{node}.key").unlink(missing_ok=True)


CHANGES = {
    "make": (make_keys, f"write DIR/{TABLE} for the gateway and DIR/NODE.key for each node"),
    "add": (add_keys, f"add nodes to DIR/{TABLE}, and write DIR/NODE.key for each"),
    "rotate": (rotate_keys, "make new keys for nodes; the old ones are refused from then on"),
    "remove": (remove_keys, "take nodes' keys out: what comes under them is refused from then on"),
}


def _done(verb: str, nodes: list[str], folder: pathlib.Path) -> str:
    """What was done, and what is to be done now."""
    files = ", ".join(str(folder / f"{node}.key") for node in nodes)
    if verb == "make":
        return f"{folder}: {TABLE} for the gateway, and {', '.join(f'{node}.key' for node in nodes)}"
    if verb == "remove":
        return f"removed: {', '.join(nodes)}. {IN_FORCE}, and refuses what comes under the old keys."
    then = "what it hears until then waits there" if verb == "rotate" else "give it a [[pole]] in gateway.toml"
    return f"{files}: put on the pole; {then}. {IN_FORCE}."


def _check_names(nodes: list[str]) -> None:
    for node in nodes:
        if not NAME.fullmatch(node) or node.startswith("."):
            raise ValueError(f"node {node!r}: a name has 1 to 32 letters, digits, dots, dashes or underscores")
        if nodes.count(node) > 1:
            raise ValueError(f"node {node}: named twice")


def _check_there(nodes: list[str], there: Iterable[str], folder: pathlib.Path) -> None:
    for node in nodes:
        if node not in there:
            near = difflib.get_close_matches(node, there, 1)
            raise ValueError(f"{folder / TABLE}: {node} has no key here" + (f"; is {near[0]} meant?" if near else ""))


def _fresh(nodes: list[str]) -> dict[str, str]:
    return {node: secrets.token_hex(KEY_BYTES) for node in nodes}


def _files(keys: Mapping[str, str]) -> dict[str, str]:
    return {f"{node}.key": f"{key}\n" for node, key in keys.items()}


def _table(folder: pathlib.Path) -> tuple[str, dict[str, str]]:
    """The text of the folder's keys.toml, and what it says."""
    text = (folder / TABLE).read_text("utf-8-sig", errors="replace")
    if text.strip():  # versions before left an empty table where the last node was removed
        fingerprints(folder / TABLE)
    return text, tomllib.loads(text)


def _with(text: str, keys: Mapping[str, str]) -> str:
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
