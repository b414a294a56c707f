"""Which peers are here to be asked, and why others are not."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from firmware.linux.ear_files import WIDE_EAR, wide_ear
from simulators.compared import birdnet, yamnet
from simulators.compared.peer import Peer
from simulators.training.scoreboard import Figure

PLACE = Path(sys.prefix) / ".peers"  # `make peers` puts it into the environment that this runs in


@dataclass(frozen=True, slots=True)
class Installed:
    """missing : a line of each that is not here, and why."""

    peers: tuple[Peer, ...]
    missing: tuple[Figure, ...]


@contextmanager
def installed(place: Path = PLACE, ear_file: Path = WIDE_EAR) -> Iterator[Installed]:
    """Those that are here, to be asked as long as the context lasts."""
    peers, missing = [], []
    with ExitStack() as open_ones:
        try:
            ear = wide_ear(ear_file)
            if ear is None:
                raise FileNotFoundError
            peers.append(yamnet.yamnet(ear))
        except (OSError, ValueError) as error:
            missing.append(_missing(yamnet.NAME, error, "make ear"))
        try:
            peers.append(open_ones.enter_context(closing(birdnet.BirdNet(place))).peer())
        except (OSError, ValueError) as error:
            missing.append(_missing(birdnet.NAME, error, "make peers"))
        yield Installed(tuple(peers), tuple(missing))


def _missing(name: str, error: Exception, command: str) -> Figure:
    why = "it is not installed here" if isinstance(error, FileNotFoundError) else str(error)
    return Figure(name, f"not asked: {why} ({command})")
