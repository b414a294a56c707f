"""`soundpost policy`: what another policy would have done, and why the street did what it did."""

import argparse
import datetime
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from gateway.alerts.because import words
from gateway.config import read_config
from gateway.journal.chain import checked
from gateway.journal.rows import Kept, Row, reading
from gateway.journal.whole import Opened, opened
from gateway.reaction.policy_tables import PolicyTable
from gateway.reasons import ACTS
from gateway.tables import Table
from hw.linux.settings import all_faults, read_toml
from simulators.recordings.progress import watching
from soundpost.policy.deeds import Deeds
from soundpost.policy.explain import explain, lines, records
from soundpost.policy.trial import Changed, Other, Street, Totals, Trial, within
from soundpost.terminal import add_verb, aligned, complain, utc

HELP = "Try another policy on a journal's nights, or say why each thing was done for an incident or was not."
EXAMPLES = (
    "policy try other.toml --journal street.journal",
    "policy try other.toml --journal street.journal --from 2026-11-01 --until 2026-11-08",
    "policy explain 20261107T021320Z-3fa9c1 --journal street.journal",
)
EXAMPLE = "\n  ".join(f"soundpost {each}" for each in EXAMPLES)
WIDTHS = (24, 24, 8, 26, 26)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `soundpost policy`."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="try|explain")
    what = "show side by side what another policy would have done over a journal's nights"
    attempt = add_verb(verbs, "try", what, *EXAMPLES[:2])
    attempt.add_argument(
        "file", type=Path, metavar="FILE", help="a TOML file with a [policy] table; a gateway.toml is one"
    )
    attempt.add_argument(
        "--config", type=Path, metavar="FILE", help="the gateway's own (default: gateway.toml beside the journal)"
    )
    for name, does in (("from", "begin with what came then"), ("until", "end before what came then")):
        attempt.add_argument(
            f"--{name}", type=day_or_moment, dest=f"{name}_us", metavar="TIME",
            help=f"{does}: a day (its 00:00), or a day and an hour (2026-11-07T21:30), UTC",
        )  # fmt: skip
    what = "say why each thing was done for an incident or was not"
    why = add_verb(verbs, "explain", what, *EXAMPLES[2:])
    why.add_argument("incident", metavar="INCIDENT", help="its name, or enough of it")
    for each in (attempt, why):
        each.add_argument("--journal", type=Path, required=True, metavar="FILE", help="the journal; it may be in use")
        each.add_argument("--json", action="store_true", help="JSON lines")


def run(args: argparse.Namespace) -> int:
    """0 done. Raises ValueError or OSError of one line."""
    return _try(args) if args.verb == "try" else _explain(args)


def day_or_moment(text: str) -> int:
    """Microseconds UTC. Raises argparse.ArgumentTypeError for what is no time."""
    try:
        at = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a day or a time as 2026-11-07T21:30 (it is {text[:40]!r})") from None
    at = at if at.tzinfo else at.replace(tzinfo=datetime.UTC)
    return (at - datetime.datetime.fromtimestamp(0, datetime.UTC)) // datetime.timedelta(microseconds=1)


class PolicyFile(Table):
    """A file with a policy; the rest of a gateway.toml may stand in it, too."""

    policy: PolicyTable


def read_policy(path: Path) -> PolicyTable:
    """The [policy] of a file. Raises ValueError of one line, or OSError where it cannot be read."""
    document = read_toml(path)
    if "policy" not in document:
        raise ValueError(f"{path}: has no [policy] table")
    table = {"policy": document["policy"]}
    try:
        return PolicyFile.model_validate_json(json.dumps(table, default=str)).policy
    except ValidationError as error:
        raise ValueError(f"{path}: {all_faults(error, PolicyFile, table)}") from None


