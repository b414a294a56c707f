"""A zip for support: what the doctor found, the configs, the journal's last words and the programs' logs, without
secrets (soundpost/doctor/leaving_out.py). Of frames, which may hold 20 ms of sound, only who sent them; of what people
asked for (reviews, looks at evidence) only that they did.
"""

import json
import os
import pathlib
import subprocess
import typing
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pydantic import BaseModel

from firmware.linux.config import NodeConfig
from gateway.config import GatewayConfig
from gateway.journal.rows import SELECT, reading
from gateway.web.settings import WebConfig
from soundpost.doctor.leaving_out import clean, clean_tree, cut, known_secrets, without_secrets
from soundpost.doctor.subject import Subject, is_there
from soundpost.doctor.verdict import Verdict
from soundpost.terminal import one_line

N_ROWS, N_LINES = 2_000, 5_000
MOST_BYTES = 4_000_000
MOST_SECRET_BYTES = 1_000_000
LOGS_S = 10.0
ONLY_NAMED = ("frame", "request")
UNITS = ("soundpost-gateway", "soundpost-node", "soundpost-web", "soundpost-evidence", "mosquitto", "chrony")
README = """What soundpost doctor --zip put together for support.

doctor.txt, doctor.json   what it found
config/                   the configs, without comments, secrets, users and settings that the program does not know
journal.jsonl             the newest {rows} rows of the journal; of frames and of what people asked for, no contents
log.txt                   the newest {lines} lines of the services' logs, where journald keeps them
versions.txt              this machine

Passwords, keys and tokens were left out. Poles' positions are in config/: hand it to nobody but who mends the street.
"""


def write_zip(path: pathlib.Path, subject: Subject, verdicts: Sequence[Verdict]) -> list[str]:
    """Written whole or not at all, for its owner alone, and never over another file; what lies where it is begun is
    taken away and never opened, for it may be somebody else's. Comes back: what is in it. Raises OSError naming the
    file."""
    secrets = known_secrets([*_contents(subject), *subject.no_files()])
    part = path.with_name(path.name + ".part")
    if path.exists():
        raise FileExistsError(17, "is there already; give another name", str(path))
    names = []
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as kept:
            for name, text in _texts(subject, verdicts, secrets):
                kept.writestr(name, text)
                names.append(name)
        part.rename(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    return names


def _contents(subject: Subject) -> Iterator[str]:
    """Of each secret file that can be read."""
    for path in subject.secret_files():
        try:
            if not path.is_file():
                continue  # a pipe would be waited for
            with path.open(errors="replace") as file:
                yield file.read(MOST_SECRET_BYTES)
        except OSError:
            continue


def _texts(subject: Subject, verdicts: Sequence[Verdict], secrets: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(name, text) of all that is in it, clean."""
    yield "README.txt", README.format(rows=N_ROWS, lines=N_LINES)
    yield "doctor.txt", clean("".join(f"{each.line()}\n" for each in verdicts), secrets)
    yield "doctor.json", _json_lines((each.record() for each in verdicts), secrets)
    yield "versions.txt", clean(" ".join(os.uname()) + "\n", secrets)
    known = _keys(GatewayConfig) | _keys(NodeConfig) | _keys(WebConfig)
    for name, document in subject.documents.items():
        kept = without_secrets(document, known, lambda file: is_there(subject.folder / file))
        yield f"config/{pathlib.Path(name).stem}.json", cut(json.dumps(clean_tree(kept, secrets), indent=1), secrets)
    if subject.journal is not None:
        yield "journal.jsonl", _json_lines(_rows(subject.journal), secrets)
    if log := _log():
        yield "log.txt", clean(log, secrets)[-MOST_BYTES:]


def _json_lines(records: Iterable[dict[str, Any]], secrets: Sequence[str]) -> str:
    return cut("".join(json.dumps(clean_tree(each, secrets)) + "\n" for each in records), secrets)


def _rows(path: pathlib.Path) -> list[dict[str, Any]]:
    """The newest, oldest first; or why there are none."""
    lines: list[dict[str, Any]] = []
    try:
        with reading(path) as connection:
            for number, kind, at_us, node, boot, sequence, body, _ in connection.execute(
                f"{SELECT} order by number desc limit ?", (N_ROWS,)
            ):
                record = {"row": number, "kind": kind, "at_us": at_us}
                more = {"node": node, "boot": boot, "sequence": sequence, "bytes": len(body)}
                lines.append(record | (more if kind in ONLY_NAMED else {"body": _body(body)}))
    except (OSError, ValueError) as error:
        lines.append({"why": one_line(error)})
    return lines[::-1]


def _body(body: bytes) -> object:
    try:
        return json.loads(body)
    except ValueError:
        return f"{len(body)} bytes that are no JSON"


def _log() -> str:
    """Of the services, where journald runs; else ""."""
    units = [word for unit in UNITS for word in ("-u", unit)]
    command = ("journalctl", "--no-pager", "--quiet", "-o", "short-iso", "-n", str(N_LINES), *units)
    try:
        ran = subprocess.run(command, check=False, capture_output=True, text=True, timeout=LOGS_S, errors="replace")
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ran.stdout


def _keys(model: type[BaseModel]) -> set[str]:
    """Every key that a config of this model may have, at any depth."""
    found: set[str] = set()
    for name, each in model.model_fields.items():
        found |= {name, str(each.alias or name)}
        for inner in _models(each.annotation):
            found |= _keys(inner)
    return found


def _models(kind: object) -> Iterator[type[BaseModel]]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
    for inner in typing.get_args(kind):
        yield from _models(inner)
