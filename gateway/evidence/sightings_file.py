"""What was seen of each case goes to its folder: `sightings.json` and the plates' own pictures, as they grow.

What lies there of a run before this one, or of an earlier time of the case, stays in it. What the disk does not take
is tried again, also when the case's time is over; only what is not written at the end is lost.
"""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.evidence.shelf import Entry, Shelf
from gateway.evidence.sightings import Attached

WRITE_S = 3.0
MOST_WAITING = 16
"""Cases whose time is over and whose sightings no disk takes."""
SIGHTINGS = "sightings.json"
Records = Sequence[Mapping[str, Any]]


@dataclass(slots=True)
class _Written:
    """Of one case. before : what lay there. text : as it was written last. is_over : its time is; once it is written it
    is let go."""

    attached: Attached
    before: Records
    text: str = ""
    tried_s: float = field(default=float("-inf"))
    is_over: bool = False


class SightingsFile:
    """kept, lost : are told as of Recording. say : (of what, in words), once: what is not well, and is tried again."""

    def __init__(
        self,
        shelf: Shelf,
        kept: Callable[[str, Entry], None],
        lost: Callable[[str, str, str], None],
        say: Callable[[str, str], None],
    ) -> None:
        self._shelf, self._kept, self._lost, self._say = shelf, kept, lost, say
        self._written: dict[str, _Written] = {}

    async def write(self, now: Sequence[Attached], over: Sequence[Attached], now_s: float) -> None:
        """Where there is more than was written, and not too often. over : whose time is."""
        for attached in (*now, *over):
            await self._note(attached, is_over=attached in over)
        for incident, each in list(self._written.items()):
            if now_s - each.tried_s >= WRITE_S:
                each.tried_s = now_s
                await self._try(incident, each)
        waiting = [incident for incident, each in self._written.items() if each.is_over]
        for incident in waiting[:-MOST_WAITING]:
            del self._written[incident]
            self._lost(incident, SIGHTINGS, f"more than {MOST_WAITING} incidents' sightings waited to be written")

    async def finish(self) -> None:
        """A last time: what is not written now is lost."""
        for incident, each in list(self._written.items()):
            if why := await self._try(incident, each):
                self._lost(incident, SIGHTINGS, why)

    async def _note(self, attached: Attached, *, is_over: bool) -> None:
        incident = attached.case.incident
        known = self._written.get(incident)
        if known is None or known.attached is not attached:
            if not attached.seen:
                return
            before = await asyncio.to_thread(self._lying, incident) if known is None else _records(known)
            attached.shown += known.attached.shown if known is not None else ()
            known = self._written[incident] = _Written(attached, before)
        known.is_over = is_over

    async def _try(self, incident: str, each: _Written) -> str:
        """Why it is not written, or ""."""
        records = _records(each)
        text = json.dumps({"incident": incident, "sightings": records}, sort_keys=True)
        why = ""
        if text != each.text:
            entry = Entry(SIGHTINGS, "sightings", "", records[0]["first_us"], records[-1]["last_us"], "", 0, "")
            try:
                await self._put_pictures(each.attached)
                self._kept(incident, await asyncio.to_thread(self._shelf.put, incident, entry, text.encode()))
                each.text = text
            except (OSError, ValueError) as error:
                why = str(error)
                self._say("folder", f"the sightings of {incident} are written later: {error}")
        if each.is_over and not why:
            del self._written[incident]
        return why

    async def _put_pictures(self, attached: Attached) -> None:
        """The plates' own pictures, by their hash."""
        while attached.shown:
            shown = attached.shown[-1]
            name = f"plate-{shown.sha256[:16]}.jpg"
            entry = Entry(name, "picture", shown.reader, shown.at_us, shown.at_us, "", 0, "")
            kept = await asyncio.to_thread(self._shelf.put, attached.case.incident, entry, shown.picture)
            attached.shown.remove(shown)  # more may have come meanwhile
            self._kept(attached.case.incident, kept)

    def _lying(self, incident: str) -> Records:
        """What lies there already. One that does not open stays lost; that is said."""
        try:
            if SIGHTINGS not in self._shelf.about(incident).files:
                return ()
            found: Records = json.loads(b"".join(self._shelf.read(incident, SIGHTINGS)))["sightings"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            self._lost(incident, SIGHTINGS, f"what lay there cannot be read: {error}")
            return ()
        return found


def _records(written: _Written) -> list[dict[str, Any]]:
    """What lay there and what was seen since, in the order they were first seen; a plate of one reader once."""
    found: dict[object, dict[str, Any]] = {}
    for each in (*written.before, *written.attached.records()):
        key: object = (each["reader"], each["plate"]) if "plate" in each else object()  # objects are numbered anew
        found[key] = _joined(found[key], each) if key in found else dict(each)
    return sorted(found.values(), key=lambda each: each["first_us"])


def _joined(known: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    surest = max(known, more, key=lambda each: each["confidence"] or 0.0)
    return {
        **surest,
        "first_us": min(known["first_us"], more["first_us"]),
        "last_us": max(known["last_us"], more["last_us"]),
        "times": known["times"] + more["times"],
    }
