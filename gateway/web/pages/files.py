"""Clips and stills of an incident, whole or by range (RFC 9110, 14): who is shown them is written down first."""

import pathlib
import re

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response, StreamingResponse

from gateway.web.accounts.person import who_of
from gateway.web.parts import parts_of
from gateway.web.records import Kept
from gateway.web.store.clips import Clips, NoSuchFile, NotShown, Opening
from gateway.web.templating import gettext_of

ROUTER = APIRouter()
TYPES = {".mp4": "video/mp4", ".jpg": "image/jpeg"}
"""Of what a browser shows. Everything else is taken along as bytes, and opened by nothing here."""


@ROUTER.get("/incidents/{incident}/files/{file}")
def shown(request: Request, incident: str, file: str) -> Response:
    """Its bytes, or one range of them. 404 where no such file is kept, 416 for a range that is none, 503 where it
    cannot be written down that it is shown."""
    parts, say = parts_of(request), gettext_of(request)
    whole = parts.store.whole(incident)
    kept = next((each for each in whole.files if each.file == file and each.state == "kept"), None) if whole else None
    if kept is None or parts.clips is None:
        return PlainTextResponse(say("There is no such file.") + "\n", 404)
    try:
        return _sent(parts.clips, incident, kept, who_of(request).name, request.headers.get("range", ""))
    except NoSuchFile:
        return PlainTextResponse(say("There is no such file.") + "\n", 404)
    except NotShown as error:
        return PlainTextResponse(f"{error}\n", 503)
    except ValueError:
        return PlainTextResponse("", 416, {"Content-Range": f"bytes */{kept.n_bytes}"})


def _sent(clips: Clips, incident: str, kept: Kept, who: str, asked: str) -> StreamingResponse:
    span = byte_range(asked, kept.n_bytes)
    opened: Opening = clips.open(incident, kept.file, who, *(span or (0, None)))
    kind = TYPES.get(pathlib.PurePath(kept.file).suffix.lower(), "application/octet-stream")
    headers = {
        "Accept-Ranges": "bytes",
        "Content-Length": str(opened.last - opened.first + 1),
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
        **({} if kind in TYPES.values() else {"Content-Disposition": "attachment"}),
        **({"Content-Range": f"bytes {opened.first}-{opened.last}/{opened.n_bytes}"} if span else {}),
    }
    return StreamingResponse(opened.blocks, 206 if span else 200, headers, kind)


def byte_range(asked: str, n_bytes: int) -> tuple[int, int] | None:
    """First and last of the one range that is asked for; None where the whole is meant (none, several, or another
    unit). Raises ValueError where none of it is there."""
    told = re.fullmatch(r"bytes=(\d{0,18})-(\d{0,18})", asked.strip())
    if not told or not (told[1] or told[2]):
        return None
    if not told[1]:
        first, last = max(0, n_bytes - int(told[2])), n_bytes - 1
    else:
        first, last = int(told[1]), min(int(told[2] or n_bytes - 1), n_bytes - 1)
    if first > last:
        raise ValueError(f"no bytes {asked!r} of {n_bytes}")
    return first, last
