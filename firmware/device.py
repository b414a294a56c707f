"""Which boards are alike: what runs on one of a class runs on all of it. Portable and pure."""

import hashlib

ARCHITECTURES = (
    "bytecode", "x86", "x64", "armv6", "armv6m", "armv7m", "armv7em", "armv7emsp", "armv7emdp", "xtensa", "xtensawin",
    "rv32imc",
)  # fmt: skip
"""By the number that sys.implementation._mpy >> 10 and the third byte of an .mpy give (prototypes/mcu/mpy_file.py)."""


def class_of(chip: str, architecture: int) -> bytes:
    """The class of device, 16 bytes: what runs on one runs on all of it. architecture: an index of ARCHITECTURES."""
    name = "soundpost/" + chip + "/" + ARCHITECTURES[architecture]
    return hashlib.sha256(name.encode()).digest()[:16]
