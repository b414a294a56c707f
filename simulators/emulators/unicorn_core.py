"""Cortex-M (armv6m, armv7emsp) and RISC-V (rv32imc) code in Unicorn, an emulator of single instructions."""

from array import array
from collections.abc import Sequence
from typing import Any

from unicorn import arm_const as arm
from unicorn import riscv_const as riscv
from unicorn import unicorn_const as kinds
from unicorn.unicorn_py3 import Uc, UcError

from simulators.emulators.core import FROM_OBJECT, N_ENTRIES, TO_OBJECT, Argument, Core, signed, words
from simulators.emulators.mpy_file import FUNCTION_TABLE, MpyFile

CODE, CODE_STEP, RUNTIME, RETURN, STACK, DATA = 0x10000, 0x4000, 0x40000, 0x48000, 0x80000, 0x100000
TABLE, OBJECTS, CONTEXT, SELVES, ARGUMENTS, BUFFERS = (DATA + at for at in (0, 0x400, 0x800, 0x900, 0xA00, 0x1000))
LIMIT_US = 20_000_000  # that a call may take


class UnicornCore(Core):
    """Raises ValueError for another architecture."""

    def __init__(self, mpy: MpyFile) -> None:
        if mpy.architecture not in ("armv6m", "armv7emsp", "rv32imc"):
            raise ValueError(f"{mpy.architecture} code; Unicorn runs armv6m, armv7emsp and rv32imc")
        self._risc = mpy.architecture == "rv32imc"
        self._thumb = 0 if self._risc else 1  # the lowest bit of an address of Thumb code
        self._result = 0
        self._counted = 0
        which = (
            (kinds.UC_ARCH_RISCV, kinds.UC_MODE_RISCV32)
            if self._risc
            else (kinds.UC_ARCH_ARM, kinds.UC_MODE_THUMB | kinds.UC_MODE_MCLASS)
        )
        self._uc = Uc(*which)
        first = riscv.UC_RISCV_REG_A0 if self._risc else arm.UC_ARM_REG_R0
        self._registers = [first + n for n in range(4)]
        self._stack_register = riscv.UC_RISCV_REG_SP if self._risc else arm.UC_ARM_REG_SP
        self._pc_register = riscv.UC_RISCV_REG_PC if self._risc else arm.UC_ARM_REG_PC
        self._link_register = riscv.UC_RISCV_REG_RA if self._risc else arm.UC_ARM_REG_LR
        self._lay_out(mpy)

    def _lay_out(self, mpy: MpyFile) -> None:
        uc = self._uc
        for base, size in ((CODE, 0x20000), (RUNTIME, 0x10000), (STACK, 0x10000), (DATA, 0x200000)):
            uc.mem_map(base, size)
        uc.mem_write(RUNTIME, (b"\x82\x80\x01\x00" if self._risc else b"\x70\x47\x00\xbf") * N_ENTRIES)  # return; nop
        uc.mem_write(TABLE, words(*(RUNTIME + 4 * entry | self._thumb for entry in range(N_ENTRIES))))
        uc.mem_write(OBJECTS, words(*(TABLE if kind == FUNCTION_TABLE else 0 for kind in mpy.objects)))
        uc.mem_write(CONTEXT, words(0, 0, DATA + 0xC00, OBJECTS))
        for number, body in enumerate(mpy.viper()):
            uc.mem_write(CODE + number * CODE_STEP, body)
            uc.mem_write(SELVES + 16 * number, words(0, CONTEXT, 0, CODE + number * CODE_STEP))
        uc.hook_add(kinds.UC_HOOK_CODE, self._serve, begin=RUNTIME, end=RUNTIME + 4 * N_ENTRIES)

    def call(self, function: int, arguments: Sequence[Argument]) -> int:
        buffers = self._put(arguments)
        for register, value in zip(
            self._registers, (SELVES + 16 * function, len(arguments), 0, ARGUMENTS), strict=True
        ):
            self._uc.reg_write(register, value)
        self._uc.reg_write(self._stack_register, STACK + 0xFF00)
        self._uc.reg_write(self._link_register, RETURN | self._thumb)
        try:
            self._uc.emu_start(CODE + function * CODE_STEP | self._thumb, RETURN, timeout=LIMIT_US)
        except UcError as error:
            raise RuntimeError(f"function {function} stopped: {error}") from error
        if self._uc.reg_read(self._pc_register) & ~1 != RETURN:
            raise RuntimeError(f"function {function} has not returned within {LIMIT_US // 1_000_000} s")
        for base, values in buffers:
            memoryview(values).cast("B")[:] = self._uc.mem_read(base, len(values) * values.itemsize)
        return signed(self._result)

    def count(self, function: int, arguments: Sequence[Argument]) -> int:
        self._counted = 0
        hook = self._uc.hook_add(kinds.UC_HOOK_CODE, self._tick, begin=CODE, end=CODE + 0x1FFFF)
        self._uc.ctl_flush_tb()  # what was translated before does not call the hook
        self.call(function, arguments)
        self._uc.hook_del(hook)
        self._uc.ctl_flush_tb()
        return self._counted

    def _put(self, arguments: Sequence[Argument]) -> list[tuple[int, Any]]:
        at, values, buffers = BUFFERS, [], []
        for argument in arguments:
            if isinstance(argument, array):
                content = argument.tobytes()
                self._uc.mem_write(at, content)
                buffers.append((at, argument))
                values.append(at)
                at += len(content) + 15 & ~15
            else:
                values.append(argument)
        self._uc.mem_write(ARGUMENTS, words(*values))
        return buffers

    def _serve(self, uc: Uc, address: int, size: int, user: object) -> None:
        entry, within = divmod(address - RUNTIME, 4)
        if entry == TO_OBJECT and not within:
            self._result = uc.reg_read(self._registers[0])
        elif entry != FROM_OBJECT and not within:
            uc.emu_stop()
            raise RuntimeError(f"the code calls runtime entry {entry}; only {FROM_OBJECT} and {TO_OBJECT} are served")

    def _tick(self, *_: object) -> None:
        self._counted += 1
