"""What a board carries: every file compiles for every core, and all of it is small."""

import pytest

from firmware.workshop.application import compile_into

BUDGET_BYTES = 120_000
MORE = ("firmware/main.py", "firmware/boot.py")


@pytest.mark.parametrize("architecture", ["xtensawin", "armv7emsp", "rv32imc", "x64"])
def test_the_firmware_compiles_for_every_core_within_its_budget(tmp_path, architecture):
    size = compile_into(tmp_path, architecture, MORE)
    print(f"{architecture}: {size} of {BUDGET_BYTES} bytes")

    assert size <= BUDGET_BYTES
