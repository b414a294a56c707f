"""When certificates end that a gateway and its street stand on: those that gateway.toml names for the broker, and where
`soundpost init` made the folder, those of the broker and of every node. Said while there is time to renew them."""

import os
import pathlib
from datetime import datetime

from cryptography import x509

from gateway.intake.tables import MqttTable
from soundpost.broker import identities
from soundpost.broker.authority import SOON
from soundpost.broker.texts import BROKER, GATEWAY

AUTHORITY = "ca"
OUR_OWN = (GATEWAY, AUTHORITY)


def ending(mqtt: MqttTable | None, folder: pathlib.Path, now: datetime) -> tuple[list[str], list[str]]:
    """What has ended and stops this gateway, and what ends soon (or has ended, and stops others); a line each.

    Raises OSError where a file is not there, ValueError where it holds no certificate."""
    over, soon = [], []
    for name, ends in _named(mqtt, folder):
        whose = AUTHORITY if name.startswith("mqtt.ca_file") else GATEWAY
        if ends <= now:
            over.append(f"{name}: ended on {ends:%Y-%m-%d}; {_renew(folder, whose)}")
        elif ends - now < SOON:
            soon.append(f"{name}: {_soon(ends, now)}; {_renew(folder, whose)}")
    for name, ends in identities.ends(folder).items():
        if name not in OUR_OWN and ends - now < SOON:
            when = _soon(ends, now) if ends > now else f"ended on {ends:%Y-%m-%d}, so it is not let in"
            soon.append(f"certificate of {name}: {when}; {_renew(folder, name)}")
    return over, soon


def _named(mqtt: MqttTable | None, folder: pathlib.Path) -> list[tuple[str, datetime]]:
    """Those that gateway.toml names, the first to end of each file."""
    found = []
    for field, file in (("ca_file", mqtt.ca_file), ("cert_file", mqtt.cert_file)) if mqtt else ():
        if file:
            path = folder / file
            try:
                read = x509.load_pem_x509_certificates(path.read_bytes())
            except ValueError:
                raise ValueError(f"mqtt.{field}: {path} holds no certificate (PEM)") from None
            found.append((f"mqtt.{field}: {path}", min(each.not_valid_after_utc for each in read)))
    return found


def _soon(ends: datetime, now: datetime) -> str:
    days = (ends - now).days
    return f"ends on {ends:%Y-%m-%d}, in {days} days" if days > 1 else f"ends on {ends:%Y-%m-%d %H:%M} UTC"


def _renew(folder: pathlib.Path, name: str) -> str:
    if name == AUTHORITY or not _has_authority(folder):
        return "have a new one made, and start the gateway again"
    then = "start it again" if name in (GATEWAY, BROKER) else f"bring nodes/{name} to its pole and start the node again"
    return f"soundpost keys rotate {name} --out {folder / 'keys'} makes a new one; then {then}"


def _has_authority(folder: pathlib.Path) -> bool:
    """Whether a street can sign for itself. A service may not look (only root reads the authority), and it is there."""
    try:
        (folder / identities.CA_KEY).stat()
    except PermissionError:
        return True
    except OSError:
        return False
    return True


def sees_all(folder: pathlib.Path) -> bool:
    """Whether this user may read the certificates of broker and nodes, where there are any."""
    kept = folder / identities.AUTHORITY
    return not kept.is_dir() or os.access(kept, os.R_OK | os.X_OK)
