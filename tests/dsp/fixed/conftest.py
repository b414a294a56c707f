"""Emulated cores with the kernel compiled for them."""

from pathlib import Path

import pytest

from simulators.emulators.core import compile_for
from simulators.emulators.mpy_file import read_mpy
from simulators.emulators.unicorn_core import UnicornCore
from simulators.emulators.xtensa_core import XtensaCore

KERNEL = Path(__file__).parents[3] / "dsp" / "fixed" / "kernel.py"


@pytest.fixture(scope="session")
def core(tmp_path_factory, program):
    """core(architecture): a core with dsp/fixed/kernel.py in it."""
    folder, started = tmp_path_factory.mktemp("kernels"), {}

    def start(architecture):
        if architecture not in started:
            mpy = read_mpy(compile_for(architecture, KERNEL, folder))
            xtensa = architecture == "xtensawin"
            started[architecture] = XtensaCore(mpy, program("qemu-system-xtensa")) if xtensa else UnicornCore(mpy)
        return started[architecture]

    yield start
    if "xtensawin" in started:
        started["xtensawin"].close()
