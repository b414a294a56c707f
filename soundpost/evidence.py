"""`soundpost evidence`: keeps what cameras and plate readers saw round a shot; lists, shows and exports it.

Whoever is shown anything, or takes it along, is written down first: the gateway takes a signed request, and not a byte
goes out before its row can be read in the journal, on the disk (DESIGN section 7). So it needs a running gateway.
"""

import argparse
import asyncio
import functools
import json
import pathlib
import signal
from collections.abc import Mapping, Sequence
from typing import Any

from gateway.assembly.asking import read_key, write_down
from gateway.assembly.evidence import check_evidence, keep_evidence
from gateway.assembly.making_way import make_way
from gateway.config import GatewayConfig, read_config
from gateway.evidence import custody
from gateway.evidence.shelf import About, Entry, Shelf
from gateway.journal.rows import reading
from soundpost.evidence_export import export, known, new_folder
from soundpost.lasting_output import lasting_output
from soundpost.logs import add_log_argument, log_to_standard_error
from soundpost.terminal import complain, utc_second

HELP = "Keep what cameras and plate readers saw round a shot, encrypted; list, show and export it."
EXAMPLE = """soundpost evidence --config gateway.toml
  soundpost evidence list --config gateway.toml
  soundpost evidence show INCIDENT --config gateway.toml --by desk --key desk.key
  soundpost evidence export INCIDENT --config gateway.toml --by desk --key desk.key --out case-17"""
