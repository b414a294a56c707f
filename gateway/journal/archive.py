"""An archive: rows of a journal, whole, in a file of gzip'ed JSON lines that needs no Soundpost to be read (zcat).

    {"soundpost": "rows of a journal", "format": 1, "first": 1, "before": "00..."}
    [number, kind, at_us, node, boot, sequence, body]
    {"last": 950000, "rows": 950000, "hash": "ab..."}

before : the hash that the first row is chained to. body : of a frame in hexadecimal, else its text. hash : of the last
row. The hashes between are not in it: they are reckoned again, and the last one shows whether all is as it was. A body
that is no UTF-8 is {"hex": "..."}.
"""

import gzip
import json
import pathlib
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from gateway.journal.rows import Gap, Kept, Row, digest

GZIP = b"\x1f\x8b"
FORMAT = 1
NAME = "rows of a journal"
LEVEL = 6
"""Of zlib."""


@dataclass(frozen=True, slots=True)
class Extent:
    """What an archive holds. hash : of the last row. frames : how many of the rows are frames."""

    first: int
    last: int
    hash: bytes
    frames: int


def is_archive(path: pathlib.Path) -> bool:
    """Whether it may be one: a file that gzip made. Raises OSError where it cannot be opened."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(2) == GZIP


def write_archive(rows: Iterable[Kept], start: Gap, path: pathlib.Path) -> Extent:
    """Write rows, one behind the other. start : what is before the first. Raises OSError."""
    last, frames = start, 0
    try:
        with path.open("wb") as file, gzip.GzipFile("", "wb", LEVEL, file, mtime=0) as packed:
            head = {"soundpost": NAME, "format": FORMAT, "first": start.last + 1, "before": start.hash.hex()}
            packed.write(json.dumps(head).encode() + b"\n")
            for each in rows:
                packed.write(_line(each))
                last = Gap(each.number, each.number, each.hash)
                frames += each.row.kind == "frame"
            foot = {"last": last.last, "rows": last.last - start.last, "hash": last.hash.hex()}
            packed.write(json.dumps(foot).encode() + b"\n")
    except OSError as error:
        raise OSError(f"{path}: cannot be written ({error.strerror or error})") from error
    return Extent(start.last + 1, last.last, last.hash, frames)


def read_archive(path: pathlib.Path) -> Iterator[Gap | Kept]:
    """First what is before its rows (first 1, last 0 where there is nothing), then the rows. Raises OSError, or
    ValueError naming the file: it is no archive, of a later format, cut short, or not what was written."""
    try:
        with gzip.open(path, "rb") as file:
            yield from _rows(file, path)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(f"{path}: is cut short or damaged ({error})") from error


def extent(path: pathlib.Path) -> Extent:
    """Read it through. Raises as `read_archive` does."""
    rows = read_archive(path)
    start = next(rows)
    number, hash_, frames = (start.last, start.hash, 0) if isinstance(start, Gap) else (0, b"", 0)
    first = number + 1
    for each in rows:
        if isinstance(each, Kept):
            number, hash_, frames = each.number, each.hash, frames + (each.row.kind == "frame")
    return Extent(first, number, hash_, frames)


def _rows(file: gzip.GzipFile, path: pathlib.Path) -> Iterator[Gap | Kept]:
    try:
        head = json.loads(file.readline(1000))
        if head["soundpost"] != NAME:
            raise ValueError("soundpost")
        known, number, hash_ = head["format"] == FORMAT, int(head["first"]) - 1, bytes.fromhex(head["before"])
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path}: is no archive of a journal's rows") from error
    if not known:
        raise ValueError(f"{path}: archive of format {head['format']}; this program knows format {FORMAT}")
    first = number + 1
    yield Gap(1, number, hash_)
    try:
        for line in file:
            told = json.loads(line)
            if isinstance(told, dict):
                if (told["last"], told["rows"], told["hash"]) != (number, number - first + 1, hash_.hex()):
                    raise ValueError(f"{path}: rows {first} to {number} are not what was archived")
                return
            row = _row(told)
            if told[0] != number + 1:
                raise ValueError(f"{path}: row {number + 1} is not what was archived")
            number, hash_ = number + 1, digest(hash_, number + 1, row)
            yield Kept(number, row, hash_)
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError, UnicodeDecodeError, struct.error) as error:
        raise ValueError(f"{path}: what follows row {number} is not what was archived") from error
    raise ValueError(f"{path}: is cut short behind row {number}")


def _line(each: Kept) -> bytes:
    row = each.row
    values = [each.number, row.kind, row.at_us, row.node, row.boot, row.sequence, _body(row)]
    return json.dumps(values, separators=(",", ":")).encode() + b"\n"


def _body(row: Row) -> Any:
    if row.kind == "frame":
        return row.body.hex()
    try:
        return row.body.decode()
    except UnicodeDecodeError:
        return {"hex": row.body.hex()}


def _row(values: Any) -> Row:
    try:
        _, kind, at_us, node, boot, sequence, body = values
        bytes_ = _bytes(kind, body)
    except ValueError as error:
        raise TypeError(str(error)) from error
    return Row(kind, at_us, bytes_, node, boot, sequence)


def _bytes(kind: str, body: Any) -> bytes:
    if kind == "frame":
        return bytes.fromhex(body)
    return bytes.fromhex(body["hex"]) if isinstance(body, dict) else str(body).encode()
