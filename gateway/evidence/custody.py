"""What the journal is told of evidence: which file was kept with which hash, what was lost, let go, triggered, opened
by whom. Names, numbers and hashes; never a plate, and nothing that a reader said. Pure."""

import unicodedata
from collections.abc import Mapping

from gateway.evidence.shelf import Entry

ASK = "evidence"
LONGEST = 300
Body = Mapping[str, str | int]


def kept(incident: str, entry: Entry) -> Body:
    """A file is whole, on the disk, encrypted. sha256 : of its content; sealed_sha256 : of the file as it lies."""
    return {
        "did": "kept",
        "incident": incident,
        "file": entry.name,
        "what": entry.what,
        "camera": entry.camera,
        "from_us": entry.from_us,
        "until_us": entry.until_us,
        "bytes": entry.n_bytes,
        "sha256": entry.sha256,
        "sealed_sha256": entry.sealed_sha256,
    }


def lost(incident: str, what: str, why: str) -> Body:
    """What should have been kept, and is not."""
    return {"did": "lost", "incident": incident, "file": what, "note": plain(why)}


def let_go(incident: str, why: str) -> Body:
    """All files of an incident are let go, its key first."""
    return {"did": "let go", "incident": incident, "note": plain(why)}


def triggered(incident: str, reader: str, note: str) -> Body:
    """A reader was told to read, or could not be."""
    return {"did": "triggered", "incident": incident, "camera": reader, "note": plain(note)}


def fault(source: str, note: str) -> Body:
    """What is wrong with a camera, a reader or the folder, or right again."""
    return {"did": "fault", "camera": source[:64], "note": plain(note)}


def access(incident: str, file: str, how: str, note: str, who: str = "") -> Body:
    """Somebody is about to be shown, or to take with them, what was kept. how : `show` or `export`. who : the person,
    where whoever asks does so for many."""
    more = {"note": note, "who": who}
    told = {name: words for name, words in more.items() if words}
    return {"did": "access", "incident": incident, "file": file, "what": how, **told}


def plain(words: str) -> str:
    """One line without control characters, of a length that a row may have."""
    return "".join(each if unicodedata.category(each)[0] != "C" else " " for each in words)[:LONGEST]
