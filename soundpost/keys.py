"""`soundpost keys`: makes the keys that nodes and gateway share, and lists whose they are. No key is ever printed."""

import argparse
import hashlib
import pathlib
import re
import secrets
import tomllib

from soundpost.private_files import write_private

HELP = "Make the keys that nodes and their gateway share, or list whose keys a file holds."
EXAMPLE = "soundpost keys make n1 n2 n3 --out keys\n  soundpost keys list keys/keys.toml"
KEY_BYTES = 32
NAME = re.compile(r"[A-Za-z0-9._-]{1,32}")
TABLE = "keys.toml"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `soundpost keys`."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="make|list")
    make = verbs.add_parser("make", help=f"write DIR/{TABLE} for the gateway and DIR/NODE.key for each node")
    make.add_argument("node", nargs="+", metavar="NODE", help="a node's name: 1 to 32 letters, digits, . _ or -")
    make.add_argument("--out", required=True, type=pathlib.Path, metavar="DIR", help="folder for the files")
    show = verbs.add_parser("list", help="print the nodes of a keys file and a fingerprint of each key")
    show.add_argument("file", type=pathlib.Path, metavar="FILE", help=f"a {TABLE} or a NODE.key")


def run(args: argparse.Namespace) -> int:
    """Make or list. Raises ValueError or OSError of one line that holds no key."""
    if args.verb == "make":
        make_keys(args.node, args.out)
        print(f"{args.out}: {TABLE} for the gateway, and {', '.join(f'{node}.key' for node in args.node)}")
        return 0
    for node, mark in fingerprints(args.file).items():
        print(f"{node:32} {mark}")
    return 0


def make_keys(nodes: list[str], folder: pathlib.Path) -> None:
    """A key for each node: `keys.toml` and NODE.key files, mode 0600. Raises ValueError for a bad or double name and
    OSError for a file that is there already or a disk that is full; then nothing has been written."""
    for node in nodes:
        if not NAME.fullmatch(node) or node.startswith("."):
            raise ValueError(f"node {node!r}: a name has 1 to 32 letters, digits, dots, dashes or underscores")
        if nodes.count(node) > 1:
            raise ValueError(f"node {node}: named twice")
    keys = {node: secrets.token_hex(KEY_BYTES) for node in nodes}
    texts = {TABLE: "".join(f'"{node}" = "{key}"\n' for node, key in keys.items())}
    texts |= {f"{node}.key": f"{key}\n" for node, key in keys.items()}
    folder.mkdir(parents=True, exist_ok=True)
    write_private(folder, texts)


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
