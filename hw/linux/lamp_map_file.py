"""Register maps of lamp boards, from TOML: those of hw/lamp_maps/ by name, others by the path of their file."""

import json
import pathlib

from pydantic import ValidationError

from hw.lamp_map import PLAIN, LampMap
from hw.linux.settings import all_faults, nearest, read_toml

FOLDER = pathlib.Path(__file__).parent.parent / "lamp_maps"


def known_maps() -> list[str]:
    """The names of the maps that come with the program."""
    return sorted(["plain", *(path.stem for path in FOLDER.glob("*.toml"))])


def lamp_map(name: str, folder: pathlib.Path) -> LampMap:
    """A map by its name, or a file FILE.toml beside the config. Raises ValueError of one line naming the file and all
    that is wrong in it, or OSError where it cannot be read."""
    if name == "plain":
        return PLAIN
    if name.endswith(".toml"):
        return read_lamp_map(folder / name)
    if name not in known_maps():
        raise ValueError(
            f"lamp_bank.map {name!r}: no such map{nearest(name, known_maps())}; a file's name ends in .toml"
        )
    return read_lamp_map(FOLDER / f"{name}.toml")


def read_lamp_map(path: pathlib.Path) -> LampMap:
    """Read and check a map. Raises as `lamp_map` does."""
    document = read_toml(path)
    try:
        return LampMap.model_validate_json(json.dumps(document, default=str))
    except ValidationError as error:
        raise ValueError(f"{path}: {all_faults(error, LampMap, document)}") from None
