"""How releases of the firmware come to boards: one board at a time, and no further when one of them went back. Pure.

The gateway only carries an image; what it says is proven by the board, under a key that the gateway has not. It asks a
node where it stands with a release (wire.Update); the node answers (wire.Progress): it wants the part at an offset, has
all, is on trial, stays with it, went back, or refuses it. Whatever was lost is asked for again, and both ends may start
anew in between: how much is there, the node knows, and what became of it, the journal.

A release that a node went back from, or found damaged, is offered to nobody any more, nor is one whose node did not
come back; the next release has a higher sequence. A node that says nothing (it may be none that takes updates) or that
cannot take it now is asked again RETRY_US later. A node on its trial is waited for, TRIAL_US at most.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from firmware import wire
from gateway.incident import Tell, Updated

ASK_AGAIN_US = 5_000_000
SILENT_US = 60_000_000
RETRY_US = 3_600_000_000
TRIAL_US = 1_800_000_000
"""firmware/trial.py gives a version 15 minutes, after up to three starts by the watchdog; chosen: twice that."""
FAULTS = ("size", "shape", "mac", "schema", "file")
"""Refusals that no other node would decide otherwise."""
PASSING = ("busy", "flash", "silent")
"""What may be otherwise later."""


@dataclass(frozen=True, slots=True)
class Release:
    """An image (firmware/update.py) and what its manifest says, which only a board can prove. name : for people."""

    name: str
    sequence: int
    class_id: bytes
    min_version: int
    sha256: bytes
    image: bytes = field(repr=False)


@dataclass(slots=True)
class Turn:
    """A node's turn. begun : whether it loads it. stage : the last that it said. heard_us, asked_us : when."""

    node: str
    release: Release
    since_us: int
    asked_us: int
    heard_us: int | None = None
    stage: str = ""


class Rollout:
    """seal : the frame that says a record to a node. known : what an earlier run journaled, oldest first."""

    def __init__(self, seal: Callable[[str, tuple[Any, ...]], bytes], known: Iterable[Updated] = ()) -> None:
        self._seal = seal
        self._releases: list[Release] = []
        self._nodes: dict[str, None] = {}
        self._not_before_us: dict[tuple[str, bytes], int | None] = {}
        self._stopped: set[bytes] = set()
        self._turn: Turn | None = None
        for each in known:
            self._remember(each)

    def offer(self, releases: Iterable[Release]) -> None:
        """The releases that there are now. One under way that is not among them goes no further."""
        self._releases = sorted(releases, key=lambda release: -release.sequence)
        if self._turn is not None and self._turn.release not in self._releases:
            self._turn = None

    def heard(self, node: str) -> None:
        """This node is there."""
        self._nodes[node] = None

    def forget(self, node: str) -> None:
        """This node is not spoken to any more."""
        self._nodes.pop(node, None)
        if self._turn is not None and self._turn.node == node:
            self._turn = None

    def feed(self, node: str, said: wire.Progress, now_us: int) -> list[Tell | Updated]:
        """Where a node stands."""
        turn = self._turn
        if turn is None or (node, said.sequence) != (turn.node, turn.release.sequence):
            return []
        turn.heard_us = now_us
        stage = wire.STAGES[said.stage]
        begun, turn.stage = stage != turn.stage, stage
        if stage in ("wants", "whole", "trial"):
            told: list[Tell | Updated] = [self._told(turn, stage, now_us)] if begun else []
            turn.since_us = now_us if begun else turn.since_us
            return [*told, *self._part(turn, said.offset, now_us)] if stage == "wants" else told
        return self._end(turn, stage, now_us)

    def tick(self, now_us: int) -> list[Tell | Updated]:
        """What the passing of time asks for."""
        if self._turn is None:
            self._turn = self._next(now_us)
            return [] if self._turn is None else [self._ask(self._turn, now_us)]
        turn = self._turn
        silent_us = now_us - (turn.heard_us or turn.since_us)
        if turn.stage in ("whole", "trial"):
            if now_us - turn.since_us > TRIAL_US:
                return self._end(turn, "lost", now_us)
        elif silent_us > SILENT_US:
            return self._end(turn, "silent", now_us)
        return [self._ask(turn, now_us)] if now_us - max(turn.asked_us, turn.heard_us or 0) >= ASK_AGAIN_US else []

    def shift(self, by_us: int) -> None:
        """The clock was set by so much."""
        if self._turn is not None:
            turn = self._turn
            turn.since_us, turn.asked_us = turn.since_us + by_us, turn.asked_us + by_us
            turn.heard_us = None if turn.heard_us is None else turn.heard_us + by_us
        due_us = self._not_before_us
        self._not_before_us = {key: None if at_us is None else at_us + by_us for key, at_us in due_us.items()}

    def _next(self, now_us: int) -> Turn | None:
        for release in self._releases:
            for node in self._nodes:
                due_us = self._not_before_us.get((node, release.sha256), 0)
                if release.sha256 not in self._stopped and due_us is not None and now_us >= due_us:
                    return Turn(node, release, now_us, now_us)
        return None

    def _ask(self, turn: Turn, now_us: int) -> Tell:
        release, turn.asked_us = turn.release, now_us
        size = len(release.image)
        offer = wire.Update(release.sequence, release.class_id, release.sha256, size, release.min_version)
        return Tell(turn.node, self._seal(turn.node, offer))

    def _part(self, turn: Turn, offset: int, now_us: int) -> list[Tell | Updated]:
        part = turn.release.image[offset : offset + wire.MAX_PART]
        if not part:
            return []
        turn.asked_us = now_us
        return [Tell(turn.node, self._seal(turn.node, wire.Part(turn.release.sequence, offset, part)))]

    def _end(self, turn: Turn, stage: str, now_us: int) -> list[Tell | Updated]:
        """A turn is over."""
        self._turn = None
        updated = self._told(turn, stage, now_us)
        self._remember(updated)
        quiet = stage in ("class", "downgrade") or (stage == "silent" and turn.heard_us is None)
        return [] if quiet else [updated]

    def _told(self, turn: Turn, stage: str, now_us: int) -> Updated:
        stops = stage in ("rolled back", "lost", *FAULTS)
        return Updated(turn.node, turn.release.name, turn.release.sequence, turn.release.sha256, stage, stops, now_us)

    def _remember(self, updated: Updated) -> None:
        if updated.stops:
            self._stopped.add(updated.sha256)
        if updated.stage not in ("wants", "whole", "trial"):
            due_us = updated.at_us + RETRY_US if updated.stage in PASSING else None
            self._not_before_us[updated.node, updated.sha256] = due_us
