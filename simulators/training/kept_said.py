"""What voices said of a part that they never heard, kept in a file: to train them takes half an hour in all, and what
is stopped goes on where it was.

A file's name is the SHA-256 of all that the answer hangs on: what was learnt, what was asked, and the text of the code
that learns. So no answer is ever taken for another's; the folder may be deleted at any time.
"""

import hashlib
import os
import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dsp.hearing import net, patch, trees
from simulators.training import boosting, folds

Floats = NDArray[np.float64]
Said = tuple[Floats, Floats]

KEPT = Path("out/left_out")
NETS = ("net_training.py", "nets.py")  # beside this file; torch, which they import, may not be there


def name_of(arrays: Iterable[NDArray[np.generic]]) -> str:
    """Of what a task holds, in order."""
    digest = hashlib.sha256()
    for path in (
        *(each.__file__ for each in (boosting, folds, net, patch, trees)),
        *map(Path(__file__).with_name, NETS),
    ):
        digest.update(Path(str(path)).read_bytes())
    for each in arrays:
        digest.update(f"{each.dtype.str} {each.shape} ".encode())
        digest.update(np.ascontiguousarray(each).data)
    return digest.hexdigest()


def read_said(path: Path) -> Said | None:
    """None where nothing is kept, or it cannot be read."""
    try:
        with np.load(path, allow_pickle=False) as kept:
            return kept["trees"], kept["nets"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def keep_said(path: Path, said: Said) -> None:
    """Whole or not at all. OSError where it cannot be written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.stem}.{os.getpid()}.part")
    try:
        with unfinished.open("wb") as file:
            np.savez_compressed(file, trees=said[0], nets=said[1])
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
