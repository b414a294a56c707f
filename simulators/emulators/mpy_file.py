"""Reads a compiled MicroPython file (.mpy version 6) as far as the machine code of its viper functions.

The layout, as notes/micropython.md section 4 and its prototype found it: "M", version, feature byte (architecture in
bits 2 to 5), small-int bits; counts of qstrs and objects; both tables; then the module's code, which holds its
functions' as children. Numbers are in groups of 7 bits, the highest first.
"""

from dataclasses import dataclass
from pathlib import Path

ARCHITECTURES = {2: "x64", 4: "armv6m", 7: "armv7emsp", 10: "xtensawin", 11: "rv32imc"}
NATIVE, VIPER, ASSEMBLER = 1, 2, 3
FUNCTION_TABLE = 0  # the kind of object that stands for the runtime's table of functions


@dataclass(frozen=True, slots=True)
class Code:
    """A piece of code: its kind (0 is bytecode), its bytes, and the functions within it, in the order of the source."""

    kind: int
    body: bytes
    functions: tuple["Code", ...]


@dataclass(frozen=True, slots=True)
class MpyFile:
    """objects : kinds of what the code refers to. module : the code that import runs."""

    architecture: str
    objects: tuple[int, ...]
    module: Code

    def viper(self) -> tuple[bytes, ...]:
        """Machine code of the module's viper functions, in the order of the source."""
        return tuple(function.body for function in self.module.functions if function.kind == VIPER)


def read_mpy(path: Path) -> MpyFile:
    """The parsed file. OSError where there is none, ValueError where it is none or of an unknown architecture."""
    reader = _Reader(path.read_bytes())
    head = reader.take(4)
    architecture = ARCHITECTURES.get((head[2] >> 2) & 0xF if len(head) == 4 else 0)
    if head[:2] != b"M\x06" or architecture is None:
        raise ValueError(f"{path}: no .mpy of version 6 for one of {', '.join(ARCHITECTURES.values())}")
    if head[2] & 0x40:  # flags of the architecture follow
        reader.number()
    n_qstrs, n_objects = reader.number(), reader.number()
    for _ in range(n_qstrs):
        reader.qstr()
    objects = tuple(reader.object() for _ in range(n_objects))
    return MpyFile(architecture, objects, reader.code())


class _Reader:
    def __init__(self, content: bytes) -> None:
        self._content, self._at = content, 0

    def take(self, n: int) -> bytes:
        self._at += n
        return self._content[self._at - n : self._at]

    def number(self) -> int:
        value = 0
        while True:
            (byte,) = self.take(1)
            value = value << 7 | byte & 0x7F
            if not byte & 0x80:
                return value

    def qstr(self) -> None:
        length = self.number()
        if not length & 1:  # else the number of a qstr that every firmware has
            self.take((length >> 1) + 1)

    def object(self) -> int:
        (kind,) = self.take(1)
        if kind in (5, 6):  # str, bytes
            self.take(self.number() + 1)
        elif kind in (7, 8, 9):  # int, float, complex, as text
            self.take(self.number())
        elif kind > 9:
            raise ValueError(f"an object of kind {kind} in an .mpy; 0 to 9 are known")
        return kind

    def code(self) -> Code:
        size = self.number()
        kind, has_functions = size & 3, size & 4
        body = self.take(size >> 3)
        for _ in range({NATIVE: 1, VIPER: 1, ASSEMBLER: 3}.get(kind, 0)):
            self.number()
        n_functions = self.number() if has_functions else 0
        return Code(kind, body, tuple(self.code() for _ in range(n_functions)))
