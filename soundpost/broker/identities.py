"""Who is who on a street's broker, as files in the folder that `soundpost init` makes: certificates, pre-shared keys,
and the list of who may say what.

Everything here is a plan: texts by path from the street's folder, which whoever asked for it writes at once, together
with the keys that change with it. What a pole carries stands in `nodes/NODE/`, and is written anew with each key.
"""

import json
import pathlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509

from soundpost.broker import authority
from soundpost.broker.authority import Issued
from soundpost.broker.texts import BROKER, GATEWAY, psk_text, with_nodes

AUTHORITY, ACL, PSK = "authority", "broker/acl", "broker/psk"
CA, CA_KEY, TAKEN_BACK = f"{AUTHORITY}/ca.pem", f"{AUTHORITY}/ca.key", f"{AUTHORITY}/crl.pem"
MADE = "init.json"
"""In the street's folder: what it was made of. By it the folder is known."""
KEY_BYTES = 32
OF_LINUX, OF_A_BOARD = ("node.toml", "ca.pem", "{}.pem", "{}.tls.key"), ("board.toml", "{}.broker.key")
"""What a pole carries of one kind, and not of the other."""


@dataclass(slots=True)
class Plan:
    """texts : path from the street's folder -> what it will hold. gone : paths that go, once the texts are there.
    restart : whether the broker must be started anew; else SIGHUP is enough."""

    texts: dict[str, str] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    restart: bool = False


class Identities:
    """Those of a street that is there. Raises OSError where a file of it is missing, ValueError where it is damaged."""

    def __init__(self, street: pathlib.Path, now: datetime) -> None:
        self.plan = Plan()
        self._street, self._now = street, now
        self._authority = Issued((street / CA).read_text(), (street / CA_KEY).read_text())

    def renew(self, name: str, board: bool | None = None) -> None:
        """A new certificate or pre-shared key; the one of before is good for nothing from then on. board : whether it
        is one; None: as before."""
        was_board = self._is_board(name)
        is_board = was_board if board is None else board
        self._take_back(name)
        if is_board:
            self._set_psk({name: secrets.token_hex(KEY_BYTES)})
            self.plan.gone += [f"{AUTHORITY}/{name}.pem", *(f"nodes/{name}/{each.format(name)}" for each in OF_LINUX)]
        else:
            self._certify(name)
        if was_board and not is_board:
            self._set_psk({name: ""})
            self.plan.gone += [f"nodes/{name}/{each.format(name)}" for each in OF_A_BOARD]
        if name not in (BROKER, GATEWAY):
            self._set_acl([name], [])

    def has(self, name: str, board: bool) -> bool:
        """Whether it has a way in already, of this kind."""
        return self._is_board(name) if board else (self._street / f"{AUTHORITY}/{name}.pem").exists()

    def remove(self, name: str) -> None:
        """Whoever it is, is let in no more."""
        self._take_back(name)
        self._set_acl([], [name])
        if self._is_board(name):
            self._set_psk({name: ""})
        self.plan.gone += [f"{AUTHORITY}/{name}.pem", *_carried(self._street, name)]

    def _certify(self, name: str) -> None:
        hosts = authority.hosts_of(self._text(f"{AUTHORITY}/{BROKER}.pem")) if name == BROKER else []
        issued = authority.issue(self._authority, name, self._now, hosts)
        self.plan.texts |= certificate_texts(name, issued, self._authority.certificate)
        self.plan.restart |= name == BROKER

    def _take_back(self, name: str) -> None:
        path = f"{AUTHORITY}/{name}.pem"
        if (self._street / path).exists():
            former = self._text(TAKEN_BACK)
            listed = authority.take_back(self._authority, former, [(self._street / path).read_text()], self._now)
            self.plan.texts |= crl_texts(listed)

    def _set_psk(self, keys: Mapping[str, str]) -> None:
        self.plan.texts[PSK] = psk_text(self._text(PSK), keys)
        self.plan.texts |= {f"nodes/{node}/{node}.broker.key": f"{key}\n" for node, key in keys.items() if key}

    def _set_acl(self, add: Iterable[str], remove: Iterable[str]) -> None:
        self.plan.texts[ACL] = with_nodes(self._text(ACL), add, remove)

    def _is_board(self, name: str) -> bool:
        path = self._street / PSK
        return path.exists() and any(line.partition(":")[0] == name for line in path.read_text().splitlines())

    def _text(self, path: str) -> str:
        """As it is planned, or as it is; "" where it is neither."""
        if path in self.plan.texts:
            return self.plan.texts[path]
        return (self._street / path).read_text() if (self._street / path).exists() else ""


def street_beside(keys: pathlib.Path) -> pathlib.Path | None:
    """The street whose keys folder this is, where `soundpost init` made it with a broker."""
    street = keys.resolve().parent
    return street if keys.name == "keys" and (street / MADE).is_file() and (street / CA_KEY).is_file() else None


def certificate_texts(name: str, issued: Issued, ca: str) -> dict[str, str]:
    """Where a certificate and its key go: to the broker, the gateway, or what a pole carries. And a copy to know it."""
    texts = {f"{AUTHORITY}/{name}.pem": issued.certificate}
    if name == BROKER:
        return texts | {"broker/broker.pem": issued.certificate, "broker/broker.key": issued.key, "broker/ca.pem": ca}
    if name == GATEWAY:
        return texts | {"tls/gateway.pem": issued.certificate, "tls/gateway.key": issued.key, "tls/ca.pem": ca}
    folder = f"nodes/{name}"
    return texts | {
        f"{folder}/{name}.pem": issued.certificate,
        f"{folder}/{name}.tls.key": issued.key,
        f"{folder}/ca.pem": ca,
    }


def crl_texts(listed: str) -> dict[str, str]:
    """Where the list of what was taken back goes: its own place, and the broker's."""
    return {TAKEN_BACK: listed, "broker/crl.pem": listed}


def ends(street: pathlib.Path) -> dict[str, datetime]:
    """When the certificates of a street end, by name; {} where it has none. One that cannot be read is left out."""
    found = {}
    for path in sorted((street / AUTHORITY).glob("*.pem")):
        try:
            found[path.stem] = x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
        except (OSError, ValueError):  # crl.pem is none
            continue
    return found


def psk_of(street: pathlib.Path, node: str) -> str:
    """A board's key for the broker. Raises ValueError where it has none, and names nothing of it."""
    for line in (street / PSK).read_text().splitlines():
        name, _, key = line.partition(":")
        if name == node:
            return key
    raise ValueError(f"{street / PSK}: {node} has no key; soundpost keys rotate {node} makes one")


def made_of(street: pathlib.Path) -> dict[str, object]:
    """What init.json says. Raises ValueError where it is none, OSError where it is not there."""
    try:
        document = json.loads((street / MADE).read_text("utf-8"))
    except ValueError:
        raise ValueError(f"{street / MADE}: is damaged; take it from a backup") from None
    if not isinstance(document, dict):
        raise ValueError(f"{street / MADE}: is damaged; take it from a backup")
    return document


def _carried(street: pathlib.Path, name: str) -> list[str]:
    """What lies in a pole's own folder."""
    return [path.relative_to(street).as_posix() for path in sorted((street / "nodes" / name).glob("*"))]
