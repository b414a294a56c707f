"""Versions of what runs, and the programs beside the gateway: web and evidence."""

import http.client
import pathlib
import re
import socket
import sqlite3
import ssl
import sys
from collections.abc import Mapping
from contextlib import closing
from importlib import metadata
from urllib.parse import quote

from gateway.evidence.tables import EvidenceTable
from gateway.web.database import known_migrations
from gateway.web.settings import WebConfig
from soundpost.doctor.subject import Subject
from soundpost.doctor.verdict import Verdict, failed, passed, warned

LEAST_PYTHON = (3, 11)
HTTP_S = 2.0
GIGA = 1e9
NEARLY = 0.95
STATES = {
    "ok": (passed, ""),
    "behind": (warned, "it reads what the gateway wrote; look again in a minute"),
    "silent": (failed, "the gateway writes nothing: is it running?"),
    "offline": (failed, "it cannot read the journal: see its log"),
}


def judge_versions(python: tuple[int, ...], program: str, libraries: Mapping[str, str | None]) -> list[Verdict]:
    """libraries : each that this config needs -> its version, None where it is not installed."""
    says = f"soundpost {program}, Python {'.'.join(map(str, python[:3]))}"
    if python[:2] < LEAST_PYTHON:
        return [failed("versions", says, f"Python {'.'.join(map(str, LEAST_PYTHON))} or newer is needed")]
    gone = [name for name, version in libraries.items() if version is None]
    if gone:
        return [failed("versions", f"{says}; not installed: {', '.join(gone)}", "install the package again")]
    return [passed("versions", f"{says}, {', '.join(f'{name} {each}' for name, each in libraries.items())}")]


def needed(requires: list[str], extras: set[str]) -> list[str]:
    """Names of the libraries of a distribution's list of requirements that these extras need."""
    names = []
    for line in requires:
        name, _, marker = line.partition(";")
        of = re.search(r"extra\s*==\s*['\"]([\w-]+)['\"]", marker)
        if of is None or of[1] in extras:
            names.append(re.split(r"[^A-Za-z0-9._-]", name.strip(), maxsplit=1)[0])
    return sorted(set(names))


def check_versions(subject: Subject) -> list[Verdict]:
    """Of program, Python, and the libraries that this config needs."""
    extras = {"camera"} if subject.cameras else set()
    extras |= {"video"} if subject.evidence and subject.evidence.stream else set()
    extras |= {"web"} if subject.web else set()
    extras |= {bank.url.partition(":")[0].partition("+")[0] for bank in subject.lamp_banks} & {"talq", "dali", "gpio"}
    libraries = {name: _version(name) for name in needed(metadata.requires("soundpost") or [], extras)}
    return judge_versions(
        (sys.version_info.major, sys.version_info.minor, sys.version_info.micro),
        metadata.version("soundpost"),
        libraries,
    )


def judge_database(version: int, ours: int, name: str) -> Verdict:
    """version : its user_version. ours : the number of the last migration that this program has."""
    if version > ours:
        do = "install that version again, or restore the database of before"
        return failed("web database", f"is of a later version ({version}; this program has {ours})", do, name)
    if version < ours:
        return warned("web database", f"version {version} of {ours}", "it is brought up when web starts", name)
    return passed("web database", f"version {version}", name)


def judge_web(status: int, state: str, url: str) -> Verdict:
    """What /health said."""
    says, do = STATES.get(state, (failed, "something else listens there, or it is broken: see its log"))
    shown = state if state in STATES else f"answers with {status}"
    return says("web", shown, what=url) if says is passed else says("web", shown, do, url)  # type: ignore[operator]


def check_web(config: WebConfig, folder: pathlib.Path) -> list[Verdict]:
    """Ask it how it is, and look at its database."""
    url = f"{'https' if config.tls else 'http'}://{config.host}:{config.port}/health"
    found = []
    try:
        status, state = _health(config)
        found.append(judge_web(status, state, url))
    except (OSError, http.client.HTTPException) as error:
        do = "systemctl start soundpost-web, and see its log"
        found.append(failed("web", f"does not answer ({str(error) or type(error).__name__})", do, url))
    path = folder / config.database
    if path.is_file():
        uri = f"file:{quote(str(path.absolute()))}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=HTTP_S)) as connection:
            version = connection.execute("pragma user_version").fetchone()[0]
        found.append(judge_database(version, len(known_migrations()), str(path)))
    return found


def _health(config: WebConfig) -> tuple[int, str]:
    """Over TLS without asking who it is: it is this machine, and nothing is told to it."""
    host = "127.0.0.1" if config.host in ("0.0.0.0", "") else "::1" if config.host == "::" else config.host  # noqa: S104
    if config.tls is None:
        connection = http.client.HTTPConnection(host, config.port, timeout=HTTP_S)
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection(host, config.port, timeout=HTTP_S, context=context)
    with closing(connection):
        connection.request("GET", "/health")
        answer = connection.getresponse()
        return answer.status, answer.read(100).decode("ascii", "replace").strip()


def judge_evidence(n_bytes: int, most_bytes: float, free_bytes: int, least_bytes: float, name: str) -> Verdict:
    """Of its folder: what it holds and may, what is free and must be."""
    says = f"{n_bytes / GIGA:.2f} of {most_bytes / GIGA:g} GB"
    if free_bytes < least_bytes:
        says += f"; {free_bytes / GIGA:.2f} GB free, less than least_free_mb asks for: nothing is recorded"
        return failed("evidence", says, "make room on that disk", name)
    if n_bytes > NEARLY * most_bytes:
        return warned("evidence", f"{says}: the oldest goes before its time", "raise most_gb, or keep_days less", name)
    return passed("evidence", says, name)


def judge_door(listens: bool, name: str) -> Verdict:
    """Where plate readers push to."""
    if listens:
        return passed("evidence door", "listens", name)
    return failed("evidence door", "nobody listens", "systemctl start soundpost-evidence, and see its log", name)


def check_evidence(table: EvidenceTable, folder: pathlib.Path, free_bytes: int) -> list[Verdict]:
    """Its folder, and its door where it has one. Raises OSError."""
    kept = folder / table.folder
    n_bytes = sum(path.stat().st_size for path in kept.rglob("*") if path.is_file())
    found = [judge_evidence(n_bytes, table.most_gb * GIGA, free_bytes, table.least_free_mb * 1e6, str(kept))]
    if table.http is not None and table.http.port:
        with socket.socket(socket.AF_INET6 if ":" in table.http.host else socket.AF_INET) as knock:
            knock.settimeout(HTTP_S)
            listens = knock.connect_ex((table.http.host, table.http.port)) == 0
        found.append(judge_door(listens, f"{table.http.host}:{table.http.port}"))
    return found


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
