"""ESP32 code (xtensawin) in Debian's qemu-system-xtensa, machine `sim`, core dc232b.

dc232b is an older core than the S3's LX7, with the same windowed calls and no floating point: right for integer viper.
A program of our own, assembled by hand, reads a call from a pipe, makes it, and writes back what came of it; QEMU's
`sim` machine reads and writes the host's file descriptors for it (simcall 3 and 4). It ends when the pipe does.

Formats of instructions and numbers of special registers: the prototype of notes/micropython.md section 4; RSR, CCOUNT
and the branches from general knowledge. Counting: with `-icount` every instruction moves the core's cycle counter on by
the same; by how much is measured on a loop of known length (it agreed with a trace of all instructions). A count has in
it the call itself and what the runtime's stubs take, some tens.
"""

import contextlib
import os
import select
import struct
import subprocess
import tempfile
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from simulators.emulators.core import FROM_OBJECT, N_ENTRIES, TO_OBJECT, Argument, Core, signed, words
from simulators.emulators.mpy_file import FUNCTION_TABLE, MpyFile

PROGRAM = "qemu-system-xtensa"
OPTIONS = "-M sim -cpu dc232b -m 64M -semihosting -display none -monitor none -serial null -icount shift=7"
BASE, RESET, MEMORY = 0xD0010000, 0xFE000000, 0x100000
LITERALS, BOOT, CODE, CODE_STEP, RUNTIME, TABLE = 0x100, 0x400, 0x1000, 0x1600, 0xC000, 0xD000
OBJECTS, CONTEXT, SELVES, HEAD, STACK, RESULT, BUFFERS = 0xD400, 0xD800, 0xD900, 0xE000, 0xEFF0, 0xF000, 0xF010
HEAD_WORDS, RESULT_BYTES = 16, BUFFERS - RESULT
LOOP, LOOP_INSTRUCTIONS = RUNTIME + 32, 2003  # entry; movi a2, 1000; then addi a2, a2, -1 and bnez a2; retw.n
WINDOWBASE, WINDOWSTART, PS = 72, 73, 230
EXIT, READ, WRITE = 1, 3, 4
OR, ADD, SUB = 2, 8, 12
SIMCALL, CALLX8_A4, BGEI_A2_1_OVER_TWO = 0x005100, 0x0004E0, 0x0512E6
RSR_CCOUNT_A5, RSR_CCOUNT_A6 = 0x03EA50, 0x03EA60
LIMIT_S = 20.0


