"""The real MicroPython interpreter's unix port: runs our portable files as they are, viper as x64 code.

Its words have 64 bits, a board's have 32. Its tracebacks come on standard output (notes/micropython.md section 2.1).
"""

import ast
import subprocess
from array import array
from collections.abc import Sequence
from pathlib import Path

from dsp.fixed.detector import Onset

ROOT = Path(__file__).parents[2]
LIMIT_S = 60
LISTEN = """
import binascii
import hashlib
import sys
from array import array
from dsp.fixed import kernel
from dsp.fixed.detector import Detector
class Kernel:
    weigh, floor, again, cut = kernel.weigh, kernel.floor, kernel.again, kernel.cut
    measure, loud, differ = kernel.measure, kernel.loud, kernel.differ
    def hear(*arguments):
        kernel.hear(*arguments)
        for ring in arguments[2:4]:
            digest.update(ring)
words, plan, rate_hz = sys.argv[1:]
digest = hashlib.sha256()
detector = Detector(int(rate_hz), Kernel)
found = []
with open(words, "rb") as sound:
    for n, lost in eval(open(plan).read()):
        block = array("i", sound.read(4 * n))
        found.extend(detector.skip(n) if lost else detector.feed(block))
heard, digest = digest.digest(), hashlib.sha256()
for onset in found + detector.flush():
    print(tuple(onset))
print(binascii.hexlify(heard).decode())
"""

LISTEN_TO_EACH = """
import sys
from array import array
from dsp.fixed import kernel
from dsp.fixed.detector import Detector
words, lengths, rate_hz = sys.argv[1:]
with open(words, "rb") as sound:
    for n in eval(open(lengths).read()):
        detector, found = Detector(int(rate_hz), kernel), []
        while n:
            block = array("i", sound.read(4 * min(n, 16000)))
            n -= len(block)
            found.extend(detector.feed(block))
        print([tuple(onset)[:-1] for onset in found + detector.flush()])
"""


def run(interpreter: str, script: str, arguments: Sequence[object] = (), heap: str = "8m") -> str:
    """What a script prints; our rooms can be imported. Raises RuntimeError with that, where it ends badly."""
    done = subprocess.run(
        [interpreter, "-X", f"heapsize={heap}", "-c", script, *map(str, arguments)],
        env={"MICROPYPATH": f"{ROOT}:.frozen"}, capture_output=True, text=True, timeout=LIMIT_S, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    return done.stdout


def onsets(
    interpreter: str, folder: Path, words: "array[int]", rate_hz: int, plan: Sequence[tuple[int, bool]]
) -> tuple[list[Onset], str]:
    """What the integer detector hears under MicroPython, and `core.CompiledKernel.digest` before the end.

    folder : for its files. plan : samples at a time, and if lost.
    """
    sound, steps = folder / "words.bin", folder / "plan.txt"
    sound.write_bytes(words.tobytes())
    steps.write_text(repr(list(plan)))
    told = run(interpreter, LISTEN, (sound, steps, rate_hz))
    *lines, digest = told.splitlines()
    return [Onset(*ast.literal_eval(line)) for line in lines], digest


def onsets_of_each(interpreter: str, folder: Path, sounds: "Sequence[array[int]]", rate_hz: int) -> list[list[Onset]]:
    """What the integer detector hears in each of some sounds, under MicroPython; without their clips.

    folder : for its files. Raises as `run`.
    """
    path, lengths = folder / "words.bin", folder / "lengths.txt"
    path.write_bytes(b"".join(sound.tobytes() for sound in sounds))
    lengths.write_text(repr(list(map(len, sounds))))
    told = run(interpreter, LISTEN_TO_EACH, (path, lengths, rate_hz))
    return [[Onset(*(*each, None)) for each in ast.literal_eval(line)] for line in told.splitlines()]


def blocks(n_samples: int, each: int) -> list[tuple[int, bool]]:
    """A plan of equal blocks, none lost."""
    return [(min(each, n_samples - first), False) for first in range(0, n_samples, each)]
