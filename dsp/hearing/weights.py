"""Arrays of a weights file (.npz), nothing pickled, whatever bytes it holds."""

import io
import zipfile
from typing import Any

import numpy as np
from numpy.typing import NDArray


def arrays(content: bytes, most_bytes: int) -> dict[str, NDArray[Any]]:
    """By name. Raises ValueError in a line for what is none, or would take more than so many bytes."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(info.file_size for info in archive.infolist()) > most_bytes:
                raise ValueError(f"larger than {most_bytes} bytes")
        with np.load(io.BytesIO(content), allow_pickle=False) as kept:
            found = {name: kept[name] for name in kept.files}
        strange = [name for name, values in found.items() if not isinstance(values, np.ndarray)]
        if strange:
            raise ValueError(f"{strange[0]!r} is no array")
        return found
    except Exception as error:  # numpy, zipfile and what they call raise a dozen kinds, MemoryError among them
        raise ValueError(f"not a weights file ({' '.join(str(error).split()) or type(error).__name__})") from error
