"""`soundpost keys`: makes, changes and removes the keys that nodes and gateway share, and lists whose they are. No key
is ever printed. A gateway that runs takes over what changed by itself (gateway/intake/keyring.py)."""

import argparse
import difflib
import pathlib
import re
from collections.abc import Iterable

from soundpost.broker.changing import certified, change, held
from soundpost.broker.identities import street_beside
from soundpost.broker.texts import BROKER, GATEWAY
from soundpost.keys_table import TABLE, fingerprints, fresh, key_files, read_table, with_keys
from soundpost.private_files import write_private
from soundpost.terminal import add_verb

HELP = "Make, add, rotate or remove the keys that nodes and their gateway share, or list whose keys a file holds."
EXAMPLES = {
    "make": ("keys make n1 n2 n3 --out keys",),
    "add": ("keys add n4 --out keys",),
    "rotate": (
        "keys rotate n2 --out keys",
        "keys rotate broker gateway --out street/keys     # their certificates, in a folder of soundpost init",
    ),
    "remove": ("keys remove n3 --out keys",),
    "list": ("keys list keys/keys.toml",),
}
EXAMPLE = "\n  ".join(f"soundpost {each}" for lines in EXAMPLES.values() for each in lines)
NAME = re.compile(r"[A-Za-z0-9._-]{1,32}")
NOBODY = "# keys of nodes, a line each: soundpost keys add\n"
"""A table of none. It stays, so that a gateway takes over that nobody has a key, and is not taken for a torn file."""
IN_FORCE = "A gateway that runs takes it over within 5 s"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `soundpost keys`."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="make|add|rotate|remove|list")
    for verb, (_, what) in CHANGES.items():
        each = add_verb(verbs, verb, what, *EXAMPLES[verb])
        each.add_argument("node", nargs="+", metavar="NODE", help="a node's name: 1 to 32 letters, digits, . _ or -")
        each.add_argument("--out", required=True, type=pathlib.Path, metavar="DIR", help="folder of the files")
    show = add_verb(verbs, "list", "print the nodes of a keys file and a fingerprint of each key", *EXAMPLES["list"])
    show.add_argument("file", type=pathlib.Path, metavar="FILE", help=f"a {TABLE} or a NODE.key")


def run(args: argparse.Namespace) -> int:
    """Change or list. Raises ValueError or OSError of one line that holds no key."""
    if args.verb == "list":
        for node, mark in fingerprints(args.file).items():
            print(f"{node:32} {mark}")
        return 0
    does, _ = CHANGES[args.verb]
    _check_names(args.node, args.verb)
    told = does(args.node, args.out)
    print(_done(args.verb, args.node, args.out))
    if told:
        print(told)
    return 0


def make_keys(nodes: list[str], folder: pathlib.Path) -> str:
    """A key for each node: `keys.toml` and NODE.key files, mode 0600. Raises OSError for a file that is there already
    or a disk that is full; then nothing has been written."""
    folder.mkdir(parents=True, exist_ok=True)
    with held(folder):
        if (folder / TABLE).exists() and (folder / TABLE).stat().st_size:
            raise FileExistsError(f"{folder / TABLE}: is there already; `soundpost keys add` adds nodes to it")
        keys = fresh(nodes)
        write_private(folder, {**key_files(keys), TABLE: with_keys("", keys)})
    return ""


def add_keys(nodes: list[str], folder: pathlib.Path) -> str:
    """Keys for nodes that have none yet. Comes back: what became of the broker, in words, "" where there is none.
    Raises ValueError for one that has, OSError as `make_keys` does."""
    with held(folder):
        text, there = read_table(folder)
        for node in nodes:
            if node in there:
                raise ValueError(f"{folder / TABLE}: {node} has a key already; `soundpost keys rotate` makes a new one")
        keys = fresh(nodes)
        return change(folder, {**key_files(keys), TABLE: with_keys(text, keys)}, (TABLE,), keys)


def rotate_keys(nodes: list[str], folder: pathlib.Path) -> str:
    """New keys for nodes that have one, and new certificates. Comes back as of `add_keys`. Raises ValueError for one
    that has none; OSError for a full disk, which leaves everything as it was."""
    with held(folder):
        text, there = read_table(folder)
        others = certified(nodes, folder)
        keyed = [node for node in nodes if node not in others]
        _check_there(keyed, there, folder)
        keys = fresh(keyed)
        texts = {**key_files(keys), TABLE: with_keys(text, keys)} if keyed else {}
        return change(folder, texts, texts, dict.fromkeys(others, "") | keys)


def remove_keys(nodes: list[str], folder: pathlib.Path) -> str:
    """Take the keys of nodes out, and their NODE.key files away. Comes back, and raises, as `rotate_keys` does."""
    with held(folder):
        text, there = read_table(folder)
        _check_there(nodes, there, folder)
        left = with_keys(text, dict.fromkeys(nodes, "")) or NOBODY
        return change(folder, {TABLE: left}, (TABLE,), remove=nodes)


CHANGES = {
    "make": (make_keys, f"write DIR/{TABLE} for the gateway and DIR/NODE.key for each node"),
    "add": (add_keys, f"add nodes to DIR/{TABLE}, and write DIR/NODE.key for each"),
    "rotate": (rotate_keys, "make new keys for nodes; the old ones are refused from then on"),
    "remove": (remove_keys, "take nodes' keys out: what comes under them is refused from then on"),
}


def _done(verb: str, nodes: list[str], folder: pathlib.Path) -> str:
    """What was done, and what is to be done now."""
    if others := certified(nodes, folder):
        nodes = [node for node in nodes if node not in others]
        again = f"start {' and '.join(others)} again now: until then nothing is heard"
        told = f"new certificate: {', '.join(others)}; {again}"
        return f"{told}\n{_done(verb, nodes, folder)}" if nodes else told
    street = street_beside(folder)
    files = ", ".join(str(street / "nodes" / node if street else folder / f"{node}.key") for node in nodes)
    if verb == "make":
        return f"{folder}: {TABLE} for the gateway, and {', '.join(f'{node}.key' for node in nodes)}"
    if verb == "remove":
        return f"removed: {', '.join(nodes)}. {IN_FORCE}, and refuses what comes under the old keys."
    then = "what it hears until then waits there" if verb == "rotate" else "give it a [[pole]] in gateway.toml"
    return f"{files}: put on the pole; {then}. {IN_FORCE}."


def _check_names(nodes: list[str], verb: str) -> None:
    for node in nodes:
        if verb != "rotate" and node.lower() in (GATEWAY, BROKER):
            own = node.lower()
            raise ValueError(f"node {node}: the {own} is called so; its certificate: soundpost keys rotate {own}")
        if not NAME.fullmatch(node) or node.startswith("."):
            raise ValueError(f"node {node!r}: a name has 1 to 32 letters, digits, dots, dashes or underscores")
        if nodes.count(node) > 1:
            raise ValueError(f"node {node}: named twice")


def _check_there(nodes: list[str], there: Iterable[str], folder: pathlib.Path) -> None:
    for node in nodes:
        if node not in there:
            near = difflib.get_close_matches(node, there, 1)
            raise ValueError(f"{folder / TABLE}: {node} has no key here" + (f"; is {near[0]} meant?" if near else ""))
