"""The offline base map that pages draw on, as it was found at the start."""

import pathlib
from dataclasses import dataclass

ADDRESS = "/map/city.pmtiles"
"""Where the browser asks for its ranges."""


@dataclass(frozen=True, slots=True)
class BaseMap:
    """path : None where there is none that can be used, and `why` says so in words; "" where nobody asked for one.
    attribution : who must be named beside it."""

    path: pathlib.Path | None = None
    why: str = ""
    attribution: str = ""


NO_BASE_MAP = BaseMap()
