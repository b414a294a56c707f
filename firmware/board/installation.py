"""Installs the image that waits on the flash, at a start, before the node: read part by part, and its file then goes.

Whatever comes of it, the board starts anew after it: into the new version, on trial, or into the old one, which then
says why it refuses the new. Raises nothing.
"""

import json
import sys

from firmware.board import config as board_config
from firmware.board import incoming
from firmware.board.installer import PART, Installer
from firmware.board.slots import Slots, running
from firmware.device import class_of
from firmware.update import BadUpdate


def install(watchdog, root: str = "", chip: str = "") -> None:  # type: ignore[no-untyped-def]
    """watchdog: has `feed`. chip: this board's, else that of node.json."""
    slots = Slots(root, running(sys.path))
    try:
        try:
            _feed(_installer(slots, chip), root, watchdog)
            incoming.clear(root)
            print(f"INFO update installed sequence={slots.state.offered}")
        except BadUpdate as error:
            print(f"WARN update refused why={error}")
            incoming.refuse(root, error.reason)
        except ValueError as error:  # update.key or node.json
            print(f"ERROR update refused why={error}")
            incoming.refuse(root, "mac")
    except OSError as error:
        print(f"ERROR update refused why={error}")
        incoming.refuse(root, "flash")


def _installer(slots: Slots, chip: str) -> Installer:
    architecture = sys.implementation._mpy >> 10
    with open(slots.root + "/update.key") as file:
        key = board_config.read_key(file.read(), "update.key")
    if not chip:
        with open(slots.root + "/node.json") as file:
            chip = json.load(file)["chip"]
    return Installer(slots, key, class_of(chip, architecture), architecture)


def _feed(installer: Installer, root: str, watchdog) -> None:  # type: ignore[no-untyped-def]
    with open(root + incoming.IMAGE, "rb") as image:
        while True:
            part = image.read(PART)
            if not part:
                raise BadUpdate("size", "ends too early")
            watchdog.feed()
            if installer.feed(part):
                return
