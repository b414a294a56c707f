"""`soundpost board build` and `flash`: a release as one file, and the technician's MicroPython on a bare chip."""

import argparse
from pathlib import Path

from firmware.linux.config import read_key
from firmware.workshop import release, stock
from firmware.workshop.application import BUDGET_BYTES
from firmware.workshop.chips import ARCHITECTURES
from hw.chip_flash import EspChip, copy_uf2

U32 = 0xFFFFFFFF
OTHERS = ("x64",)
"""The unix port's, for a board that is simulated."""


def add_build_arguments(parser: argparse.ArgumentParser) -> None:
    """Those of build."""
    known = sorted({each for cores in ARCHITECTURES.values() for each in cores} | {*OTHERS})
    parser.add_argument("--chip", required=True, choices=ARCHITECTURES, help="of the boards that it is for")
    parser.add_argument("--architecture", choices=known, help="of its cores (default: the chip's usual one)")
    parser.add_argument(
        "--sequence", required=True, type=int, metavar="N", help="of this release, higher than any before"
    )
    parser.add_argument("--min-version", type=int, default=0, metavar="N", help="least sequence that may take it")
    parser.add_argument(
        "--update-key", required=True, type=Path, metavar="FILE", help="the fleet's, 64 hexadecimal digits"
    )
    parser.add_argument("--out", required=True, type=Path, metavar="FILE", help="the release")


def build(args: argparse.Namespace) -> int:
    """Raises ValueError or OSError of one line; then nothing is written."""
    for name, least in (("sequence", 1), ("min_version", 0)):
        if not least <= getattr(args, name) <= U32:
            raise ValueError(f"--{name.replace('_', '-')} {getattr(args, name)}: must be {least} to {U32}")
    architecture = args.architecture or ARCHITECTURES[args.chip][0]
    if architecture not in (*ARCHITECTURES[args.chip], *OTHERS):
        raise ValueError(f"--architecture {architecture}: {args.chip} has " + " or ".join(ARCHITECTURES[args.chip]))
    key = read_key(args.update_key)
    image = release.build(args.chip, architecture, args.sequence, args.min_version, key)
    size = sum(file.size for file in release.read(image, str(args.out), key).manifest.files)
    if size > BUDGET_BYTES:
        raise ValueError(f"{size} bytes of .mpy, {BUDGET_BYTES} are the budget of a board")
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_bytes(image)
    print(f"{args.out}: release {args.sequence} for {args.chip} ({architecture}); .mpy {size} of {BUDGET_BYTES} bytes")
    return 0


def add_flash_arguments(parser: argparse.ArgumentParser) -> None:
    """Those of flash."""
    parser.add_argument(
        "--images", required=True, type=Path, metavar="FILE", help="images.toml: path and sha256 by chip"
    )
    parser.add_argument("--chip", required=True, choices=ARCHITECTURES, help="that the board must be")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--port", help="serial port of an ESP32-S3")
    where.add_argument("--drive", type=Path, metavar="DIR", help="drive of an RP2350 in its boot loader (hold BOOTSEL)")
    parser.add_argument("--erase", action="store_true", help="ESP32-S3: erase all first, keys and queued records too")


def flash(args: argparse.Namespace) -> int:
    """Raises ValueError or OSError of one line with what to do next."""
    image = stock.read(args.images, args.chip)
    if (args.port is None) != (args.chip == "rp2350"):
        raise ValueError("an esp32s3 is flashed over --port, an rp2350 over --drive")
    if args.drive:
        copy_uf2(image.path, args.drive, args.chip)
        print(f"{image.path} copied; the board starts by itself. next: soundpost board provision")
        return 0
    chip = EspChip(args.port, lambda line: print(f"  {line}", flush=True))
    name = chip.name()
    if stock.chip_named(name) != args.chip:
        raise ValueError(f"{args.port}: wrong chip: it is an {name}, not {args.chip}: take the right board")
    if args.erase:
        chip.erase()
    if not args.erase and chip.holds(image.path):
        print(f"{image.path} is on it already. next: soundpost board provision")
        return 0
    chip.write(image.path)
    print(f"{image.path} written and read back. next: soundpost board provision")
    return 0
