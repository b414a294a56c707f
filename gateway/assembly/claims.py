"""Nothing that a config names is claimed by two of its parts: asked by --check, and at each start."""

import pathlib

from gateway.assembly.lamp_banks import check_contacts
from gateway.assembly.wiring import check_wiring
from gateway.config import GatewayConfig


def check_claims(config: GatewayConfig, folder: pathlib.Path) -> None:
    """folder : where maps of boards are looked for. Raises ValueError naming both of what is in each other's way, or
    the map that is none; OSError naming one that cannot be read."""
    contacts = {
        (each.trigger.url, each.trigger.coil): f"evidence.reader {each.name}.trigger"
        for each in (config.evidence.reader if config.evidence else ())
        if each.trigger is not None and each.trigger.coil is not None
    }
    check_wiring(config.lamp_bank, [line.port for line in config.serial], contacts)
    check_contacts(config.lamp_bank, contacts, folder)
