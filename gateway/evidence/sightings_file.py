"""What was seen of each case goes to its folder: `sightings.json` and the plates' own pictures, as they grow."""

import asyncio
import json
from collections.abc import Callable

from gateway.evidence.shelf import Entry, Shelf
from gateway.evidence.sightings import Attached

WRITE_S = 3.0
SIGHTINGS = "sightings.json"


class SightingsFile:
    """kept, lost : are told as of Recording."""

    def __init__(self, shelf: Shelf, kept: Callable[[str, Entry], None], lost: Callable[[str, str, str], None]) -> None:
        self._shelf, self._kept, self._lost = shelf, kept, lost
        self._written: dict[str, tuple[float, str]] = {}

    async def write(self, attached: Attached, now_s: float, *, is_last: bool) -> None:
        """Where there is more than was written, and not too often."""
        incident, records = attached.case.incident, attached.records()
        text = json.dumps({"incident": incident, "sightings": records}, sort_keys=True)
        written_s, before = self._written.get(incident, (0.0, ""))
        if not records or text == before or not (is_last or now_s - written_s >= WRITE_S):
            return
        self._written[incident] = (now_s, text)
        entry = Entry(SIGHTINGS, "sightings", "", records[0]["first_us"], records[-1]["last_us"], "", 0, "")
        try:
            for picture in await asyncio.to_thread(self._put_pictures, attached):
                self._kept(incident, picture)
            self._kept(incident, await asyncio.to_thread(self._shelf.put, incident, entry, text.encode()))
        except (OSError, ValueError) as error:
            self._lost(incident, SIGHTINGS, str(error))
        if is_last:
            self._written.pop(incident, None)

    def _put_pictures(self, attached: Attached) -> list[Entry]:
        """The plates' own pictures, by their hash."""
        put = []
        while attached.shown:
            shown = attached.shown.pop()
            entry = Entry(
                f"plate-{shown.sha256[:16]}.jpg", "picture", shown.reader, shown.at_us, shown.at_us, "", 0, ""
            )
            put.append(self._shelf.put(attached.case.incident, entry, shown.picture))
        return put
