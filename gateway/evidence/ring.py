"""The last seconds of one camera, encoded, in memory only: what was before a shot. Pure.

Pictures hang on each other from one key picture to the next, a group; so whole groups come and go. The ring holds the
groups that reach back `keep_us`, within `most_bytes`. Where the camera begins anew (its resolution changed, its
connection broke) a group has another layout or a later run, and never shares a clip with what was before.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from hw.rtsp_video import Picture

FRAMES_APART_US = 5_000_000
"""Pictures of one run are no farther apart."""


@dataclass(slots=True)
class Group:
    """Pictures from a key one on. run : grows each time that they cannot be of one clip with those before."""

    run: int
    pictures: list[Picture] = field(default_factory=list)
    size: int = 0

    @property
    def first_us(self) -> int:
        """When its key picture came."""
        return self.pictures[0].at_us

    @property
    def last_us(self) -> int:
        """When its newest one did."""
        return self.pictures[-1].at_us


class Ring:
    """keep_us : how far back it reaches. most_bytes : all that it may hold. dropped : pictures that came before any key
    one, or whose group outgrew the ring; they are of no use."""

    def __init__(self, keep_us: int, most_bytes: int) -> None:
        self.dropped = 0
        self.short = 0
        self.last_key_us: int | None = None
        self._keep_us, self._most_bytes = keep_us, most_bytes
        self._groups: deque[Group] = deque()
        self._size = 0
        self._run = 0
        self._may_go_on = False

    def feed(self, picture: Picture) -> None:
        """The next picture. Where one is older than the last by more than slowness the clock was set: what was before
        cannot be used."""
        if self._groups and picture.at_us < self._groups[-1].last_us - FRAMES_APART_US:
            self._groups.clear()
            self._size = 0
            self.cut()
        if picture.is_key:
            self._begin(picture)
        elif not self._may_go_on or picture.at_us - self._groups[-1].last_us > FRAMES_APART_US:
            self._may_go_on = False
            self.dropped += 1
            return
        group = self._groups[-1]
        group.pictures.append(picture)
        group.size += picture.size
        self._size += picture.size
        self._let_go(picture.at_us)

    def cut(self) -> None:
        """The connection broke: what comes next is another run."""
        self._may_go_on = False

    def since(self, from_us: int) -> Iterator[tuple[int, Sequence[Picture]]]:
        """(run, pictures) of each group, from the one that has the picture of from_us on."""
        groups = list(self._groups)
        for index, group in enumerate(groups):
            if index + 1 == len(groups) or groups[index + 1].first_us > from_us:
                yield group.run, tuple(group.pictures)

    def newest_key(self) -> Picture | None:
        """The last picture that can be decoded alone."""
        return self._groups[-1].pictures[0] if self._groups else None

    def span_us(self) -> int:
        """How far back it reaches now."""
        return self._groups[-1].last_us - self._groups[0].first_us if self._groups else 0

    def _begin(self, key: Picture) -> None:
        goes_on = (
            self._may_go_on
            and self._groups[-1].pictures[0].layout == key.layout
            and key.at_us - self._groups[-1].last_us <= FRAMES_APART_US
        )
        self._run += not goes_on
        self._groups.append(Group(self._run))
        self._may_go_on, self.last_key_us = True, key.at_us

    def _let_go(self, now_us: int) -> None:
        while len(self._groups) > 1 and self._groups[1].first_us <= now_us - self._keep_us:
            self._size -= self._groups.popleft().size
        while self._size > self._most_bytes and self._groups:
            gone = self._groups.popleft()
            self._size -= gone.size
            self.short += 1
            if not self._groups:
                self.dropped += len(gone.pictures)
                self._may_go_on = False
