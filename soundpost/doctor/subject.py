"""What is examined: as much of gateway.toml or node.toml as can be understood, and what of it cannot.

A config with faults is read table by table, so that a lamp's typing error hides no camera.
"""

import json
import pathlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from firmware.linux.config import SourceTable, UplinkTable
from firmware.linux.config import read_config as read_node_config
from gateway.config import read_config
from gateway.evidence.tables import EvidenceTable
from gateway.intake.tables import MqttTable, SerialTable
from gateway.reaction.device_tables import CameraTable
from gateway.reaction.lamp_tables import LampBankTable
from gateway.tables import PoleTable
from gateway.web.settings import WebConfig, read_web_config
from hw.linux.settings import read_toml
from soundpost.terminal import one_line

T = TypeVar("T", bound=BaseModel)
WEB = "web.toml"
SECRETS = ("key_file", "password_file", "tls_key_file", "token_file", "request_key_file", "evidence_key_file",
           "keys_file", "requests_keys_file", "client_secret_file")  # fmt: skip
"""Keys of all three configs that name a file which only its owner may read."""
LOOKS_SECRET = ("*.key", "*.password", "*.psk", "*.secret", "keys.toml", "keys/*", "cameras/*.password",
                "authority/*.key", "broker/*.key", "broker/psk", "fleet/*.key", "nodes/*.password",
                "nodes/*/*.key", "nodes/*/*.password")  # fmt: skip


@dataclass(slots=True)
class Subject:
    """path : of the config. kind : `gateway` or `node`. documents : the parsed text of each config, unchecked. faults :
    (file, in one line) what is wrong with them. Everything else: what could be understood."""

    path: pathlib.Path
    kind: str = "gateway"
    documents: dict[str, dict[str, Any]] = field(default_factory=dict)
    faults: list[tuple[str, str]] = field(default_factory=list)
    journal: pathlib.Path | None = None
    journal_max_mb: int | None = None
    metrics: pathlib.Path | None = None
    poles: tuple[PoleTable, ...] = ()
    serial: tuple[SerialTable, ...] = ()
    mqtt: MqttTable | None = None
    lamp_banks: tuple[LampBankTable, ...] = ()
    cameras: tuple[CameraTable, ...] = ()
    evidence: EvidenceTable | None = None
    web: WebConfig | None = None
    state_dir: pathlib.Path | None = None
    source: SourceTable | None = None

    @property
    def folder(self) -> pathlib.Path:
        """Where its files are looked for."""
        return self.path.parent

    def secret_files(self) -> dict[pathlib.Path, str]:
        """Those that the configs name, whether they are there or not, and those beside them that look like it: each
        with the setting that names it, or "" ."""
        named = {
            self.folder / file: f"{name}: {where}"
            for name, document in self.documents.items()
            for where, file in _named(document)
        }
        beside = [path for pattern in LOOKS_SECRET for path in sorted(self.folder.glob(pattern)) if path.is_file()]
        return {**dict.fromkeys(beside, ""), **named}

    def no_files(self) -> list[str]:
        """What stands where the name of such a file should, and is none: it may be the secret itself."""
        return [
            file
            for document in self.documents.values()
            for _, file in _named(document)
            if not is_there(self.folder / file)
        ]


def is_there(path: pathlib.Path) -> bool:
    """Whether a name leads anywhere; one that no file can have does not."""
    try:
        path.stat()
    except (OSError, ValueError):
        return False
    return True


def read_subject(path: pathlib.Path, web: pathlib.Path | None = None) -> Subject:
    """web : web.toml; None: the one beside it, where there is one. Raises nothing: what is wrong is in `faults`."""
    subject = Subject(path)
    document = _document(subject, path)
    subject.kind = "node" if "uplink" in document or "key_file" in document else "gateway"
    if subject.kind == "node":
        _read_node(subject, document)
    else:
        _read_gateway(subject, document)
    metrics = document.get("metrics_file")
    subject.metrics = path.parent / metrics if isinstance(metrics, str) and metrics else None
    there = web or path.parent / WEB
    if web is not None or there.is_file():
        _document(subject, there)
        try:
            subject.web = read_web_config(there)
        except (OSError, ValueError) as error:
            _fault(subject, there, error)
    return subject


def _document(subject: Subject, path: pathlib.Path) -> dict[str, Any]:
    """The text, parsed; {} where it cannot be."""
    try:
        document = read_toml(path)
    except (OSError, ValueError) as error:
        _fault(subject, path, error)
        return {}
    subject.documents[path.name] = document
    return document


def _fault(subject: Subject, path: pathlib.Path, error: Exception) -> None:
    if not any(name == path.name for name, _ in subject.faults):
        subject.faults.append((path.name, one_line(error)))


def _read_gateway(subject: Subject, document: dict[str, Any]) -> None:
    if subject.path.name in subject.documents:
        try:
            read_config(subject.path)
        except (OSError, ValueError) as error:
            _fault(subject, subject.path, error)
    journal, most_mb = document.get("journal"), document.get("journal_max_mb")
    subject.journal = subject.folder / journal if isinstance(journal, str) and journal else None
    subject.journal_max_mb = most_mb if isinstance(most_mb, int) and most_mb > 0 else None
    subject.poles = tuple(_each(document, "pole", PoleTable))
    subject.serial = tuple(_each(document, "serial", SerialTable))
    subject.lamp_banks = tuple(_each(document, "lamp_bank", LampBankTable))
    subject.cameras = tuple(_each(document, "camera", CameraTable))
    subject.mqtt = _table(document.get("mqtt"), MqttTable)
    subject.evidence = _table(document.get("evidence"), EvidenceTable)


def _read_node(subject: Subject, document: dict[str, Any]) -> None:
    try:
        read_node_config(subject.path)
    except (OSError, ValueError) as error:
        _fault(subject, subject.path, error)
    state = document.get("state_dir")
    subject.state_dir = subject.folder / state if isinstance(state, str) and state else None
    subject.source = _table(document.get("source"), SourceTable)
    uplink = _table(document.get("uplink"), UplinkTable)
    if uplink is None:
        return
    if uplink.kind == "serial":
        subject.serial = (SerialTable(port=str(uplink.port), baud=uplink.baud),)
    else:
        given = uplink.model_dump(include={*MqttTable.model_fields} - {"tls", "identifier"})
        subject.mqtt = _table({**given, "tls": uplink.with_tls}, MqttTable)


def _each(document: dict[str, Any], name: str, model: type[T]) -> Iterator[T]:
    tables = document.get(name)
    for each in tables if isinstance(tables, list) else ():
        if (table := _table(each, model)) is not None:
            yield table


def _table(given: Any, model: type[T]) -> T | None:
    """A table as its model has it; None where it is not there, or has faults, which the whole config has told."""
    if not isinstance(given, dict):
        return None
    try:
        return model.model_validate_json(json.dumps(given, default=str))
    except ValidationError:
        return None


def _named(document: Any, where: str = "") -> Iterator[tuple[str, str]]:
    """The files of a config that only their owner may read, at any depth, each with where it stands."""
    if isinstance(document, list):
        for number, each in enumerate(document, start=1):
            yield from _named(each, f"{where} {number}")
    elif isinstance(document, dict):
        for key, value in document.items():
            inner = f"{where}.{key}".lstrip(".")
            if key in SECRETS and isinstance(value, str) and value:
                yield inner, value
            else:
                yield from _named(value, inner)
