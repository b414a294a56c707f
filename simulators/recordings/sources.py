"""Opens whatever a test engineer has: looks at a path, sees what kind it is, and gives its recordings one by one."""

from collections.abc import Callable, Iterator
from pathlib import Path

from simulators.recordings.forensic import is_incident, read_incident
from simulators.recordings.livefire import is_test, read_test
from simulators.recordings.nodes_file import nodes_file_of, read_nodes
from simulators.recordings.recording import FOREIGN, Recording, name_of
from simulators.street.scenario import read_scenario
from simulators.street.scene import record
from simulators.tables import read_toml

SOUND = (".wav", ".flac", ".ogg")
LOOKED_FOR = (
    "a live-fire test (NAME.allpulses.json or NAME.audio.SERIAL.json), WAVs with an smj0 chunk, "
    "a nodes file (nodes.toml or nodes.json) or a scenario .toml"
)


def is_sound(path: Path) -> bool:
    """Whether a file is named like a sound, and is not what another system keeps of one beside it (`._street.wav`)."""
    return path.suffix.lower() in SOUND and not path.name.startswith(FOREIGN)


def open_source(path: Path) -> Iterator[Recording]:
    """The recordings of a folder, of any folder below it, or of one file; sounds are read only when asked for.

    Raises OSError where the path is not there, ValueError in one line where it holds nothing that is known, and either,
    naming the file, when the iterator comes to a recording that is at fault.
    """
    path.stat()
    readers = list(_in_tree(path)) if path.is_dir() else [_of_file(path)]
    if not readers:
        raise ValueError(f"{path}: found no recordings; looked for {LOOKED_FOR}")
    return (read() for read in readers)


def _in_tree(top: Path) -> Iterator[Callable[[], Recording]]:
    folders = sorted(path for path in top.rglob("*") if path.is_dir() and not path.is_symlink())
    for folder in (top, *folders):
        nodes_file = nodes_file_of(folder)
        if is_test(folder):
            yield _reader(read_test, folder)
        elif nodes_file is not None:
            yield _reader(read_nodes, nodes_file)
        elif is_incident(folder):
            yield _reader(read_incident, folder)


def _of_file(path: Path) -> Callable[[], Recording]:
    if path.suffix.lower() in SOUND:
        nodes_file = nodes_file_of(path)
        if nodes_file is None:
            raise ValueError(
                f"{path}: no nodes file beside it; looked for {path.stem}.nodes.toml and nodes.toml (or .json)"
            )
        return _reader(read_nodes, nodes_file)
    if path.suffix == ".json":
        return _reader(read_nodes, path)
    if path.suffix == ".toml":
        return _reader(_read_scene if "poles" in read_toml(path) else read_nodes, path)
    raise ValueError(f"{path}: not a kind that is known; looked for {LOOKED_FOR}")


def _read_scene(path: Path) -> Recording:
    return record(read_scenario(path), name_of(path.with_suffix("")))


def _reader(read: Callable[[Path], Recording], path: Path) -> Callable[[], Recording]:
    return lambda: read(path)
