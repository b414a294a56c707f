"""What hangs on which port, pin and board: nothing that a config names may be there twice, or want a port that another
part has. Each fault is one line that names both.

Modbus boards share a serial port (hw/modbus_wire.py), each by its unit, at one baud. All else has its port to itself:
the nodes' line, a DALI gateway, and the contacts of plate readers, which the evidence process opens, not the gateway.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from urllib.parse import parse_qs, urlsplit

from gateway.reaction.lamp_tables import LampBankTable

LOOPBACK = {"localhost": "127.0.0.1", "::1": "127.0.0.1"}
BAUD = {"rtu": "19200"}
"""Where a url does not say it."""
HEADER_CHIPS = ("/dev/gpiochip0", "/dev/gpiochip4")
"""Which chip gpio:// is of: gpiozero drives a Raspberry Pi's header, whose lines are the first chip's, or on a
Raspberry Pi 5 with an older kernel the fifth's (from general knowledge)."""


@dataclass(frozen=True, slots=True)
class Use:
    """A part of a config at something. kind : only the same of `rtu` or `contact` may be there together."""

    what: str
    at: str
    kind: str
    baud: str = ""


def check_wiring(
    banks: Sequence[LampBankTable], nodes_ports: Sequence[str], contacts: Mapping[tuple[str, int], str]
) -> None:
    """Raises ValueError naming all that is in each other's way. contacts : (url, coil) -> what is triggered."""
    uses = [*_ports(banks), *(Use(f"serial {n} (the nodes)", port, "nodes") for n, port in enumerate(nodes_ports, 1))]
    serial = {url: what for (url, _), what in contacts.items() if urlsplit(url).scheme == "rtu"}
    uses += [Use(what, urlsplit(url).path, "contact", _baud(url)) for url, what in serial.items()]
    faults = [words for each in combinations(uses, 2) if (words := _clash(*each))]
    faults += _twice(_boards(banks), lambda one, two: f"{one} and {two} are one board; give all its lamps in one table")
    faults += _twice(_pins(banks), lambda one, two: f"{one} and {two} are on one pin")
    faults += _twice(_devices(banks), lambda one, two: f"{one} and {two} are one device")
    if faults:
        raise ValueError("; ".join(dict.fromkeys(faults)))  # a pin of either chip is told once


def board_of(url: str) -> tuple[str, ...]:
    """Which board a url of hw/modbus_line.py is of, however it is written. Raises ValueError naming one whose port is
    none."""
    parts = urlsplit(url)
    unit = parse_qs(parts.query).get("unit", ["1"])[0].lstrip("0")
    if parts.scheme == "rtu":
        return "rtu", os.path.realpath(parts.path), unit
    host = parts.hostname or ""
    try:
        return parts.scheme, LOOPBACK.get(host, host), str(parts.port or 502), unit
    except ValueError as error:
        raise ValueError(f"{url}: {error}") from None


def _baud(url: str) -> str:
    parts = urlsplit(url)
    return parse_qs(parts.query).get("baud", [BAUD.get(parts.scheme, "")])[0]


def _ports(banks: Sequence[LampBankTable]) -> Iterator[Use]:
    for number, bank in enumerate(banks, start=1):
        parts = urlsplit(bank.url)
        if parts.scheme in ("rtu", "dali"):
            yield Use(f"lamp_bank {number} ({bank.url})", parts.path, parts.scheme, _baud(bank.url))


def _clash(one: Use, two: Use) -> str:
    """What is wrong with two at one port, or ""."""
    if os.path.realpath(one.at) != os.path.realpath(two.at) or one.kind == two.kind == "nodes":
        return ""
    if one.kind != two.kind or one.kind == "dali":
        return f"{one.what} and {two.what} are both on {one.at}; a port is for one of them"
    return f"{one.what} and {two.what}: one port has one baud" if one.baud != two.baud else ""


def _boards(banks: Sequence[LampBankTable]) -> Iterator[tuple[object, str]]:
    for number, bank in enumerate(banks, start=1):
        if urlsplit(bank.url).scheme in ("tcp", "rtu"):
            yield board_of(bank.url), f"lamp_bank {number} ({bank.url})"


def _pins(banks: Sequence[LampBankTable]) -> Iterator[tuple[object, str]]:
    for number, bank in enumerate(banks, start=1):
        parts = urlsplit(bank.url)
        chips = (os.path.realpath(parts.path),) if parts.path else HEADER_CHIPS
        for lamp in bank.lamps if parts.scheme == "gpio" else ():
            what = f"lamp_bank {number} ({bank.url}), lamp {lamp.name}, channel {lamp.channel},"
            yield from (((chip, lamp.channel), what) for chip in chips)


def _devices(banks: Sequence[LampBankTable]) -> Iterator[tuple[object, str]]:
    for number, bank in enumerate(banks, start=1):
        for lamp in bank.lamps:
            if lamp.device is not None:
                address, _, function = lamp.device.partition("/")
                yield (
                    (urlsplit(bank.url).netloc.lower(), address.lower(), function),
                    f"lamp_bank {number}, {lamp.name},",
                )


def _twice(named: Iterable[tuple[object, str]], say: Callable[[str, str], str]) -> list[str]:
    seen: dict[object, str] = {}
    return [say(seen[key], what) for key, what in named if seen.setdefault(key, what) != what]
