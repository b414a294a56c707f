"""`soundpost journal`: is a journal whole, and what is in it."""

import argparse
import json
import pathlib
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from gateway.rows import Kept, first_broken, kept, reading

HELP = "Verify a gateway's journal, show what is in it, or export it whole. It may be in use."
EXAMPLE = "soundpost journal verify street.journal"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `soundpost journal`."""
    parser.add_argument("verb", choices=VERBS, help="verify the chain; show incidents and deeds; export every row")
    parser.add_argument("file", type=pathlib.Path, metavar="FILE", help="the journal")
    parser.add_argument("--json", action="store_true", help="JSON lines")


def run(args: argparse.Namespace) -> int:
    """0 done; 1 a broken row. Raises ValueError or OSError for a file that cannot be read."""
    return VERBS[args.verb](args.file, args.json)


def _verify(path: pathlib.Path, as_json: bool) -> int:
    with reading(path) as connection:
        broken = first_broken(connection)
        rows = Counter(each.row.kind for each in kept(connection))
    if broken is not None:
        raise ValueError(f"{path}: row {broken} is not what was written there")
    if as_json:
        print(json.dumps({"file": str(path), "whole": True, "rows": rows}))
    else:
        print(f"{path}: whole, {rows.total()} rows ({', '.join(f'{n} {kind}' for kind, n in sorted(rows.items()))})")
    return 0


def _show(path: pathlib.Path, as_json: bool) -> int:
    """What happened: every row but the frames."""
    for each in _rows(path):
        if each.row.kind != "frame":
            print(json.dumps(_record(each)) if as_json else _line(each))
    return 0


def _export(path: pathlib.Path, as_json: bool) -> int:
    for each in _rows(path):
        print(json.dumps(_record(each)) if as_json else _line(each))
    return 0


def _rows(path: pathlib.Path) -> Iterator[Kept]:
    with reading(path) as connection:
        yield from kept(connection)


def _record(each: Kept) -> dict[str, Any]:
    row = each.row
    record: dict[str, Any] = {"row": each.number, "kind": row.kind, "at_us": row.at_us, "hash": each.hash.hex()}
    if row.kind == "frame":
        return {**record, "node": row.node, "boot": row.boot, "sequence": row.sequence, "frame": row.body.hex()}
    return {**record, "body": _body(row.body)}


def _line(each: Kept) -> str:
    row = each.row
    when = f"{datetime.fromtimestamp(row.at_us // 1_000_000, UTC):%Y-%m-%d %H:%M:%S}Z"
    if row.kind == "frame":
        text = f"{row.node} boot {row.boot} sequence {row.sequence}, {len(row.body)} bytes"
    else:
        text = json.dumps(_body(row.body))
    return f"{each.number:8}  {when}  {row.kind:9} {text}"


def _body(body: bytes) -> Any:
    """The JSON of a row; a journal may have been tampered with, so anything is borne."""
    try:
        return json.loads(body)
    except ValueError:
        return {"hex": body.hex()}


VERBS = {"verify": _verify, "show": _show, "export": _export}
