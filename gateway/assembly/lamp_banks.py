"""From the tables of gateway.toml to lamp banks that run: their drivers, what is watched, what the journal has."""

import functools
import importlib
import json
import pathlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import structlog

from gateway.alerts.notices import read_lamp_notice
from gateway.assembly.wiring import board_of
from gateway.edges import Plug, Tell
from gateway.intake.keyring import read_secret
from gateway.lamp_notice import LampNotice
from gateway.orders import Light
from gateway.reaction.bank_rules import BankRules, try_s
from gateway.reaction.conditions import Sun
from gateway.reaction.lamp_faults import LampFaults, LampKind
from gateway.reaction.lamp_memory import Held, LampMemory
from gateway.reaction.lamp_seen import LampSeen
from gateway.reaction.lamp_tables import LEAST_FAIL_S, MOST_FAIL_S, LampBankTable, TalqTable
from gateway.reaction.lights import LampBank
from hw.guarded_lamps import GuardedLamps, LampGuard
from hw.lamp_guard import Exact
from hw.linux.lamp_map_file import lamp_map
from hw.modbus_lamps import ModbusLamps
from hw.modbus_wire import Wires
from hw.mqtt_connection import tls_context
from hw.ports import Lamps

OTHERS = {"dali": ("hw.dali_lamps", "DaliLamps", "dali"), "gpio": ("hw.gpio_lamps", "GpioLamps", "gpio")}
GUARDED = ("dali:", "gpio:")
LAST_CHANNEL = {"dali": 63, "gpio": 1023, "gpio://": 45}
"""By scheme. gpio:// is gpiozero's, whose Compute Modules have most pins, GPIO0 to GPIO45 (gpiozero/pins/data.py)."""
MOST_ROWS = 20_000  # of effects that are looked through for lamps that are up
log = structlog.get_logger("gateway.assembly.lamp_banks")


@dataclass(frozen=True, slots=True)
class LampPast:
    """What a journal has of lamps. held : those that are up from an earlier run. opened : notices that are not over."""

    held: Mapping[str, Held] = field(default_factory=dict)
    opened: Sequence[LampNotice] = ()


def lamp_past(effects: Iterable[bytes], notices: Iterable[bytes]) -> LampPast:
    """Of the bodies of a journal's rows `effect` and `lamp`, the newest first."""
    newest: dict[str, LampNotice] = {}
    for body in notices:
        notice = read_lamp_notice(json.loads(body))
        newest.setdefault(notice.lamp, notice)
    return LampPast(dict(_held(effects)), tuple(notice for notice in newest.values() if notice.is_open))


def lamp_plugs(
    banks: Sequence[LampBankTable], folder: pathlib.Path, sun: Sun, clock: Callable[[], int], past: LampPast
) -> list[Plug]:
    """An edge for each bank. folder : where maps are looked for. clock : () -> microseconds UTC. Raises ValueError or
    OSError naming a map or a bank that cannot be."""
    kinds = {lamp.name: LampKind(lamp.rated_w, bank.lit_by_night) for bank in banks for lamp in bank.lamps}
    watch = LampFaults(kinds, past.opened)

    def see(tell: Tell, seen: LampSeen) -> None:
        for notice in watch.feed(seen, sun(seen.at_us)):
            tell(notice)

    wires = Wires()
    drivers = [functools.partial(_named_driver, number, bank, folder, wires) for number, bank in enumerate(banks, 1)]
    return [_plug(bank, driver, clock, see, past) for bank, driver in zip(banks, drivers, strict=True)]


def lamp_driver(bank: LampBankTable, folder: pathlib.Path, wires: Wires | None = None) -> Lamps:
    """What speaks to a bank. wires : those of all banks, of which some may share a serial port. Raises
    ValueError or OSError naming what is wrong with its table or map."""
    scheme = bank.url.partition(":")[0]
    if bank.talq is not None:
        return _talq(bank, bank.talq, folder)
    if scheme in OTHERS:
        return _other(bank, *OTHERS[scheme])
    board = lamp_map(bank.map, folder)
    lamps = ModbusLamps(bank.url, bank.answer_s, board, bank.fail_s, wires)
    if lamps.fail_s is not None and not LEAST_FAIL_S <= lamps.fail_s <= MOST_FAIL_S:
        raise ValueError(
            f"fail_s {bank.fail_s:g}: {board.board.name} makes {lamps.fail_s:g} s of it, for it counts in steps of "
            f"{board.fail_unit_s:g} s; must come to {LEAST_FAIL_S:g} to {MOST_FAIL_S:g} s there"
        )
    last = max(bank.lamps, key=lambda lamp: lamp.channel)
    if last.channel >= board.board.lamps:
        n_lamps = board.board.lamps
        raise ValueError(f"lamp {last.name}: channel {last.channel}; {board.board.name} has 0 to {n_lamps - 1}")
    return lamps


