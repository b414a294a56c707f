"""`soundpost lamps`: which lamps have failed, what each did last, and, as a follower, telling the city of it."""

import argparse
import json
import pathlib
from typing import Any

from gateway.journal.rows import kept, reading
from gateway.orders import is_superseded
from gateway.reaction.lamp_policy import START
from soundpost import lamps_blink, lamps_report
from soundpost.terminal import utc_second

HELP = "Show a street's lamps: what has failed, what each did last. Report failed ones to the city. Or let one blink."
EXAMPLE = """soundpost lamps street.journal
  soundpost lamps street.journal --json
  soundpost lamps street.journal --report https://city.example/open311/v2 --service-code 002 \\
      --config gateway.toml --cursor lamps.reported --api-key-file open311.key
  soundpost lamps --blink l1 --config gateway.toml"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `soundpost lamps`."""
    parser.add_argument(
        "file", type=pathlib.Path, metavar="JOURNAL", nargs="?", help="a gateway's journal; it may be in use"
    )
    parser.add_argument("--json", action="store_true", help="JSON lines, one a lamp")
    lamps_report.add_arguments(parser)
    lamps_blink.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Print the table, report for ever, or blink. Raises ValueError or OSError of one line."""
    if args.blink is not None:
        return lamps_blink.blink(args)
    if args.file is None:
        raise ValueError("give a JOURNAL, or --blink LAMP")
    if args.report is not None:
        return lamps_report.report(args)
    lamps = lamps_of(args.file)
    for lamp in lamps:
        print(json.dumps(lamp) if args.json else _line(lamp))
    if not lamps and not args.json:
        print("no lamp was told anything yet, and none has failed")
    return 0


def lamps_of(path: pathlib.Path) -> list[dict[str, Any]]:
    """What a journal has of each lamp, by name: {"lamp", "fault", "why", "since_us", "notice", "history", "told_pct",
    "done", "told_us", "note", "superseded"}; None where it has nothing, as told_pct of what a lamp did by itself.
    Raises as `reading` does."""
    found: dict[str, dict[str, Any]] = {}
    with reading(path) as journal:
        for kind in ("effect", "lamp"):
            for each in kept(journal, kind):
                told = json.loads(each.row.body)
                if kind == "lamp":
                    found.setdefault(told["lamp"], {}).update(_notice(told))
                elif told.get("what") == "light":
                    last = {"told_pct": "level_pct", "done": "done", "told_us": "t_us", "note": "note"}
                    row = {name: told[of] for name, of in last.items()} | {"superseded": is_superseded(told)}
                    found.setdefault(told["device"], {}).update(row | ({"told_pct": None} if is_news(told) else {}))
    names = ("fault", "why", "since_us", "notice", "history", "told_pct", "done", "told_us", "note", "superseded")
    return [{"lamp": lamp, **{name: found[lamp].get(name) for name in names}} for lamp in sorted(found)]


def _notice(told: dict[str, Any]) -> dict[str, Any]:
    """Of a notice that is over its history stays."""
    is_open = told["open"]
    return {
        "fault": told["fault"] if is_open else None,
        "why": told["why"] if is_open else None,
        "since_us": told["since_us"] if is_open else None,
        "notice": told["notice"],
        "history": told["history"],
    }


def is_news(told: dict[str, Any]) -> bool:
    """Whether a row tells of what a lamp did by itself, or somebody with it, and not of an order."""
    return told["incident"] == START and "action" not in told


def _last(lamp: dict[str, Any]) -> str:
    """What was last known of it."""
    if lamp["told_us"] is None:
        return ""
    at = utc_second(lamp["told_us"])
    if lamp["told_pct"] is None:
        return f"; at {at}: {lamp['note']}"
    if lamp["done"]:
        return f"; told {lamp['told_pct']} % at {at}: {lamp['note']}"
    failed = "" if lamp["superseded"] else ", NOT DONE"
    return f"; asked for {lamp['told_pct']} % at {at}{failed}: {lamp['note']}"


def _line(lamp: dict[str, Any]) -> str:
    state = f"FAULT since {utc_second(lamp['since_us'])}, {lamp['why']}" if lamp["fault"] else "well"
    text = f"{lamp['lamp']:20} {state}{_last(lamp)}"
    return "".join(each if each.isprintable() else "\ufffd" for each in text)
