"""Arrays of a weights file (.npz), nothing pickled, whatever bytes it holds."""

import io
import zipfile
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

UNFIT = OSError, EOFError, KeyError, TypeError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error
"""What reading an .npz of hostile bytes was seen to raise."""


def arrays(content: bytes, most_bytes: int) -> dict[str, NDArray[Any]]:
    """By name. Raises ValueError in a line for what is none, or would take more than so many bytes."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(info.file_size for info in archive.infolist()) > most_bytes:
                raise ValueError(f"larger than {most_bytes} bytes")
        with np.load(io.BytesIO(content), allow_pickle=False) as kept:
            return {name: kept[name] for name in kept.files}
    except UNFIT as error:
        raise ValueError(f"not a weights file ({error})") from error
