"""The wide ear's weights on a Linux machine: beside this file, where `make ear` puts them. A node does without them."""

from pathlib import Path

from dsp.hearing.wide_ear import YAMNET, Layout, WideEar

WIDE_EAR = Path(__file__).with_name("wide_ear.npz")


def wide_ear(path: Path = WIDE_EAR, layout: Layout = YAMNET) -> WideEar | None:
    """The wide ear; None where there is no such file. Raises OSError where it cannot be read, and ValueError that names
    file and reason in a line where it does not fit."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        return WideEar.from_bytes(content, layout)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
