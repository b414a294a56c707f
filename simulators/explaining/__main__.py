"""`python -m simulators.explaining`: draws docs/pictures/ anew, as they would be today."""

from collections.abc import Callable, Mapping

from simulators.explaining import ellipses, leaving, placing, running, waiting
from simulators.explaining.worked import DOCS

FOLDER = DOCS / "pictures"
PICTURES: Mapping[str, Callable[[], str]] = {
    "placing.svg": placing.drawing,
    "ellipses.svg": ellipses.drawing,
    "leaving.svg": leaving.drawing,
    "one-shot-in-time.svg": waiting.drawing,
    "running-street.svg": running.drawing,
}

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, drawing in PICTURES.items():
        (FOLDER / name).write_text(drawing())
