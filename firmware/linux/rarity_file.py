"""Where a node keeps what is rare to it: one small file of its state folder, written seldom and whole or not at all."""

import os
import pathlib

import structlog

from firmware.linux.rarity import STATE_BYTES, Rarity

SAVE_S = 3600.0
log = structlog.get_logger(layer="firmware.node")


class RarityFile:
    """rarity : what an earlier run had learnt, or nothing yet, which the log says."""

    def __init__(self, state_dir: pathlib.Path) -> None:
        self.path = state_dir / "rarity.bin"
        self.rarity = self._read()
        self._failing = False

    def _read(self) -> Rarity:
        try:
            with self.path.open("rb") as file:
                return Rarity(file.read(STATE_BYTES + 1))
        except FileNotFoundError:
            log.info("what is rare here is not known yet", file=str(self.path))
        except (OSError, ValueError) as error:
            log.warning("what is rare here is learnt anew", file=str(self.path), why=str(error))
        return Rarity()

    def save(self) -> None:
        """To the disk; where that takes nothing the log says so once, and it is tried again next time."""
        part = self.path.with_name(self.path.name + ".new")
        try:
            with part.open("wb") as file:
                file.write(self.rarity.state())
                file.flush()
                os.fsync(file.fileno())
            part.replace(self.path)
        except OSError as error:
            if not self._failing:
                log.error("what is rare here is kept in memory only", why=str(error))
            self._failing = True
        else:
            self._failing = False