def _try(args: argparse.Namespace) -> int:
    if args.from_us is not None and args.until_us is not None and args.from_us > args.until_us:
        raise ValueError("--from must not come after --until")
    config_path = args.config or args.journal.parent / "gateway.toml"
    other = Other(read_policy(args.file), args.file.parent)
    street = Street(read_config(config_path), config_path.parent)
    with opened(args.journal) as journal:
        connection = journal.connection
        n_rows = connection.execute("select count(*) from row").fetchone()[0]
        if journal.missing:
            names = ", ".join(each.name for each in journal.missing)
            words = f"rows up to {journal.cut} were pruned and are not tried: not beside the journal: {names}"
            complain("policy", ValueError(f"{args.journal}: {words}"))
        trial = Trial(street, other, connection)
        if not args.json:
            print(aligned(("known", "incident", "act", "now", f"with {args.file.name}"), WIDTHS, LEFT) + "  why")
        with watching(n_rows, f"trying {args.file.name}") as seen:
            rows = within(_rows(journal, args.journal, seen), args.from_us, args.until_us)
            for changed in trial.run(rows):
                print(json.dumps(_record(changed)) if args.json else _line(changed), flush=True)
    totals, n_unproven = trial.totals, trial.n_unproven
    if n_unproven and not args.json:
        print(f"{n_unproven} frames came under keys that the keys file no longer holds: taken as journaled")
    print(json.dumps(_totals_record(totals, n_unproven)) if args.json else _summary(totals), flush=True)
    return 0


def _rows(journal: Opened, path: Path, seen: Callable[[Kept], Kept]) -> Iterator[Row]:
    """The rows that can happen again, each checked. seen : is told of each. Raises ValueError at a broken one."""
    try:
        for each in checked(journal.connection, journal.start):
            if seen(each).number > journal.cut:
                yield each.row
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


LEFT = tuple(range(len(WIDTHS)))


def _line(changed: Changed) -> str:
    cells = (
        utc(changed.t_us),
        changed.incident,
        changed.act,
        _of(changed.now, changed.act),
        _of(changed.then, changed.act),
    )
    return f"{aligned(cells, WIDTHS, LEFT)}  {_why(changed)}"


def _of(deeds: Deeds | None, act: str) -> str:
    return "no such incident" if deeds is None else deeds.of(act)


def _why(changed: Changed) -> str:
    """What the other policy says of it; where it does it, too, what is otherwise shows in the cells."""
    reason = changed.then.why.get(changed.act) if changed.then else None
    return words(reason) if reason else ""


def _record(changed: Changed) -> dict[str, Any]:
    of = changed.then or changed.now
    known = of.known if of else None
    told = {"what": "changed", "incident": changed.incident, "t_us": changed.t_us, "act": changed.act}
    judged = {"kind": known.kind, "grade": known.grade} if known else {}
    return {**told, **judged, "now": _deed(changed.now, changed.act), "then": _deed(changed.then, changed.act)}


def _deed(deeds: Deeds | None, act: str) -> dict[str, Any] | None:
    if deeds is None:
        return None
    reason = deeds.why.get(act)
    why = {"word": reason.word, "rule": reason.rule, "why": words(reason)} if reason else {}
    if act == "lights":
        held_us = None if deeds.lit_us is None or deeds.dark_us is None else deeds.dark_us - deeds.lit_us
        return {"lamps": deeds.lamps, "held_us": held_us, **why}
    if act == "cameras":
        return {"cameras": deeds.cameras, **why}
    quiet = deeds.known.quiet if deeds.known else ""
    return (
        {"n_told": deeds.n_told, "quiet": quiet, **why} if act == "announce" else {"done": deeds.of(act) != "-", **why}
    )


def _totals_record(totals: Totals, n_unproven: int) -> dict[str, Any]:
    counts = {"n_incidents": totals.n_incidents, "n_changed": totals.n_changed, "n_unproven": n_unproven}
    return {"what": "summary", **counts, "now": dict(totals.now), "then": dict(totals.then)}


def _summary(totals: Totals) -> str:
    counts = "; ".join(f"{act} {totals.now[act]} now, {totals.then[act]} then" for act in ACTS)
    return f"{totals.n_incidents} incidents, something changes for {totals.n_changed}. Done for so many: {counts}"


def _explain(args: argparse.Namespace) -> int:
    with reading(args.journal) as connection:
        of = explain(connection, args.journal, args.incident)
    if not of.reasons:
        raise ValueError(f"{args.journal}: the gateway that wrote of {of.incident} gave no reasons yet (before 0.1.0)")
    for each in records(of) if args.json else lines(of):
        print(json.dumps(each) if args.json else each)
    return 0
