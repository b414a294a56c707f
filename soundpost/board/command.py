"""`soundpost board`: from a bare chip to a node that passes its own test. Needs no internet."""

import argparse
import textwrap

from firmware.workshop import pole_file
from soundpost.board import build as board_build
from soundpost.board import logs as board_logs
from soundpost.board import provision as board_provision
from soundpost.terminal import add_verb

HELP = "Build the firmware of a board, put it on one, make it a certain pole's node, and try it."
EXAMPLES = {
    "build": "build --chip esp32s3 --sequence 7 --update-key fleet/fleet.key --out out/esp32s3-7.release",
    "flash": "flash --images images.toml --chip esp32s3 --port /dev/ttyACM0",
    "provision": "provision --pole n17.toml --release out/esp32s3-7.release --port /dev/ttyACM0",
    "check": "check --pole n17.toml --release out/esp32s3-7.release --port /dev/ttyACM0",
    "logs": "logs --port /dev/ttyACM0",
}
EXAMPLE = (
    "\n".join(f"  soundpost board {line}" for line in EXAMPLES.values()).lstrip()
    + """

keys: soundpost keys make n17 --out keys; soundpost keys make fleet --out fleet

n17.toml:
"""
    + textwrap.indent(pole_file.EXAMPLE, "  ")
    + """
images.toml:
  [esp32s3]
  path = "ESP32_GENERIC_S3-v1.29.0.bin"
  sha256 = "64 hexadecimal digits"
"""
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A verb, and the options of each."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="|".join(VERBS))
    for verb, (words, adders, _) in VERBS.items():
        more = add_verb(verbs, verb, words, f"board {EXAMPLES[verb]}")
        for add in adders:
            add(more)


VERBS = {
    "build": ("compile and seal a release of the firmware", [board_build.add_build_arguments], board_build.build),
    "flash": ("put your MicroPython image on a chip, if it is not there already", [board_build.add_flash_arguments],
              board_build.flash),
    "provision": ("put release, name, keys and place on a board, and try it",
                  [board_provision.add_arguments, board_provision.add_provision_arguments], board_provision.provision),
    "check": ("compare what is on a board, and try it", [board_provision.add_arguments], board_provision.check),
    "logs": ("show what a board says, without disturbing it", [board_logs.add_arguments], board_logs.run),
}  # fmt: skip
"""Verb -> what it does, what adds its options, what runs it."""


def run(args: argparse.Namespace) -> int:
    """0 done or PASS, 1 FAIL. Raises ValueError or OSError of one line."""
    return VERBS[args.verb][2](args)
