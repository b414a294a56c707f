"""Words in a picture, by rapidocr: read here, with nothing sent anywhere. The one file that knows it.

rapidocr is the extra `lpr` (pyproject.toml): Apache-2.0, its weights (PP-OCR, Apache-2.0) in its wheel; onnxruntime
(MIT) runs them. It was made for documents, not for plates at night: what it takes for one is a hint.
"""

import contextlib
import importlib
import io
import logging
from typing import Any

Word = tuple[str, float]
"""(text, confidence from 0 to 1)."""


class PlateOcr:
    """Raises OSError where rapidocr is not installed."""

    def __init__(self) -> None:
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                self._engine: Any = importlib.import_module("rapidocr").RapidOCR()
        except ModuleNotFoundError as error:
            raise OSError("reading plates needs the extra `lpr`: pip install -e '.[lpr]'") from error
        logging.getLogger("RapidOCR").setLevel(logging.ERROR)  # it would tell of every picture, and what it read

    def read(self, jpeg: bytes) -> list[Word]:
        """All words that it finds; takes half a second of a core. Raises OSError for what is no picture."""
        try:
            found = self._engine(jpeg)
        except Exception as error:  # of whatever class the library or those under it have
            raise OSError(f"the picture cannot be read ({type(error).__name__})") from error
        return [(str(text), float(sure)) for text, sure in zip(found.txts or (), found.scores or (), strict=True)]
