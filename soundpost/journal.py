"""`soundpost journal`: is a journal whole, and what is in it."""

import argparse
import json
import pathlib
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from gateway.journal.archive import is_archive, read_archive
from gateway.journal.chain import checked, prunings
from gateway.journal.rows import Kept, kept, log_beside, reading, was_in_use
from soundpost import journal_copies, journal_follow
from soundpost.terminal import add_verb, utc_second

HELP = (
    "Verify a gateway's journal, show what is in it, export it whole, follow it, back it up, bring a backup back, or\n"
    "prune old frames from it into an archive, which is read as a journal is. It may be in use."
)
EXAMPLES = {
    "verify": ("street.journal",),
    "show": ("street.journal",),
    "export": ("street.journal --json > street-journal.jsonl",),
    "follow": ("street.journal --from 1", "street.journal --cursor printed"),
    **journal_copies.EXAMPLES,
    "review": ('street.journal 20261107T021320Z-3fa9c1 "no gunshot" --by desk --key reviewers/desk.key',),
}
EXAMPLE = "\n  ".join(f"soundpost journal {verb} {lines[0]}" for verb, lines in EXAMPLES.items())
ADVICE = """to hand it over, export it; a copy of the file alone may lack the newest rows:
    soundpost journal export {path} --json > journal.jsonl"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `soundpost journal`."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="|".join(VERBS))
    for verb, (_, what) in VERBS.items():
        each = add_verb(verbs, verb, what, *(f"journal {verb} {line}" for line in EXAMPLES[verb]))
        of = "the backup" if verb == "restore" else "the journal"
        each.add_argument("file", type=pathlib.Path, metavar="FILE", help=of)
        each.add_argument("--json", action="store_true", help="JSON lines")
        if verb == "follow":
            journal_follow.add_follow_arguments(each)
        elif verb == "review":
            journal_follow.add_review_arguments(each)
        elif verb in journal_copies.EXAMPLES:
            journal_copies.add_arguments(verb, each)


def run(args: argparse.Namespace) -> int:
    """0 done; 1 a broken row. Raises ValueError or OSError for a file that cannot be read."""
    if args.verb == "follow":
        return journal_follow.follow(args, _record if args.json else _line)
    if args.verb == "review":
        return journal_follow.review(args)
    if args.verb in journal_copies.EXAMPLES:
        return journal_copies.run(args)
    return int(VERBS[args.verb][0](args.file, args.json))


@dataclass(slots=True)
class _Extent:
    """What of a journal can be seen. head : the hash of the last row, in hexadecimal."""

    rows: Counter[str] = field(default_factory=Counter)
    first_us: int | None = None
    last_us: int | None = None
    head: str = ""

    def add(self, each: Kept) -> None:
        if self.first_us is None:
            self.first_us = each.row.at_us
        self.last_us = each.row.at_us
        self.rows[each.row.kind] += 1
        self.head = each.hash.hex()


def _verify(path: pathlib.Path, as_json: bool) -> int:
    extent, unseen = _Extent(), _unseen(path)
    archives = []
    if is_archive(path):
        for each in _rows(path):
            extent.add(each)
    else:
        archives = _check_journal(path, extent)
    if extent.first_us is None or extent.last_us is None:
        raise ValueError(f"{path}: holds no row, so there is nothing to verify; {unseen[0]}")
    is_whole = not any(one["state"].startswith("NOT") for one in archives)
    if as_json:
        span = {"first_us": extent.first_us, "last_us": extent.last_us, "head": extent.head}
        more = {"archives": archives, "unseen": unseen}
        print(json.dumps({"file": str(path), "whole": is_whole, "rows": extent.rows, **span, **more}))
        return 0 if is_whole else 1
    counts = ", ".join(f"{n} {kind}" for kind, n in sorted(extent.rows.items()))
    print(f"{path}: whole, {extent.rows.total()} rows ({counts})")
    print(f"from {_when(extent.first_us)} to {_when(extent.last_us)}, head {extent.head}")
    for one in archives:
        print(f"pruned: {one['frames']} frames of rows {one['first']} to {one['last']}: {one['file']}, {one['state']}")
    for what in unseen:
        print(f"cannot be seen: {what}")
    print(ADVICE.format(path=path))
    return 0 if is_whole else 1


def _check_journal(path: pathlib.Path, extent: _Extent) -> list[dict[str, Any]]:
    """Comes back: what it says of its archives. Raises ValueError at the first row that is not as it was written."""
    with reading(path) as connection:
        connection.execute("begin")  # rows and gaps of one moment
        try:
            for each in checked(connection):
                extent.add(each)
            return journal_copies.archives_of(path, prunings(connection))
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error


def _unseen(path: pathlib.Path) -> list[str]:
    """What a chain that holds does not show, in words."""
    unseen = ["rows cut off at its end; compare the last row's time and the head with what was noted elsewhere"]
    if is_archive(path):
        return unseen
    if path.is_file() and not log_beside(path).exists() and was_in_use(path):
        unseen.insert(
            0,
            f"whether rows are missing: no {log_beside(path).name} beside it, where a gateway keeps the newest ones "
            "until its orderly end",
        )
    return unseen


def _show(path: pathlib.Path, as_json: bool) -> int:
    """What happened: every row but the frames. How far it goes is said on standard error."""
    extent = _Extent()
    for each in _rows(path):
        extent.add(each)
        if each.row.kind != "frame":
            print(json.dumps(_record(each)) if as_json else _line(each))
    if extent.first_us is not None and extent.last_us is not None:
        print(f"rows from {_when(extent.first_us)} to {_when(extent.last_us)}", file=sys.stderr)
    for what in _unseen(path):
        print(f"cannot be seen: {what}", file=sys.stderr)
    return 0


def _export(path: pathlib.Path, as_json: bool) -> int:
    for each in _rows(path):
        print(json.dumps(_record(each)) if as_json else _line(each))
    return 0


def _rows(path: pathlib.Path) -> Iterator[Kept]:
    if is_archive(path):
        yield from (each for each in read_archive(path) if isinstance(each, Kept))
        return
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
    when = _when(row.at_us)
    if row.kind == "frame":
        text = f"{row.node} boot {row.boot} sequence {row.sequence}, {len(row.body)} bytes"
    else:
        text = json.dumps(_body(row.body))
    return f"{each.number:8}  {when}  {row.kind:9} {text}"


def _when(at_us: int) -> str:
    """A row's time; a journal may have been tampered with, so anything is borne."""
    try:
        return utc_second(at_us)
    except OverflowError:
        return f"{at_us} us"


def _body(body: bytes) -> Any:
    """The JSON of a row; a journal may have been tampered with, so anything is borne."""
    try:
        return json.loads(body)
    except ValueError:
        return {"hex": body.hex()}


VERBS: dict[str, tuple[Any, str]] = {
    "verify": (_verify, "verify the chain: is the record whole?"),
    "show": (_show, "show what happened: every row but the frames"),
    "export": (_export, "export every row"),
    "follow": (None, "print rows as they come, each once and in order"),
    "backup": (None, "copy it while a gateway writes it; the copy is checked before it gets its name"),
    "restore": (None, "bring a backup back, checked first; nothing is overwritten"),
    "prune": (None, "move old frames into an archive and give their room back; a gateway may write meanwhile"),
    "review": (None, "tell a running gateway what an incident was; it becomes a row"),
}
