"""What a sample costs on a board, in instructions; and that the loops leave the heap alone."""

from array import array

import numpy as np
import pytest

from dsp.fixed.detector import Detector
from dsp.hearing import fixed_reference
from simulators.emulators import unix_port
from simulators.emulators.core import CountingKernel

MOST = 250
WITHOUT_HEAP = """
import micropython
from array import array
from dsp.fixed import kernel
from dsp.fixed.detector import Detector
class Locked:
    floor, again, cut = kernel.floor, kernel.again, kernel.cut
    measure, loud, differ = kernel.measure, kernel.loud, kernel.differ
    def hear(i, stop, raw, cells, samples, state):
        micropython.heap_lock()
        kernel.hear(i, stop, raw, cells, samples, state)
        micropython.heap_unlock()
    def weigh(state, cells, weighed):
        micropython.heap_lock()
        cell = kernel.weigh(state, cells, weighed)
        micropython.heap_unlock()
        return cell
detector, x, found = Detector(48_000, Locked), 1, []
block = array("i", range(960))
for n in range(50):
    for i in range(960):
        x = (x * 1103515245 + 12345) & 0x7FFFFFFF
        block[i] = ((x >> 8) - (1 << 22)) << (5 if n == 30 else 0)
    found.extend(detector.feed(block))
print("heard", len(found))
"""


@pytest.mark.parametrize("architecture", ["armv7emsp", "rv32imc", "xtensawin"])
def test_a_sample_takes_at_most_250_instructions(core, architecture, capsys):
    told = []
    for rate_hz in (8_000, 12_000, 16_000, 48_000):
        n = rate_hz // 10
        words = fixed_reference.words_of(np.random.default_rng(1).standard_normal(n) * 1e-2)
        kernel = CountingKernel(core(architecture))
        Detector(rate_hz, kernel).feed(array("i", words.tobytes()))
        told.append((rate_hz, kernel.instructions / n))
    with capsys.disabled():
        print(f"\n{architecture}:", ", ".join(f"{each:.0f} instructions/sample at {hz} Hz" for hz, each in told))

    assert max(each for _, each in told) <= MOST


def test_the_loops_over_samples_and_cells_do_without_the_heap(micropython):
    assert unix_port.run(micropython, WITHOUT_HEAP) == "heard 1\n"
