"""The page of file formats: what each file is, who writes and reads it, and one of it as the real code makes it."""

import dataclasses
import gzip
import json
import pathlib
import sqlite3
import tempfile
import textwrap

from deploy.reference.keys import keys_of
from deploy.reference.markdown import Page, code, escaped, record, table, wrapped
from deploy.reference.samples import ARRIVALS, AT_US, FIRED_US, INCIDENT, SHOT, SITE, STEP
from firmware import update
from gateway.evidence.shelf import About, Entry
from gateway.journal.archive import FORMAT, write_archive
from gateway.journal.file import put
from gateway.journal.format import VERSION, create
from gateway.journal.moments import step_record
from gateway.journal.request import signed
from gateway.journal.rows import START, Gap, Row, kept
from soundpost.arrivals import ArrivalLine
from soundpost.doctor.disk import Room, judge_room
from soundpost.shots import numbered, shot_line

WHERE = (
    ("journal", "`gateway`", "`journal`, `replay`, `policy`, `lamps`, `web`, `evidence`, `doctor`"),
    ("archive", "`journal prune`", "`journal`, `replay`; zcat"),
    ("keys", "`init`, `keys`", "`gateway`, `node`, `board provision`"),
    ("arrivals", "anybody", "`locate`"),
    ("shots", "`locate`, `replay`", "anybody"),
    ("impulses", "`detect`", "anybody"),
    ("release", "`board build`", "`gateway` (releases), `board provision`"),
    ("images", "a technician", "`board flash`"),
    ("evidence", "`evidence`", "`evidence`, `web`"),
    ("findings", "`doctor`", "anybody"),
    ("request", "`journal review`, `web`, `evidence`", "`gateway`, through the journal's socket"),
)
JOURNAL = (
    f"A SQLite database (WAL) of format {VERSION}; `pragma user_version` says which. Rows are never changed; only "
    "frames that were pruned go. Each row's `hash` is SHA-256 of the hash before, the kind, a zero byte, and number, "
    "at_us, boot, sequence (signed 64-bit big-endian, -1 for none), node and body (each with its length, unsigned "
    "32-bit big-endian, before it). The first is chained to 32 zero bytes. Beside it lie `-wal` and `-shm` while a "
    "gateway has it open, and `.socket`, where followers are woken. What the rows hold: [rows of the "
    "journal](journal-rows.md). Older formats are read, and brought up to date by whoever opens one for writing."
)
ARCHIVE = (
    f"gzip of JSON lines, format {FORMAT}: a head (`before`: the hash that the first row is chained to), a line for "
    "each row `[number, kind, at_us, node, boot, sequence, body]`, and a foot with the last row's hash. A frame's "
    "body is in hexadecimal."
)
RELEASE = (
    f"The sealed manifest's length (4 bytes, big-endian), the sealed manifest ({update.MAX_MANIFEST} bytes at most), "
    f"and the files that it names one after the other; {update.MAX_IMAGE} bytes at most. The manifest is a COSE_Mac0 "
    "with HMAC-SHA256 under the fleet's update key: sequence, class of device (16 bytes), least version that may take"
    " it, and path, size and SHA-256 of each file. A file `NAME.release` in the folder that `releases` of "
    "gateway.toml names is offered to the boards that it is for; more: [updates](../how-to/updates.md)."
)
EVIDENCE = (
    "A folder for each incident, in the folder that [evidence] names: `key` (the incident's key, wrapped under the "
    "gateway's), `about.json` in the clear, and the sealed files (`NAME.sealed`: `SNDSEAL1`, seven random bytes, "
    "blocks of 64 KiB, each AES-256-GCM by itself). `soundpost evidence export` gives the files opened, with an "
    "`about.json` of its own. What is in `about.json`:"
)
OF_IT = {
    "shots": "One JSON object a line, with `--json`; `arrivals` are numbers of lines of what came in, from 0. What "
    "cannot be placed is `no_fix` with why; its `t_us` is when it was first heard, its `nodes` are who heard it.",
    "impulses": "One JSON object a line, with `--json`; `onset_s` counts from the file's first sample; `channel` where "
    "there is more than one.",
    "keys": "`keys.toml`: a line a node. `NODE.key`: one line, 64 hexadecimal digits. Mode 0600, both.",
    "images": "`images.toml`: the MicroPython image of each chip, beside it, with its hash.",
    "findings": "One JSON object a line, with `--json`; `level` is PASS, WARN or FAIL, `do` what to do about it.",
    "request": "One line of JSON; `mac` is HMAC-SHA256 under who's key over `soundpost/1 request`, a zero byte and the "
    "rest as JSON with sorted keys and no blanks. No older than 30 s, taken once.",
}
OTHERS = (
    ("settings", "[gateway.toml](settings/gateway.md), [node.toml](settings/node.md), [web.toml](settings/web.md)"),
    ("a survey of poles", "[CSV or GeoJSON](settings/survey.md)"),
    ("a board's pole file", "[n17.toml](settings/board.md)"),
    ("a lamp board's map", "[TOML](settings/lamp-map.md)"),
    ("a scenario, a recording", "[scenario](settings/scenario.md), [nodes.toml](settings/recording.md)"),
    ("walls, streets, zones", "GeoJSON (RFC 7946): longitude before latitude, WGS 84; a wall may have `height_m`"),
    ("the base map", "PMTiles, of `soundpost map build`, and `NAME.places.sqlite` beside it"),
)


