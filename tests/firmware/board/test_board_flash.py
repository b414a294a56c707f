"""What a board carries: every file compiles for every core, and all of it is small."""

import pytest

from firmware.workshop.application import BUDGET_BYTES, compile_into
from simulators.board.bench import HEAP

MORE = ("firmware/board/main.py",)


@pytest.mark.parametrize("architecture", ["xtensawin", "armv7emsp", "rv32imc", "x64"])
def test_the_firmware_compiles_for_every_core_within_its_budget(tmp_path, architecture, capsys):
    size = compile_into(tmp_path, architecture, MORE)
    with capsys.disabled():
        print(f"\n{architecture}: {size} of {BUDGET_BYTES} bytes of .mpy; boards on the bench have a heap of {HEAP}")

    assert size <= BUDGET_BYTES