class XtensaCore(Core):
    """A process; close it, or use it in a `with`. Raises ValueError for another architecture, OSError without QEMU."""

    def __init__(self, mpy: MpyFile, program: str = PROGRAM) -> None:
        if mpy.architecture != "xtensawin":
            raise ValueError(f"{mpy.architecture} code; this core runs xtensawin")
        there, self._to_core = os.pipe()
        self._from_core, back = os.pipe()
        self._counted = 0
        with tempfile.TemporaryDirectory() as folder:
            image = Path(folder) / "image.elf"
            image.write_bytes(_elf(_image(mpy, there, back)))
            self._qemu = subprocess.Popen(
                [program, *OPTIONS.split(), "-kernel", str(image)],
                pass_fds=(there, back), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            os.close(there)
            os.close(back)
            self._per_cycle = LOOP_INSTRUCTIONS / self._cycles(
                self._exchange(words(16, 0, 0, BASE + LOOP, *(0,) * 16), 16)
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        for end in (self._to_core, self._from_core):
            with contextlib.suppress(OSError):
                os.close(end)
        self._qemu.kill()
        self._qemu.wait()

    def call(self, function: int, arguments: Sequence[Argument]) -> int:
        at, values, buffers = 0, [], []
        content = bytearray()
        for argument in arguments:
            if isinstance(argument, array):
                values.append(BASE + BUFFERS + len(content))
                buffers.append((len(content), argument))
                content += argument.tobytes()
                content += bytes(-len(content) % 16)
            else:
                values.append(argument)
        address = BASE + SELVES + 16 * function
        head = words(len(content), address, len(values), BASE + CODE + CODE_STEP * function, *values)
        answer = self._exchange(head.ljust(4 * HEAD_WORDS, b"\0") + content, len(content))
        for at, argument in buffers:
            size = len(argument) * argument.itemsize
            memoryview(argument).cast("B")[:] = answer[RESULT_BYTES + at : RESULT_BYTES + at + size]
        self._counted = round(self._cycles(answer) * self._per_cycle)
        return signed(int.from_bytes(answer[:4], "little"))

    def count(self, function: int, arguments: Sequence[Argument]) -> int:
        self.call(function, arguments)
        return self._counted

    def _cycles(self, answer: bytes) -> int:
        return int.from_bytes(answer[4:8], "little")

    def _exchange(self, said: bytes, n_answer: int) -> bytes:
        answer = bytearray()
        while len(answer) < RESULT_BYTES + n_answer:
            readable, writable, _ = select.select([self._from_core], [self._to_core] if said else [], [], LIMIT_S)
            if writable:
                said = said[os.write(self._to_core, said[:4096]) :]
            if readable:
                answer += os.read(self._from_core, 1 << 16)
            if not (readable or writable) or self._qemu.poll() is not None:
                raise RuntimeError("the emulated core does not answer: its code calls for what is not served, or hangs")
        return bytes(answer)


class _Assembler:
    """The few instructions that the program is made of; registers are a0 to a15."""

    def __init__(self) -> None:
        self.code, self.literals = bytearray(), list[int]()

    def emit(self, word: int) -> None:
        self.code += word.to_bytes(4, "little")[:3]

    def set(self, register: int, value: int) -> None:
        """l32r, of a literal that is put before the code."""
        here = BOOT + len(self.code) + 3 & ~3
        offset = LITERALS + 4 * len(self.literals) - here >> 2
        self.literals.append(value & 0xFFFFFFFF)
        self.emit(0x000001 | register << 4 | (offset & 0xFFFF) << 8)

    def set_special(self, special: int, value: int) -> None:
        self.set(2, value)
        self.emit(0x130000 | special << 8 | 2 << 4)
        self.emit(0x002010)  # rsync

    def load(self, register: int, base: int, word: int) -> None:
        self.emit(0x002002 | word << 16 | base << 8 | register << 4)

    def store(self, register: int, base: int, word: int) -> None:
        self.emit(0x006002 | word << 16 | base << 8 | register << 4)

    def three(self, operation: int, result: int, left: int, right: int) -> None:
        self.emit(operation << 20 | result << 12 | left << 8 | right << 4)

    def branch_if(self, register: int, to: int) -> None:
        """bnez"""
        self.emit(0x000056 | register << 8 | (to - len(self.code) - 4 & 0xFFF) << 12)

    def jump(self, to: int) -> None:
        self.emit(0x000006 | (to - len(self.code) - 4 & 0x3FFFF) << 6)

    def transfer(self, number: int, descriptor: int) -> None:
        """All a7 bytes at a6, in as many simcalls as it takes; where the other end is gone, the program ends."""
        start = len(self.code)
        self.set(2, number)
        self.set(3, descriptor)
        self.three(OR, 4, 6, 6)
        self.three(OR, 5, 7, 7)
        self.emit(SIMCALL)
        self.emit(BGEI_A2_1_OVER_TWO)
        self.set(2, EXIT)
        self.emit(SIMCALL)
        self.three(ADD, 6, 6, 2)
        self.three(SUB, 7, 7, 2)
        self.branch_if(7, start)


def _program(there: int, back: int) -> _Assembler:
    """Sets up the register window; then for ever: read a head and buffers, call, write the result and the buffers."""
    do = _Assembler()
    do.set_special(WINDOWSTART, 1)
    do.set_special(WINDOWBASE, 0)
    do.set_special(PS, 0x4000F)  # windows on, interrupts off
    do.set(1, BASE + STACK)
    again = len(do.code)
    do.set(6, BASE + HEAD)
    do.set(7, 4 * HEAD_WORDS)
    do.transfer(READ, there)
    do.set(3, BASE + HEAD)
    do.set(6, BASE + BUFFERS)
    do.load(7, 3, 0)
    do.transfer(READ, there)
    do.set(3, BASE + HEAD)
    do.load(10, 3, 1)
    do.load(11, 3, 2)
    do.set(12, 0)
    do.set(13, BASE + HEAD + 16)
    do.load(4, 3, 3)
    do.emit(RSR_CCOUNT_A5)
    do.emit(CALLX8_A4)
    do.emit(RSR_CCOUNT_A6)
    do.three(SUB, 7, 6, 5)
    do.set(6, BASE + RESULT)
    do.store(10, 6, 0)
    do.store(7, 6, 1)
    do.set(3, BASE + HEAD)
    do.load(7, 3, 0)
    do.set(2, RESULT_BYTES)
    do.three(ADD, 7, 7, 2)
    do.transfer(WRITE, back)
    do.jump(again)
    assert LITERALS + 4 * len(do.literals) <= BOOT
    return do


def _image(mpy: MpyFile, there: int, back: int) -> bytes:
    """The first 56 KB of memory: program, machine code, and what of MicroPython it asks for."""
    image = bytearray(HEAD)

    def put(at: int, content: bytes) -> None:
        image[at : at + len(content)] = content

    do = _program(there, back)
    put(LITERALS, words(*do.literals))
    put(BOOT, bytes(do.code))
    put(RUNTIME, bytes.fromhex("3641001df0"))  # entry a1, 32; retw.n: hands back what it was given
    put(RUNTIME + 16, bytes.fromhex("36410006ffff"))  # entry; a jump to itself
    served = (FROM_OBJECT, TO_OBJECT)
    put(LOOP, b"".join(word.to_bytes(3, "little") for word in (0x004136, 0xE8A322, 0xFFC222, 0xFF9256)) + b"\x1d\xf0")
    put(TABLE, words(*(BASE + RUNTIME + (0 if entry in served else 16) for entry in range(N_ENTRIES))))
    put(OBJECTS, words(*(BASE + TABLE if kind == FUNCTION_TABLE else 0 for kind in mpy.objects)))
    put(CONTEXT, words(0, 0, BASE + OBJECTS + 0x200, BASE + OBJECTS))
    for number, body in enumerate(mpy.viper()):
        assert len(body) <= CODE_STEP
        assert CODE + CODE_STEP * (number + 1) <= RUNTIME
        put(CODE + CODE_STEP * number, body)
        put(SELVES + 16 * number, words(0, BASE + CONTEXT, 0, BASE + CODE + CODE_STEP * number))
    return bytes(image)


def _elf(image: bytes) -> bytes:
    """An ELF file for Xtensa (machine 94): the image, and at the reset vector a jump into it."""
    reset = bytearray(64)
    reset[0:3] = (0x000006 | 0xC << 6).to_bytes(3, "little")  # j over the literal
    reset[4:8] = words(BASE + BOOT)
    reset[16:19] = (0xFFFD41).to_bytes(3, "little")  # l32r a4
    reset[19:22] = (0x0004A0).to_bytes(3, "little")  # jx a4
    head = b"\x7fELF\x01\x01\x01" + bytes(9) + struct.pack("<HH", 2, 94)
    head += words(1, RESET, 52, 0, 0) + struct.pack("<6H", 52, 32, 2, 0, 0, 0)
    head += words(1, 0x1000, BASE, BASE, len(image), MEMORY, 7, 0x1000)
    head += words(1, 0x1000 + len(image), RESET, RESET, 64, 64, 7, 0x1000)
    return head.ljust(0x1000, b"\0") + image + bytes(reset)