def page() -> Page:
    """All formats."""
    head = "Settings have pages of their own, see the end. Times are whole microseconds UTC since 1970."
    text = f"# File formats\n\n{head}\n\n"
    text += table(("file", "written by", "read by"), ((f"[{name}](#{name})", by, of) for name, by, of in WHERE))
    text += f"## journal\n\n{wrapped(JOURNAL)}{code(schema())}"
    text += f"## archive\n\n{wrapped(ARCHIVE)}{code(archive())}"
    text += f"## keys\n\n{wrapped(OF_IT['keys'])}{code(KEYS)}"
    text += f"## arrivals\n\nOne JSON object a line, in any order.\n\n{code(arrivals())}{_arrival_keys()}"
    text += f"## shots\n\n{wrapped(OF_IT['shots'])}{code(record(shot_line(SHOT, numbered(ARRIVALS), SITE)))}"
    text += f"## impulses\n\n{wrapped(OF_IT['impulses'])}{code(record(IMPULSE))}"
    text += f"## release\n\n{wrapped(RELEASE)}## images\n\n{wrapped(OF_IT['images'])}{code(IMAGES)}"
    text += f"## evidence\n\n{wrapped(EVIDENCE)}{code(record(dataclasses.asdict(ABOUT)))}"
    text += f"## findings\n\n{wrapped(OF_IT['findings'])}{code(record(FINDING.record()))}"
    text += f"## request\n\n{wrapped(OF_IT['request'])}{code(record(json.loads(_request())))}"
    return Page(
        "files.md", f"{text}## Others\n\n{table(('what', 'its form'), OTHERS)}", "the code that writes the files"
    )


IMPULSE = {"file": "night.wav", "onset_s": 12.345678, "sigma_us": 42, "level_db": 104.2, "level_unit": "dBSPL",
           "snr_db": 31.5, "p_gunshot": 0.97, "kind": "blast"}  # fmt: skip
KEYS = 'n1 = "64 hexadecimal digits"'
IMAGES = '[esp32s3]\npath = "ESP32_GENERIC_S3-v1.29.0.bin"\nsha256 = "64 hexadecimal digits"'
CLIP = Entry("corner-1.mp4", "clip", "corner", FIRED_US - 10_000_000, FIRED_US + 30_000_000, "ab" * 32, 5_242_880,
             "cd" * 32, True)  # fmt: skip
ABOUT = About(INCIDENT, FIRED_US, FIRED_US + 30_000_000, None, ("gate",), {CLIP.name: CLIP})


FINDING = judge_room(Room(900_000_000, 31_900_000_000, 1_900_000, 1_950_000, False, True), 40e6, "/var/lib/soundpost")


def schema() -> str:
    """The tables of a new journal, as SQLite has them."""
    connection = sqlite3.connect(":memory:")
    create(connection)
    found = connection.execute("select sql from sqlite_schema where type = 'table' order by name desc").fetchall()
    connection.close()
    return "\n".join(textwrap.fill(" ".join(sql.split()), 110, subsequent_indent="    ") for (sql,) in found)


def archive() -> str:
    """One of two rows."""
    connection = sqlite3.connect(":memory:")
    create(connection)
    put(connection, [Row("clock", STEP.after_us, step_record(STEP)), Row("journal", AT_US, b'{"what": "journal"}')])
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "a.gz"
        write_archive(list(kept(connection)), Gap(1, 0, START), path)
        text = gzip.decompress(path.read_bytes()).decode()
    connection.close()
    return text


def arrivals() -> str:
    """Two lines, each of which `locate` takes."""
    lines = []
    for each in ARRIVALS[:2]:
        told = {"node": each.node, "xyz_m": each.xyz_m, "t_us": each.t_us, "sigma_us": each.sigma_us}
        lines.append(json.dumps(told | {"snr_db": each.snr_db, "p_gunshot": each.p_gunshot}))
        ArrivalLine.model_validate_json(lines[-1])
    return "\n".join(lines)


def _arrival_keys() -> str:
    rows = ((f"`{key.name}`", key.legal, "must be there" if not key.default else "", escaped(key.words.rstrip(".")))
            for key in keys_of(ArrivalLine, {}))  # fmt: skip
    return table(("key", "what it may be", "", "what it is"), rows)


def _request() -> bytes:
    return signed("review", {"incident": INCIDENT, "verdict": "no gunshot", "note": "a door"}, "desk", bytes(32), AT_US,
                  bytes(16))  # fmt: skip
