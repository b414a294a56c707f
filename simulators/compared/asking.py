"""A peer asked about many files, and what it said kept: the same file is never listened to twice."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hw.linux.audio_file import read_audio
from simulators.compared.peer import Heard, Peer, heard, listen
from simulators.recordings.progress import watched
from simulators.training.examples import SEED, led

KEPT = Path("out/peers")  # where `make peers` keeps answers, from the folder that it is run in
Answers = dict[str, list[float]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A file, of which the first channel is heard; led : behind a moment of quiet, as we hear it ourselves."""

    path: Path
    led: bool


def ask_all(peer: Peer, sounds: Sequence[Asked], kept: Path | None = None) -> list[Heard]:
    """What the peer says of each, in their order. kept : the folder of what it said before, which then has all of it.

    Raises OSError or ValueError, naming the file, where one cannot be read, and OSError where the peer fails; what was
    said until then is kept."""
    before = {} if kept is None else _read(_file(kept, peer))
    said = dict(before)
    try:
        return [_of_one(peer, sound, said) for sound in watched(sounds, len(sounds), f"asking {peer.name}")]
    finally:
        if kept is not None and len(said) > len(before):
            _write(_file(kept, peer), said)


def _of_one(peer: Peer, sound: Asked, said: Answers) -> Heard:
    key = hashlib.sha256(sound.path.read_bytes()).hexdigest() + (" led" if sound.led else "")
    if key not in said:
        samples, rate_hz = read_audio(sound.path)
        mono = samples[:, 0]
        if sound.led:
            mono = led(np.random.default_rng(SEED), mono, rate_hz)
        said[key] = [round(float(p), 6) for p in listen(peer, mono, rate_hz).p]
    return heard(peer, np.array(said[key], np.float32))


def _file(folder: Path, peer: Peer) -> Path:
    """Another net, or other windows, is another file."""
    return folder / f"{peer.name.split()[0].lower()}-{peer.sha256[:12]}-{peer.hop}.json"


def _read(path: Path) -> Answers:
    """What is kept; nothing of a file that is not there or spoilt: it is all asked anew then."""
    try:
        table = json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    if not isinstance(table, dict):
        return {}
    return {key: said for key, said in table.items() if isinstance(said, list) and said and all(map(_is_p, said))}


def _is_p(number: object) -> bool:
    return isinstance(number, int | float) and 0 <= number <= 1


def _write(path: Path, said: Answers) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.part")
    try:
        unfinished.write_text(json.dumps(said), "utf-8")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
