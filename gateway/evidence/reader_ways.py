"""From their tables: how readers are heard, and how they are told to read. secret : what reads a password's file."""

import importlib
import os
import pathlib
import ssl
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gateway.evidence.profile_m import read as read_profile_m
from gateway.evidence.push import read_push
from gateway.evidence.sighting import Plate, Sighting
from gateway.evidence.sightings import Read
from gateway.evidence.tables import EvidenceHttpTable, EvidenceMqttTable, ReaderTable, TriggerTable
from gateway.evidence.triggers import Trigger
from hw.modbus_wire import Wires
from hw.mqtt_connection import Broker, tls_context

Secret = Callable[[pathlib.Path], str]


def reads_of(readers: Sequence[ReaderTable]) -> Mapping[str, Read]:
    """How each reader's messages are read, and what of them is taken."""

    def of(reader: ReaderTable) -> Read:
        fields = reader.fields.fields()

        def read(payload: bytes, more: Callable[[int], None]) -> list[Sighting]:
            told = read_push(payload, fields, more) if reader.push else read_profile_m(payload, more)
            return [each for each in told if (reader.plates if isinstance(each, Plate) else reader.objects)]

        return read

    return {each.name: of(each) for each in readers}


def trigger_of(table: TriggerTable, folder: pathlib.Path, secret: Secret, wires: Wires | None = None) -> Trigger:
    """What tells a reader to read. wires : those of all contacts, of which some may share a serial port. Raises
    ValueError or OSError naming what cannot be."""
    password = secret(folder / table.password_file) if table.password_file else ""
    if table.kind == "contact":
        made: Trigger = _load("hw.modbus_contact").ModbusContact(table.url, table.coil, table.pulse_s, wires)
    elif table.kind == "http":
        made = _load("hw.http_call").HttpCall(table.url, table.user, password)
    else:
        account = _load("hw.soap_client").Account(table.user, password)
        made = _load("hw.onvif_relay").OnvifRelay(table.url, account, table.relay, table.pulse_s)
    return made


def broker_of(table: EvidenceMqttTable, folder: pathlib.Path, secret: Secret) -> Broker:
    """The broker that readers speak through. Raises ValueError or OSError naming a file that is not right."""
    files = [str(folder / file) if file else None for file in (table.ca_file, table.cert_file, table.tls_key_file)]
    password = secret(folder / table.password_file) if table.password_file else None
    tls = tls_context(*files) if table.tls else None
    return Broker(table.host, table.port, f"soundpost-evidence-{os.urandom(6).hex()}", table.user, password, tls)


def door_of(
    table: EvidenceHttpTable,
    readers: Sequence[ReaderTable],
    folder: pathlib.Path,
    secret: Secret,
    take: Callable[[str, bytes], None],
) -> Any:
    """Where readers push to (hw/push_door.py), not open yet. Raises ValueError or OSError naming what is not right."""
    names = [each.name for each in readers if each.push]
    token = secret(folder / table.token_file)
    return _load("hw.push_door").PushDoor((table.host, table.port), names, token, take, _server_tls(table, folder))


def _server_tls(table: EvidenceHttpTable, folder: pathlib.Path) -> ssl.SSLContext | None:
    if table.cert_file is None or table.tls_key_file is None:
        return None
    files = (folder / table.cert_file, folder / table.tls_key_file)
    try:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*files)
    except OSError as error:
        why = getattr(error, "reason", None) or error.strerror
        raise OSError(f"{files[0]}, {files[1]}: not a usable certificate or key ({why})") from error
    return context


def _load(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise OSError("readers need the extra `video`: pip install -e '.[video]'") from error