VERBS = {
    "run": "keep evidence, as a process beside the gateway, until told to stop",
    "list": "what is kept of which incident; nothing of it is opened",
    "show": "plates and objects of an incident, and its files",
    "export": "all files of an incident, decrypted, into a new folder",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `soundpost evidence`."""
    told = "; ".join(f"{verb}: {words}" for verb, words in VERBS.items())
    parser.add_argument("verb", nargs="?", choices=VERBS, default="run", help=f"{told} (default: run)")
    parser.add_argument("incident", nargs="?", metavar="INCIDENT", help="of show and export: the incident's name")
    parser.add_argument("--config", required=True, type=pathlib.Path, metavar="FILE", help="gateway.toml")
    parser.add_argument("--by", metavar="NAME", help="who is shown it; named in requests_keys_file")
    parser.add_argument("--key", type=pathlib.Path, metavar="FILE", help="NAME.key of soundpost keys")
    parser.add_argument("--note", default="", help="why, in words, for the journal")
    parser.add_argument("--out", type=pathlib.Path, metavar="DIR", help="of export: a folder that is not there yet")
    parser.add_argument("--json", action="store_true", help="JSON lines")
    add_log_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Raises ValueError or OSError of one line."""
    config, folder = read_config(args.config), args.config.parent
    if config.evidence is None:
        raise ValueError(f"{args.config}: has no [evidence]")
    if args.verb == "run":
        return _keep(args, config, folder)
    shelf = Shelf(folder / config.evidence.folder, read_key(folder / config.evidence.key_file))
    if args.verb == "list":
        return _list(shelf, args.json)
    if args.incident is None or args.by is None or args.key is None or (args.verb == "export" and args.out is None):
        raise ValueError(f"{args.verb}: give INCIDENT, --by, --key" + (", --out" if args.verb == "export" else ""))
    about = shelf.about(args.incident)
    if args.verb == "export" and args.out.exists():
        raise ValueError(f"{args.out}: is there already; give a folder that is not")
    told = custody.access(args.incident, "all", args.verb, args.note)
    key, journal = read_key(args.key), folder / config.journal
    ask = functools.partial(write_down, journal, args.by, key, told)
    if args.verb == "export":
        new_folder(args.out, ask)
    else:
        ask()
    hashes = _hashes(journal, args.incident)
    return _show(shelf, about, hashes, args.json) if args.verb == "show" else _export(shelf, about, hashes, args)


def _keep(args: argparse.Namespace, config: GatewayConfig, folder: pathlib.Path) -> int:
    assert config.evidence is not None
    table = config.evidence
    check_evidence(config, folder)
    log_to_standard_error(args.log)
    make_way(table.nice)

    def ready() -> None:
        told = {"what": "ready", "cameras": [each.camera for each in table.stream]}
        print(json.dumps(told) if args.json else f"ready, keeps what {len(told['cameras'])} cameras see", flush=True)

    async def serve() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await keep_evidence(config, folder, stop, ready)

    with lasting_output():
        asyncio.run(serve())
    return 0


def _hashes(journal: pathlib.Path, incident: str) -> dict[str, str]:
    """What the journal says that each file's hash is, by the newest row of it."""
    found: dict[str, str] = {}
    with reading(journal) as rows:
        for (text,) in rows.execute("select body from row where kind = 'request' order by number"):
            body = json.loads(text).get("body", {})
            if body.get("did") == "kept" and body.get("incident") == incident:
                found[body["file"]] = body["sha256"]
    return found


def _list(shelf: Shelf, as_json: bool) -> int:
    for about in shelf.abouts():
        record = _record(about)
        if as_json:
            print(json.dumps(record))
        else:
            kinds = ", ".join(f"{n} {what}" for what, n in record["files"].items()) or "nothing yet"
            print(f"{about.incident}  {kinds}, {record['bytes'] / 1e6:.1f} MB  {about.verdict or 'not reviewed'}")
    for name, why in shelf.damaged.items():
        print(json.dumps({"damaged": name, "why": why}) if as_json else f"{name}  DAMAGED: {why}")
    return 0


def _record(about: About) -> dict[str, Any]:
    files = sorted(about.files.values(), key=lambda entry: entry.name)
    kinds = {what: sum(each.what == what for each in files) for what in sorted({each.what for each in files})}
    return {
        "incident": about.incident,
        "t_us": about.t_us,
        "until_us": about.until_us,
        "verdict": about.verdict,
        "files": kinds,
        "bytes": sum(each.n_bytes for each in files),
    }


def _show(shelf: Shelf, about: About, hashes: Mapping[str, str], as_json: bool) -> int:
    for entry in _files(about):
        span_s, says = (entry.until_us - entry.from_us) / 1e6, known(entry, hashes)
        words = (
            f"{entry.name}  {entry.what}  {utc_second(entry.from_us)}  {span_s:.1f} s  sha256 {entry.sha256}  {says}"
        )
        record = {"file": entry.name, "what": entry.what, "sha256": entry.sha256, "journal": says}
        print(json.dumps(record) if as_json else words)
        if entry.what == "sightings":
            for each in json.loads(b"".join(shelf.read(about.incident, entry.name)))["sightings"]:
                print(json.dumps(each) if as_json else _seen(each))
    return 0


def _seen(each: dict[str, Any]) -> str:
    what = f"plate {each['plate']}" if "plate" in each else each["object"]
    sure = "?" if each["confidence"] is None else f"{each['confidence']:.2f}"
    picture = f"  picture {each['picture_sha256']}" if each.get("picture_sha256") else ""
    return f"    {utc_second(each['first_us'])}  {each['reader']}  {what}  confidence {sure}{picture}"


def _export(shelf: Shelf, about: About, hashes: Mapping[str, str], args: argparse.Namespace) -> int:
    """1 where a file is missing."""
    n_files, missing = export(shelf, about, hashes, args.by, args.out)
    for why in missing:
        complain("evidence", ValueError(f"not given: {why}"))
    lack = f", {len(missing)} missing" if missing else ""
    told = {"out": str(args.out), "files": n_files, "missing": len(missing)}
    print(json.dumps(told) if args.json else f"{args.out}: {n_files} files{lack}")
    return 1 if missing else 0


def _files(about: About) -> Sequence[Entry]:
    return sorted(about.files.values(), key=lambda entry: (entry.from_us, entry.name))
