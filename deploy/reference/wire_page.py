"""The page of what a node and its gateway say to each other: docs/wire.cddl has the words, firmware/wire.py the fields
and their ranges, and the encoder makes the examples."""

import pathlib
import re

from deploy.reference.markdown import Page, code, escaped, hexadecimal, paragraph, table, wrapped
from deploy.reference.said import below, each_of
from deploy.reference.samples import BOOT, FRAMES, KEY, NODE, SEQUENCE
from firmware import wire
from firmware.fields import BYTES, INT, MAX_INTS, MAX_SPANS, Field
from firmware.linux.names import SHAPE

CDDL = pathlib.Path(__file__).parents[2] / "docs/wire.cddl"
HEAD = (
    f"Each frame is a COSE_Mac0 (RFC 9052) of {wire.MIN_FRAME} to {wire.MAX_FRAME} bytes, in deterministic CBOR (RFC "
    "8949 section 4.2.1): a header with the node's name, the sender's boot and the frame's sequence; a payload, one "
    "map of whole numbers; and 32 bytes of HMAC-SHA256 under the node's own key. [wire.cddl](../wire.cddl) is the "
    "whole description; `firmware/wire.py` writes it on boards and Linux alike."
)
WAYS = (
    "On a serial line a frame travels in COBS with a CRC-32 (`hw/serial_line.py`). Over MQTT 5 each is one "
    "publication, QoS 1: on `det/NODE` from the node, on `cmd/NODE` from its gateway."
)
EXAMPLE = (
    f"The examples are of node `{NODE}`, boot {BOOT}, sequence {SEQUENCE}, under the key 00 01 02 ... 1f, and made by "
    "the encoder itself."
)
SAYS = {wire.UP: "a node says", wire.DOWN: "a gateway says"}


def page() -> Page:
    """All kinds."""
    words = words_of_fields()
    text = f"# Messages on the wire\n\n{wrapped(HEAD)}{wrapped(WAYS)}{wrapped(EXAMPLE)}"
    kinds = ((f"[{kind.name}](#{kind.name})", str(kind.number), SAYS[kind.direction], escaped(words[kind.name][0]))
             for kind in wire.KINDS)  # fmt: skip
    text += table(("kind", "number", "who", "what it is"), kinds)
    for kind in wire.KINDS:
        text += _kind(kind, words[kind.name])
    text += _refused() + _lists()
    return Page("wire.md", text, "firmware/wire.py and docs/wire.cddl")


def _kind(kind: wire.Kind, words: dict[int, str]) -> str:
    rows = (
        (str(field.key), f"`{field.name}`", range_of(field), "may be left out" if field.optional else "",
         escaped(words.get(field.key, ""))) for field in kind.fields
    )  # fmt: skip
    record = next(each for each in FRAMES if type(each) is kind.record)
    frame = wire.seal(record, KEY, NODE.encode(), BOOT, SEQUENCE)
    text = f"## {kind.name}\n\n{paragraph(f'{words[0][0].upper()}{words[0][1:]}.')}"
    text += table(("key", "field", "what it may be", "", "what it is"), rows)
    text += f"Payload, {len(wire.encode(record))} bytes:\n\n{code(hexadecimal(wire.encode(record)))}"
    return text + f"The whole frame, {len(frame)} bytes:\n\n{code(hexadecimal(frame))}"


def range_of(field: Field) -> str:
    """What it may hold."""
    if field.type == INT:
        return f"{field.low} to {field.high}"
    if field.type == BYTES:
        return f"{field.low} bytes" if field.low == field.high else f"{field.low} to {field.high} bytes"
    if field.name == "spans":
        return f"at most {MAX_SPANS} times boot, first, last: {field.low} to {field.high} each"
    return f"at most {MAX_INTS} numbers, {field.low} to {field.high} each"


def words_of_fields() -> dict[str, dict[int, str]]:
    """What wire.cddl says of each kind (key 0) and field. Raises ValueError where it says nothing of a kind."""
    found: dict[str, dict[int, str]] = {}
    for kind in wire.KINDS:
        block = re.search(rf"^{kind.name} = {{ *;? *(.*)\n((?:  .*\n)+)", CDDL.read_text(), re.MULTILINE)
        if block is None or not block[1]:
            raise ValueError(f"{CDDL}: says nothing of {kind.name}")
        found[kind.name] = {**_fields(block[2]), 0: block[1]}
    return found


def _fields(lines: str) -> dict[int, str]:
    words: dict[int, str] = {}
    key = 0
    for line in lines.splitlines():
        entry = re.match(r" +(?:\? )?(\d+) =>", line)
        key = int(entry[1]) if entry else key
        said = line.partition("; ")[2].strip()
        words[key] = f"{words.get(key, '')} {said}".strip()
    return words


def _refused() -> str:
    said = below(wire, "REASONS").replace("MIN_FRAME", str(wire.MIN_FRAME)).replace("MAX_FRAME", str(wire.MAX_FRAME))
    words = each_of(wire.REASONS, said)
    rows = ((f"`{word}`", escaped(words[word])) for word in wire.REASONS)
    head = "Counted by these words in the gateway's log, its [metrics](metrics.md) and `soundpost doctor`."
    return f"## What is refused\n\n{head}\n\n{table(('why', 'what it is'), rows)}"


def _lists() -> str:
    head = "The numbers of an arrival's `shape`, in order; `_c`: times 100, `_cdb`: hundredths of a decibel."
    return f"## Shape\n\n{head}\n\n" + ", ".join(f"`{name}`" for name in SHAPE) + ".\n"
