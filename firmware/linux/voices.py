"""The voices that judge an impulse on a Linux machine: the nets' weights and the wide ear's, each a file beside
this."""

from functools import cache
from pathlib import Path

from dsp.hearing.judge import Judge
from dsp.hearing.verdict import Verdict
from firmware.linux.ear_files import WIDE_EAR, wide_ear

WITHOUT = "the first look alone is used"
VERDICT = Path(__file__).with_name("gunshot_net.npz")


def read_verdict(path: Path = VERDICT) -> Verdict:
    """The verdict of a file. Raises OSError, or ValueError that names the file, in a line."""
    try:
        return Verdict.from_bytes(path.read_bytes())
    except OSError as error:
        raise OSError(f"{path}: {error.strerror}; {WITHOUT}") from error
    except ValueError as error:
        raise ValueError(f"{path}: {error}; {WITHOUT}") from error


@cache
def voices(verdict: Path = VERDICT, ear: Path = WIDE_EAR) -> tuple[Judge, tuple[str, ...]]:
    """The judge of this installation, and of each voice that is not fit a line that says so: it does without."""
    try:
        known = read_verdict(verdict)
    except (OSError, ValueError) as error:
        return Judge(), (str(error),)
    try:
        return Judge(known, wide_ear(ear)), ()
    except (OSError, ValueError) as error:
        return Judge(known), (str(error),)


def judge() -> Judge:
    """That of this installation."""
    return voices()[0]
