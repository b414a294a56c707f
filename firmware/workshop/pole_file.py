"""n17.toml: what a technician is told of one board, checked whole before the board is touched.

    EXAMPLE, below; xyz_m is where its microphone hangs: metres east, north, up, as in gateway.toml

rate_hz, delay_frames_q8, clips and [pins] may stand there as in node.json (firmware/board/config.py). Files named in
it are looked for beside it. Nothing of a key gets into a message.
"""

import hashlib
import json
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from firmware.board import config as board_config
from firmware.linux.config import read_key, read_password
from firmware.workshop.chips import ARCHITECTURES
from hw.linux.settings import nearest

EXAMPLE = """
node = "n17"
chip = "esp32s3"
xyz_m = [12.0, 40.5, 6.2]
key_file = "keys/n17.key"
update_key_file = "fleet/fleet.key"
uplink = { kind = "serial", baud = 115200 }
""".lstrip()
"""chip may be rp2350; uplink may be "mqtt", with host, network, broker_key_file and network_key_file."""
NEED = ("node", "chip", "xyz_m", "key_file", "update_key_file", "uplink")
MAY = ("rate_hz", "delay_frames_q8", "clips", "pins")
FARTHEST_M = 100_000.0


@dataclass(frozen=True, slots=True)
class Pole:
    """node, chip : as in node.json. files : path on the flash -> bytes, keys among them: never print one.

    update_key : 32 bytes. fingerprint : of the node's key, as `soundpost keys list` has it.
    """

    node: str
    chip: str
    files: dict[str, bytes]
    update_key: bytes
    fingerprint: str

    def __repr__(self) -> str:
        return f"Pole({self.node})"


def read(path: Path) -> Pole:
    """Raises ValueError or OSError of one line that begins with the path."""
    table = _table(path)
    uplink, secrets = _uplink(table["uplink"], path)
    document = {name: value for name, value in table.items() if name in ("node", "chip", *MAY)} | {"uplink": uplink}
    try:
        config = board_config.read(document, tuple(ARCHITECTURES))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    key, update_key = (read_key(_file(table, name, path)) for name in ("key_file", "update_key_file"))
    if key == update_key:
        raise ValueError(f"{path}: key_file and update_key_file hold the same key; each must be its own")
    files = secrets | {
        "/node.json": json.dumps(document, sort_keys=True).encode(),
        "/pole.json": json.dumps({"node": config.node, "xyz_m": _xyz_m(table["xyz_m"], path)}).encode(),
        "/node.key": key.hex().encode(),
        "/update.key": update_key.hex().encode(),
    }
    return Pole(config.node, config.chip, files, update_key, hashlib.sha256(key).hexdigest()[:8])


def _table(path: Path) -> dict[str, object]:
    """The file's table, with all that it needs and nothing unknown."""
    try:
        table = tomllib.loads(path.read_text("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: is no TOML ({error})") from None
    _check_names(table, NEED, MAY, "", path)
    return table


def _check_names(table: Mapping[str, object], need: Sequence[str], may: Sequence[str], of: str, path: Path) -> None:
    """Every key that is missing or unknown, in one line."""
    faults = [f"{of}{name}: is missing" for name in need if name not in table]
    faults += [f"{of}{name}: unknown key{nearest(name, (*need, *may))}" for name in table if name not in (*need, *may)]
    if faults:
        raise ValueError(f"{path}: {'; '.join(faults)}")


def _xyz_m(value: object, path: Path) -> list[float]:
    if isinstance(value, list) and len(value) == 3 and all(_is_near(each) for each in value):
        return [float(each) for each in value]
    raise ValueError(f"{path}: xyz_m must be three numbers, metres east, north and up, -100000 to 100000")


def _is_near(value: object) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value) and abs(value) <= FARTHEST_M  # type: ignore[arg-type]


def _uplink(table: object, path: Path) -> tuple[dict[str, object], dict[str, bytes]]:
    """The table as node.json has it, and the files of its secrets."""
    if not isinstance(table, dict) or table.get("kind") not in ("serial", "mqtt"):
        raise ValueError(f"{path}: uplink.kind must be serial or mqtt")
    names = ("kind", "baud") if table["kind"] == "serial" else ("kind", "host", "port", "network")
    files = () if table["kind"] == "serial" else ("broker_key_file", "network_key_file")
    _check_names(table, ("kind",), (*names, *files), "uplink.", path)
    secrets = {}
    if table["kind"] == "mqtt":
        secrets["/broker.key"] = read_key(_file(table, "broker_key_file", path)).hex().encode()
        if "network" in table:
            secrets["/network.key"] = read_password(_file(table, "network_key_file", path)).encode()
    return {name: value for name, value in table.items() if name in names}, secrets


def _file(table: dict[str, object], name: str, path: Path) -> Path:
    value = table.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{path}: {name} must name a file")
    return path.parent / value
