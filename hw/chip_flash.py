"""Puts a MicroPython image on a bare chip: esptool for an ESP32-S3, a copied UF2 for an RP2350.

esptool (5.6.0, GPL: run as a program, never imported) has never met a chip here. What is tried is that it is called as
it wants to be, that nobody answering is an error, and what is made of its answers, as its source has them:
"Chip type:" (esptool/__init__.py) and "Verification failed" with a status that is not 0 (cmds.py, verify_flash).
"""

import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

ESPTOOL = (sys.executable, "-m", "esptool")
LIMIT_S = 600
HOLD_BOOT = "hold BOOT, press RESET, let go of BOOT, and run this again"
HOLD_BOOTSEL = "hold BOOTSEL while the cable goes in; a drive appears; give its folder as --drive"
UF2_INFO = "INFO_UF2.TXT"


class EspChip:
    """port : of an ESP chip. say : told each line that esptool prints. Every call raises OSError of one line."""

    def __init__(self, port: str, say: Callable[[str], None], esptool: Sequence[str] = ESPTOOL) -> None:
        self.port = port
        self._say = say
        self._esptool = esptool

    def name(self) -> str:
        """What it is, as esptool calls it: "ESP32-S3 (QFN56) (revision v0.2)"."""
        status, said = self._run("chip-id")
        types = [line.split(":", 1)[1].strip() for line in said if line.startswith("Chip type:")]
        if status or not types:
            raise OSError(f"{self.port}: no ESP chip answers: {HOLD_BOOT}")
        return types[0]

    def holds(self, image: Path) -> bool:
        """Whether the image is on its flash already."""
        status, said = self._run("verify-flash", "0x0", str(image))
        if status and not any("verification failed" in line.lower() for line in said):
            raise OSError(f"{self.port}: its flash cannot be read: {HOLD_BOOT}")
        return status == 0

    def erase(self) -> None:
        """All of its flash."""
        if self._run("erase-flash")[0]:
            raise OSError(f"{self.port}: its flash cannot be erased: {HOLD_BOOT}")

    def write(self, image: Path) -> None:
        """Put the image on its flash, and read it back."""
        if self._run("write-flash", "0x0", str(image))[0] or not self.holds(image):
            raise OSError(
                f"{self.port}: the image does not read back as it was written: {HOLD_BOOT}; then another cable"
            )

    def _run(self, *words: str) -> tuple[int, list[str]]:
        command = (*self._esptool, "--port", self.port, *words)
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
            assert running.stdout is not None
            said = []
            for line in running.stdout:
                said.append(line.strip())
                self._say(line.strip())
            return running.wait(LIMIT_S), said


def copy_uf2(image: Path, drive: Path, family: str) -> None:
    """Put a UF2 on the drive that a chip of this family in its boot loader is. Raises OSError of one line."""
    try:
        text = (drive / UF2_INFO).read_text("utf-8", errors="replace")
    except OSError:
        raise OSError(f"{drive}: is no boot loader's drive ({UF2_INFO} is missing): {HOLD_BOOTSEL}") from None
    if family.lower() not in text.lower():
        board = next((line for line in text.splitlines() if line.startswith("Board-ID")), "no Board-ID")
        raise OSError(f"{drive}: wrong chip: {board}; {family} is wanted")
    shutil.copyfile(image, drive / image.name)
