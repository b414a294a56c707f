"""Builds a board's node from what lies on its flash: the one place where its parts meet. Let go of once it is built."""

import json
import sys
from time import sleep_ms, ticks_diff, ticks_ms

import machine

from firmware.board import config as board_config
from firmware.board.blink import CODES, is_on
from firmware.board.flash_spool import FlashSpool
from firmware.board.ram_spool import RamSpool
from firmware.board.shell import BoardShell
from firmware.board.slots import Slots, running
from firmware.board.updating import Updating
from firmware.device import class_of
from firmware.node import Node
from firmware.outbox import Outbox
from firmware.sample_clock import SampleClock
from hw.mcu.gnss_port import GnssPort
from hw.mcu.i2s_microphone import I2sMicrophone
from hw.mcu.led import Led
from hw.mcu.pins import CHIPS, GNSS_UART, PIN_NAMES, RS485_UART, Pins, usual_led
from hw.mcu.thermometer import Thermometer

CONFIG, KEY, BROKER_KEY, NETWORK_KEY, OUTBOX = "node.json", "node.key", "broker.key", "network.key", "outbox"
QUEUED, QUEUED_IN_MEMORY, AT_ONCE = 100, 16, 2
"""Records that wait for the gateway: on flash, of which the heap holds only the names, or, where it takes none, on the
heap without their clips; and those that are sent again together. Chosen to fit the heap."""
SHOW_MS = 60_000


def start(ear_of, watchdog) -> "BoardShell | None":  # type: ignore[no-untyped-def]
    """The shell, to be run. ear_of(rate_hz): the detector. watchdog: has `feed`; who started it is not us.

    None where the config or a key is not what it must be, after a minute of saying so: by then it may be.
    """
    try:
        config = read_config()
        shell = build(config, ear_of(config.rate_hz), watchdog)
    except (ValueError, OSError) as error:
        _show(error, watchdog)
        return None
    print(f"INFO ready node={config.node} chip={config.chip} rate_hz={config.rate_hz}")
    return shell


def read_config() -> board_config.BoardConfig:
    """That of node.json. Raises ValueError or OSError of one line."""
    return board_config.read(json.loads(_text(CONFIG)), tuple(sorted(CHIPS)))


def build(config: board_config.BoardConfig, ear, watchdog) -> BoardShell:  # type: ignore[no-untyped-def]
    """The node and its shell, ports open. Raises ValueError or OSError of one line."""
    pins = pins_of(config)
    key = board_config.read_key(_text(KEY), KEY)
    spool, outbox = open_outbox()
    clock = SampleClock(config.rate_hz, pins.granule, config.delay_q8)
    node = Node(ear, clock, outbox, config.node, key, config.clips and isinstance(spool, FlashSpool))
    return BoardShell(
        node, clock, spool,
        I2sMicrophone(config.rate_hz, pins.sck, pins.ws, pins.sd),
        GnssPort(GNSS_UART[config.chip], pins.gnss_tx, pins.gnss_rx),
        line_opener(config, pins), Led(pins.led), Thermometer(pins.scl, pins.sda), watchdog, machine.reset,
        open_slots(config.chip),
    )  # fmt: skip


def open_outbox() -> "tuple[FlashSpool | RamSpool, Outbox]":
    """The spool, and the outbox before it. A flash that takes nothing must not make the pole deaf."""
    try:
        spool = FlashSpool(OUTBOX)
    except OSError as error:
        print(f"ERROR nothing can be kept on flash why={error}")
        in_memory = RamSpool()
        return in_memory, Outbox(in_memory.boot, limit=QUEUED_IN_MEMORY)
    return spool, Outbox(spool.boot, spool.saved, QUEUED, spool.frame_of, AT_ONCE)


def open_slots(chip: str) -> "Updating | None":
    """What takes updates, where this runs from a slot."""
    slots = Slots("", running(sys.path))
    if not slots.running:
        return None
    print(f"INFO slot={slots.running} sequence={slots.runs} on_trial={slots.on_trial}")
    return Updating(slots, class_of(chip, sys.implementation._mpy >> 10), 0)


def pins_of(config: board_config.BoardConfig) -> Pins:
    """The chip's pins, with what node.json says otherwise. ValueError for a pin that nothing is on."""
    usual = CHIPS[config.chip]
    for name in config.pins:
        if name not in PIN_NAMES:
            raise ValueError(f"pins.{name}: must be one of " + ", ".join(PIN_NAMES))
    return Pins(usual.granule, *[config.pins.get(name, pin) for name, pin in zip(PIN_NAMES, usual[1:])])


def line_opener(config: board_config.BoardConfig, pins: Pins):  # type: ignore[no-untyped-def]
    """What opens a new line to the gateway. Only the uplink in use is loaded: the other is 3 to 7 KB of heap."""
    uplink = config.uplink
    if isinstance(uplink, board_config.SerialUplink):
        from firmware.board import serial_uplink  # noqa: PLC0415

        return serial_uplink.opener(RS485_UART[config.chip], pins.rs485_tx, pins.rs485_rx, pins.rs485_de, uplink.baud)
    from firmware.board import mqtt_uplink  # noqa: PLC0415

    key = board_config.read_key(_text(BROKER_KEY), BROKER_KEY)
    return mqtt_uplink.opener(uplink, config.node, key, _text(NETWORK_KEY).strip() if uplink.network else "")


def _text(path: str) -> str:
    try:
        with open(path) as file:
            return file.read()
    except OSError as error:
        raise OSError(f"{path}: cannot be read ({error})")  # noqa: B904


def _show(error: Exception, watchdog) -> None:  # type: ignore[no-untyped-def]
    """Say what is wrong with the config, and blink its code for a minute."""
    print(f"ERROR {error}")
    led, start_ms = Led(usual_led()), ticks_ms()
    while ticks_diff(ticks_ms(), start_ms) < SHOW_MS:
        watchdog.feed()
        led.show(is_on(CODES[-1][0], ticks_diff(ticks_ms(), start_ms)))
        sleep_ms(20)
