"""`soundpost lamps --blink`: one lamp goes on and off, so that somebody in the street sees which one a channel is."""

import argparse
import asyncio
import pathlib

from gateway.assembly.lamp_banks import lamp_driver
from gateway.config import read_config
from hw.ports import Lamps

TIMES = 3
BRIGHT_PCT = 50  # a lamp at this or above blinks by going out


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which lamp."""
    parser.add_argument("--blink", metavar="LAMP", help="let this lamp of --config blink; with no gateway running")
    parser.add_argument("--blink-s", type=_seconds, default=1.0, metavar="S", help="for so long each time; 0.1 to 10")


def blink(args: argparse.Namespace) -> int:
    """Blink, and leave the lamp as it was. Raises ValueError or OSError of one line."""
    if args.config is None:
        raise ValueError("--blink needs --config, too")
    config = read_config(args.config)
    found = [(bank, lamp) for bank in config.lamp_bank for lamp in bank.lamps if lamp.name == args.blink]
    if not found:
        names = ", ".join(lamp.name for bank in config.lamp_bank for lamp in bank.lamps)
        raise ValueError(f"{args.config}: no lamp {args.blink!r}; there are {names or 'none'}")
    ((bank, lamp),) = found
    driver = lamp_driver(bank, pathlib.Path(args.config).parent)
    print(f"{lamp.name}: channel {lamp.channel} of {bank.url} blinks {TIMES} times", flush=True)
    was_pct, is_pct = asyncio.run(blinked(driver, lamp.channel, args.blink_s))
    print(f"{lamp.name}: was {was_pct} %, is {is_pct} %. Where another blinked, mend `channel`: it counts from 0 here.")
    return 0


async def blinked(lamps: Lamps, channel: int, hold_s: float) -> tuple[int, int]:
    """Blink; what the lamp was, and is now. Whatever happens it is told to be what it was."""
    try:
        was_pct = await lamps.read_level(channel)
        try:
            for _ in range(TIMES):
                await lamps.write_level(channel, 0 if was_pct >= BRIGHT_PCT else 100)
                await asyncio.sleep(hold_s)
                await _back(lamps, channel, was_pct)
                await asyncio.sleep(hold_s)
        finally:
            await _back(lamps, channel, was_pct)
        return was_pct, await lamps.read_level(channel)
    finally:
        await lamps.close()


async def _back(lamps: Lamps, channel: int, was_pct: int) -> None:
    if not await lamps.let_go(channel):
        await lamps.write_level(channel, was_pct)


def _seconds(text: str) -> float:
    value = float(text)
    if not 0.1 <= value <= 10:
        raise argparse.ArgumentTypeError(f"{text}: must be 0.1 to 10")
    return value
