"""images.toml: which MicroPython image goes on which chip. The image is the technician's own; its hash is pinned here.

    [esp32s3]
    path = "ESP32_GENERIC_S3-v1.29.0.bin"    # beside this file; one merged image from offset 0
    sha256 = "..."                           # 64 hexadecimal digits, from whoever chose the image
    [rp2350]
    path = "RPI_PICO2-v1.29.0.uf2"
    sha256 = "..."

An ESP image begins with 0xE9 and has its chip's number in bytes 12 and 13 (esptool 5.6.0, bin_image.py,
load_extended_header; 9 is an ESP32-S3: targets/esp32s3.py). A UF2 block begins with two magic words and has its family
in bytes 28 to 31 (general knowledge; a family of the RP2350 is that of its Arm or of its RISC-V cores).
"""

import hashlib
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from firmware.workshop.chips import ARCHITECTURES

ESP_MAGIC, ESP_CHIPS = 0xE9, {9: "esp32s3"}
UF2_MAGIC = bytes.fromhex("5546320a57515d9e")
UF2_FAMILIES = {0xE48BFF59: "rp2350", 0xE48BFF5A: "rp2350"}


@dataclass(frozen=True, slots=True)
class Stock:
    """An image whose hash was right, for this chip."""

    path: Path
    chip: str
    content: bytes


def read(manifest: Path, chip: str) -> Stock:
    """The image for a chip. Raises ValueError or OSError of one line that names the file."""
    try:
        document = tomllib.loads(manifest.read_text("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{manifest}: is no TOML ({error})") from None
    table = document.get(chip)
    if not isinstance(table, dict) or set(table) != {"path", "sha256"}:
        raise ValueError(f"{manifest}: [{chip}] must be there, with path and sha256 and nothing else")
    name, sha256 = table["path"], table["sha256"]
    if not isinstance(name, str) or not isinstance(sha256, str) or not re.fullmatch(r"[0-9a-fA-F]{64}", sha256):
        raise ValueError(f"{manifest}: {chip}.path must name a file, {chip}.sha256 have 64 hexadecimal digits")
    content = (manifest.parent / name).read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != sha256.lower():
        why = f"its SHA-256 is {found[:16]}..., {manifest.name} pins {sha256[:16].lower()}...: get the right image"
        raise ValueError(f"{manifest.parent / name}: wrong image hash: {why}")
    made_for = chip_of(content)
    if made_for != chip:
        raise ValueError(f"{manifest.parent / name}: is an image for {made_for or 'no chip of ours'}, not for {chip}")
    return Stock(manifest.parent / name, chip, content)


def chip_of(image: bytes) -> str:
    """Which of our chips a MicroPython image is for; "" for none."""
    if image[:8] == UF2_MAGIC:
        return UF2_FAMILIES.get(int.from_bytes(image[28:32], "little"), "")
    if image[:1] == bytes([ESP_MAGIC]):
        return ESP_CHIPS.get(int.from_bytes(image[12:14], "little"), "")
    return ""


def chip_named(machine: str) -> str:
    """Which of our chips a board is by what it calls itself: "Generic ESP32S3 module with ESP32S3"; "" for none."""
    letters = machine.lower().replace("-", "")
    return next((chip for chip in ARCHITECTURES if chip in letters), "")
