"""What this process asks of the journal, and of the gateway through it; gateway/assembly/web_journal.py has it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from gateway.web.records import Sound


class Refused(ValueError):
    """The gateway does not take what is asked; in words why."""


@dataclass(frozen=True, slots=True)
class ArrivalSaid:
    """An onset as its node told it (firmware/wire.py, Arrival). cdb : hundredths of a dB."""

    t_us: int
    sigma_us: int
    clock: int
    level_cdb: int
    level_unit: int
    snr_cdb: int
    p_permille: int
    sound: int


@dataclass(frozen=True, slots=True)
class HealthWord:
    """What a node told of itself (firmware/wire.py, Health). more : counts that are shown as they are."""

    t_us: int
    sigma_us: int
    clock: int
    queued: int
    temperature_cc: int | None
    noise_cdb: int | None
    more: Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the journal. node, said : of a frame, where it can be read; body : of all others, "" of a frame."""

    number: int
    kind: str
    at_us: int
    body: str
    hash: bytes
    node: str = ""
    said: ArrivalSaid | HealthWord | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """What a look found: the next rows behind number and hash, the journal's newest number, and whether it is another
    journal than the one that was read. said : what is not as it should be, in words."""

    number: int
    hash: bytes
    rows: Sequence[Row]
    newest: int
    is_another: bool
    said: Sequence[str]


class Journal(Protocol):
    """All of it blocks. Raises OSError or ValueError naming the file, where it cannot be read."""

    def look(self, number: int, hash_: bytes, most: int, others: Sequence[tuple[int, bytes]] = ()) -> Look:
        """What lies behind the row of this number and hash; behind nothing, where the journal lacks it. others :
        earlier rows, the newest first: they speak for one that was pruned."""
        ...

    def wait(self) -> bool:
        """Until rows have come, perhaps. Comes back: whether a gateway rings there."""
        ...

    def sounds(self, frames: Sequence[int]) -> Mapping[int, Sound]:
        """The 20 ms that came with these rows, as far as they have them."""
        ...

    def ask_review(self, body: Mapping[str, str]) -> str:
        """The gateway's word that it took it, its nonce. Raises Refused, or OSError where no gateway answers."""
        ...