def _named_driver(number: int, bank: LampBankTable, folder: pathlib.Path, wires: Wires) -> Lamps:
    """lamp_driver, whose faults name the table."""
    try:
        return lamp_driver(bank, folder, wires)
    except ValueError as error:
        raise ValueError(f"lamp_bank {number}: {error}") from error
    except OSError as error:
        words = f"{error.filename}: {error.strerror}" if error.filename else error
        raise OSError(f"lamp_bank {number}: {words}") from error


def check_contacts(
    banks: Iterable[LampBankTable], contacts: Mapping[tuple[str, int], str], folder: pathlib.Path
) -> None:
    """No relay that is to trigger something may be a lamp's. contacts : (url, coil) -> what is triggered. Raises
    ValueError naming both."""
    for bank in banks:
        if bank.url.partition(":")[0] not in ("tcp", "rtu"):
            continue
        names = {lamp.channel: lamp.name for lamp in bank.lamps}
        board = lamp_map(bank.map, folder)
        for (url, coil), what in contacts.items():
            for table, address, words in board.written(names):
                if (table, address) == ("coil", coil) and board_of(url) == board_of(bank.url):
                    lamp = names.get(int(words.rpartition(" ")[2])) if " of lamp " in words else None
                    raise ValueError(
                        f"{what}: coil {coil} of {url} is {f'lamp {lamp}' if lamp else words} of a lamp_bank"
                    )


def _talq(bank: LampBankTable, table: TalqTable, folder: pathlib.Path) -> Lamps:
    """What speaks to a lighting management."""
    call, lamps = _loaded(bank, "hw.talq_call", "talq"), _loaded(bank, "hw.talq_lamps", "talq")
    files = [str(folder / file) if file else None for file in (table.ca_file, table.cert_file, table.tls_key_file)]
    password = read_secret(folder / table.password_file) if table.password_file else ""
    account = call.TalqAccount(table.client, table.user, password, tls_context(*files) if any(files) else None)
    devices = {lamp.channel: lamp.device for lamp in bank.lamps}
    made: Lamps = lamps.TalqLamps(bank.url, call.TalqCall(bank.url, account, bank.answer_s), devices, bank.fail_s)
    return made


def _loaded(bank: LampBankTable, module: str, extra: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ValueError(f"lamp_bank {bank.url}: needs soundpost[{extra}] to be installed ({error})") from error


def _other(bank: LampBankTable, module: str, name: str, extra: str) -> Lamps:
    """A driver whose library only they need who have such lamps."""
    driver = getattr(_loaded(bank, module, extra), name)
    lamps: Lamps = driver(bank.url, bank.answer_s) if extra == "dali" else driver(bank.url)
    last = LAST_CHANNEL.get(bank.url.partition("?")[0], LAST_CHANNEL[extra])
    for lamp in bank.lamps:
        if lamp.channel > last:
            raise ValueError(f"lamp {lamp.name}: channel {lamp.channel}; must be 0 to {last}")
    return lamps


def _plug(
    bank: LampBankTable,
    make_driver: Callable[[], Lamps],
    clock: Callable[[], int],
    see: Callable[[Tell, LampSeen], None],
    past: LampPast,
) -> Plug:
    lamps, channels = make_driver(), bank.channels()
    held = {name: replace(each, told_pct=lamps.nearest(each.told_pct)) for name, each in past.held.items()}
    memory = LampMemory(bank.least_s, bank.override_s, {name: held[name] for name in held.keys() & channels.keys()})
    rules = BankRules(bank.answer_s, bank.looks_s)
    if lamps.fail_s is None and not bank.url.startswith(GUARDED):
        log.warning("lamps stay as they are if this gateway dies: their board cannot put them back", bank=bank.url)

    guard = LampGuard(bank.url, bank.answer_s, tuple(channels.values())) if bank.url.startswith(GUARDED) else None
    if guard is not None:
        log.info("a guard puts these lamps back if this gateway dies, not if its computer does", bank=bank.url)

    def make(tell: Tell) -> LampBank:
        driver = make_driver()
        if guard is not None:
            driver = GuardedLamps(cast(Exact, driver), guard, bank.fail_s)
        return LampBank(bank.url, driver, channels, clock, tell, rules, memory, functools.partial(see, tell))

    return Plug(f"lamp bank {bank.url}", (Light,), make, patience_s=try_s(bank.answer_s) + 0.5)


def _held(effects: Iterable[bytes]) -> Iterator[tuple[str, Held]]:
    """The lamps whose newest row says that they are up because of us."""
    known: set[str] = set()
    for number, body in enumerate(effects):
        if number == MOST_ROWS:
            log.warning("older effects are not looked through for lamps that are up", rows=MOST_ROWS)
            return
        told = json.loads(body)
        if told.get("what") != "light" or told["device"] in known:
            continue
        known.add(told["device"])
        if "was_pct" in told:
            yield told["device"], Held(told["was_pct"], told["level_pct"], bool(told["done"]))
