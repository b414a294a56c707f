"""The wire: every frame that a node and its gateway exchange, written and read here and described in docs/wire.cddl.

A frame is a COSE_Mac0 (RFC 9052 section 6.2) under tag 17 with HMAC 256/256 (RFC 9053 section 3.1): protected header
{1: 5, 4: key id, -65537: boot, -65538: sequence}, empty unprotected header, payload, 32 bytes of tag. The payload is
one map from small integers to integers, bytes and arrays, in the deterministic encoding of RFC 8949 section 4.2.1: one
record has one encoding, and `decode` takes no other. KINDS is the one table of what may be in it. The MAC binds the
direction as external_aad: both ends hold the same key, and a frame that a node sent cannot be played back to it as its
gateway's word. (Section numbers from general knowledge.) Runs on CPython and MicroPython, with integers only.
"""

from collections import namedtuple

from firmware import cbor
from firmware.fields import BYTES, INT, INTS, SPANS, Field, fitting, is_int
from firmware.mac import Mac, same

MAX_FRAME = 2304
"""Bytes. 20 ms at 48 kHz of 16 bits are 1920; header, tag and the other fields of an arrival are at most 300 more."""
MIN_FRAME = 60
MAX_CLIP = 1920
CLIP_LEAD_US = 1000
"""An arrival's clip begins this long before its t_us, to the whole sample."""
MAX_PART = 512
"""Of an image: some 50 ms at 115 200 baud, so that an arrival never waits for more."""
MAX_NAME = 32
HEAD = 3
"""Bytes, at most, of a payload's own length."""
MAX_ITEMS = 160
"""Of a payload, all told: the most that any kind has is an ack's 32 spans of three, with their arrays 132."""

UNSET, COARSE, HOLDOVER, LOCKED = 0, 1, 2, 3
CLOCK_STATES = ("unset", "coarse", "holdover", "locked")
BLAST, CRACK, OTHER = 0, 1, 2
DBFS, DBSPL = 0, 1
REPORT, IDENTIFY, RESTART = 1, 2, 3
WANTS, WHOLE, TRIAL, GOOD, GAVE_UP = 0, 1, 2, 3, 4
STAGES = ("wants", "whole", "trial", "good", "rolled back", "size", "shape", "mac", "schema", "class", "downgrade",
          "version", "busy", "file", "flash")  # fmt: skip
"""wants: the part at `offset`. whole: has all, and starts it soon. trial: runs it on trial. good: runs it for good.
rolled back: ran it and went back. flash: it takes no more. The others: REASONS of firmware/update.py."""

UP, DOWN = b"\x4esoundpost/1 up", b"\x50soundpost/1 down"
"""The external_aad of what nodes say and of what gateways say, as CBOR byte strings."""

ALGORITHM, BOOT, SEQUENCE = b"\xa4\x01\x05\x04", b"\x3a\x00\x01\x00\x00", b"\x3a\x00\x01\x00\x01"
"""The protected header up to the key id {1: 5 (HMAC 256/256), 4: and the keys of boot and sequence."""
MAC0 = b"\x84\x64MAC0"
"""How a MAC_structure (RFC 9052 section 6.3) opens: an array of four whose first is the text "MAC0"."""

U32 = 0xFFFFFFFF
T_MAX_US = 1 << 53

Kind = namedtuple("Kind", ("number", "name", "direction", "record", "fields"))
Parts = namedtuple("Parts", ("kid", "boot", "sequence", "header_end", "payload_start", "payload_end"))
Opened = namedtuple("Opened", ("kid", "boot", "sequence", "record"))

Arrival = namedtuple(
    "Arrival",
    (
        "t_us", "sigma_us", "clock", "level_cdb", "level_unit", "snr_cdb", "p_gunshot_permille", "sound", "channel",
        "shape", "clip", "clip_hz",
    ),
)  # fmt: skip
Health = namedtuple(
    "Health",
    (
        "t_us", "sigma_us", "clock", "uptime_s", "queued", "arrivals", "withheld", "withheld_first_us",
        "withheld_last_us", "dropped_arrivals", "dropped_healths", "gaps", "refused", "temperature_cc", "noise_cdb",
        "level_unit", "lamp_ma",
    ),
)  # fmt: skip
Ack = namedtuple("Ack", ("spans",))
Command = namedtuple("Command", ("id", "verb", "argument", "expires_us"))
Update = namedtuple("Update", ("sequence", "class_id", "sha256", "size_bytes", "min_version"))
Part = namedtuple("Part", ("sequence", "offset", "part"))
Progress = namedtuple("Progress", ("sequence", "offset", "stage", "runs"))
Look = namedtuple("Look", ("arrival", "after_ms", "p_gunshot_permille", "sound", "rarity"))

_CLOCK = (Field(1, "t_us", INT, 0, T_MAX_US, False), Field(2, "sigma_us", INT, 1, U32, False),
          Field(3, "clock", INT, UNSET, LOCKED, False))  # fmt: skip
KINDS = (
    # An onset with its time. t_us: UTC, or time since start while clock is unset. Centi-dB. shape: words.SHAPE.
    # clip: int16 little-endian PCM of the onset's channel, at most 20 ms, with clip_hz its rate.
    Kind(1, "arrival", UP, Arrival, _CLOCK + (
        Field(4, "level_cdb", INT, -30000, 30000, False), Field(5, "level_unit", INT, DBFS, DBSPL, False),
        Field(6, "snr_cdb", INT, -30000, 30000, False), Field(7, "p_gunshot_permille", INT, 0, 1000, False),
        Field(8, "sound", INT, BLAST, OTHER, False), Field(9, "channel", INT, 0, 63, False),
        Field(10, "shape", INTS, -(1 << 31), (1 << 31) - 1, False),
        Field(11, "clip", BYTES, 2, MAX_CLIP, True), Field(12, "clip_hz", INT, 8000, 96000, True))),
    # How a node is, every 20 s. Counts run since its start, but `withheld` (onsets over the limit, told by number
    # and first and last time only) since the last health.
    Kind(2, "health", UP, Health, _CLOCK + (
        Field(4, "uptime_s", INT, 0, U32, False), Field(5, "queued", INT, 0, U32, False),
        Field(6, "arrivals", INT, 0, U32, False), Field(7, "withheld", INT, 0, U32, False),
        Field(8, "withheld_first_us", INT, 0, T_MAX_US, True), Field(9, "withheld_last_us", INT, 0, T_MAX_US, True),
        Field(10, "dropped_arrivals", INT, 0, U32, False), Field(11, "dropped_healths", INT, 0, U32, False),
        Field(12, "gaps", INT, 0, U32, False), Field(13, "refused", INT, 0, U32, False),
        Field(14, "temperature_cc", INT, -10000, 20000, True), Field(15, "noise_cdb", INT, -30000, 30000, True),
        Field(16, "level_unit", INT, DBFS, DBSPL, False), Field(17, "lamp_ma", INT, 0, 1000000, True))),
    # The gateway has these on its disk. Without a span: the gateway is here, and asks for all that it has not acked.
    Kind(3, "ack", DOWN, Ack, (Field(1, "spans", SPANS, 0, U32, False),)),
    # What a node is asked to do, once, and not after expires_us.
    Kind(4, "command", DOWN, Command, (Field(1, "id", INT, 0, U32, False), Field(2, "verb", INT, 1, 63, False),
        Field(3, "argument", INT, -(1 << 31), (1 << 31) - 1, False), Field(4, "expires_us", INT, 0, T_MAX_US, False))),
    # A release is there: what a node must know before it takes its image (notes/reliability.md section 1, SUIT). Then
    # the image goes part by part, each as the node asks for it, and the node says where it stands; nobody keeps these.
    Kind(5, "update", DOWN, Update, (
        Field(1, "sequence", INT, 0, U32, False), Field(2, "class_id", BYTES, 16, 16, False),
        Field(3, "sha256", BYTES, 32, 32, False), Field(4, "size_bytes", INT, 1, 1 << 26, False),
        Field(5, "min_version", INT, 0, U32, False))),
    Kind(6, "part", DOWN, Part, (Field(1, "sequence", INT, 0, U32, False), Field(2, "offset", INT, 0, 1 << 26, False),
        Field(3, "part", BYTES, 1, MAX_PART, False))),
    Kind(7, "progress", UP, Progress, (
        Field(1, "sequence", INT, 0, U32, False), Field(2, "offset", INT, 0, 1 << 26, False),
        Field(3, "stage", INT, 0, 14, False), Field(4, "runs", INT, 0, U32, False))),
    # More of an onset, by its arrival's sequence in the same boot. rarity: log2 of the seconds between its like, or 0.
    Kind(8, "look", UP, Look, (
        Field(1, "arrival", INT, 0, U32, False), Field(2, "after_ms", INT, 1, 10000, False),
        Field(3, "p_gunshot_permille", INT, 0, 1000, False), Field(4, "sound", INT, BLAST, OTHER, False),
        Field(5, "rarity", INT, 0, 31, True))),
)  # fmt: skip


class BadFrame(ValueError):
    """What came is not a frame of ours. `reason` is one word of REASONS; the message never holds what was refused."""

    def __init__(self, reason: str, why: str = "") -> None:
        super().__init__(f"{reason}: {why}" if why else reason)
        self.reason = reason


REASONS = ("size", "shape", "header", "key", "mac", "profile", "schema", "time")
"""size: not MIN_FRAME to MAX_FRAME bytes. shape: no COSE_Mac0. header: not the one protected header. key: a key id
that is not enrolled. mac: not sealed with that key in this direction. profile: not the deterministic encoding.
schema: an unknown kind or field, or a value out of range. time: a good clock that says the future (the gate's)."""


def kind_of(record: tuple) -> Kind:  # type: ignore[type-arg]
    """The row of KINDS that a record belongs to; TypeError if to none."""
    for kind in KINDS:
        if kind.record is type(record):
            return kind
    raise TypeError("not a record of the wire: " + type(record).__name__)


def encode(record: tuple, page: "cbor.Page | None" = None) -> bytes:  # type: ignore[type-arg]
    """The payload of a record, at its one encoding. ValueError names a field out of range."""
    page = cbor.Page(MAX_FRAME) if page is None else page
    begin = page.end
    _write(record, page)
    return page.held(begin)


def _write(record: tuple, page: cbor.Page) -> None:  # type: ignore[type-arg]
    kind = kind_of(record)
    _check_clip(record)
    pairs = [(field.key, fitting(field, getattr(record, field.name))) for field in kind.fields]
    pairs = [(key, value) for key, value in pairs if value is not None]
    page.extend(bytes((0xA0 + len(pairs) + 1, 0x00, kind.number)))
    for key, value in pairs:
        page.append(key)
        cbor.write(page, value)


def decode(payload: bytes) -> tuple:  # type: ignore[type-arg]
    """The inverse of `encode`. Raises only BadFrame: `profile` or `schema`."""
    try:
        fields = cbor.read_map(payload, MAX_ITEMS)
    except ValueError as error:
        raise BadFrame("profile", str(error))
    return record_of(fields)


def record_of(fields: dict[int, object]) -> tuple:  # type: ignore[type-arg]
    """The record that decoded fields (key -> value) spell. BadFrame `schema` names what is unknown or out of range."""
    number = fields.get(0)
    if not is_int(number, 1, len(KINDS)):
        raise BadFrame("schema", "no such kind")
    kind = KINDS[number - 1]  # type: ignore[operator]
    if not all(key == 0 or key in [field.key for field in kind.fields] for key in fields):
        raise BadFrame("schema", kind.name + " with a field that is not its own")
    try:
        record = kind.record(*[fitting(field, fields.get(field.key)) for field in kind.fields])
        _check_clip(record)
    except ValueError as error:
        raise BadFrame("schema", kind.name + "." + str(error))
    return record  # type: ignore[no-any-return]


def seal(
    record: tuple,  # type: ignore[type-arg]
    key: bytes | Mac,
    kid: bytes,
    boot: int,
    sequence: int,
    page: "cbor.Page | None" = None,
) -> bytes:
    """The frame of a record. kid: the node's name in UTF-8, also when its gateway speaks to it. The direction is the
    kind's. boot, sequence: 0 to 2^32 - 1, never twice the same under one key and direction. page: of MAX_FRAME bytes,
    to write it on; what is on it already is lost. ValueError names what is out of range."""
    if not 1 <= len(kid) <= MAX_NAME:
        raise ValueError(f"kid must have 1 to {MAX_NAME} bytes")
    if not (0 <= boot <= U32 and 0 <= sequence <= U32):
        raise ValueError("boot and sequence must be 0 to 4294967295")
    page = cbor.Page(MAX_FRAME) if page is None else page
    protected, length = _protected(kid, boot, sequence), bytearray()
    page.end = payload_start = 3 + len(protected) + HEAD
    _write(record, page)
    payload = page.view(payload_start)
    cbor.write_head(length, 2, len(payload))
    mac = key if isinstance(key, Mac) else Mac(key)
    tag = mac.tag(MAC0, protected, kind_of(record).direction, length, payload)
    page.extend(b"\x58\x20" + tag)
    begin = payload_start - len(length) - 3 - len(protected)
    page.put(begin, b"\xd1\x84" + protected + b"\xa0" + length)
    return page.held(begin)


def _protected(kid: bytes, boot: int, sequence: int) -> bytes:
    """The protected header, as a byte string."""
    header, protected = bytearray(ALGORITHM), bytearray()
    cbor.write(header, kid)
    header.extend(BOOT)
    cbor.write(header, boot)
    header.extend(SEQUENCE)
    cbor.write(header, sequence)
    cbor.write(protected, bytes(header))
    return bytes(protected)


def open(frame: bytes, key: bytes | Mac, direction: bytes = DOWN) -> Opened:
    """What a frame says, once its MAC is right: the node's side, unless direction says UP. Raises only BadFrame."""
    parts = split(frame)
    if not same(_tag(frame, parts, key, direction), frame[parts.payload_end + 2 :]):
        raise BadFrame("mac")
    record = decode(frame[parts.payload_start : parts.payload_end])
    if kind_of(record).direction != direction:
        raise BadFrame("schema", "a kind of the other direction")
    return Opened(parts.kid, parts.boot, parts.sequence, record)


def resealed(frame: bytes, key: bytes | Mac) -> bytes:
    """A frame of a node's under its key of today. BadFrame as in `split`."""
    parts = split(frame)
    return frame[: parts.payload_end + 2] + _tag(frame, parts, key, UP)


def _tag(frame: bytes, parts: Parts, key: bytes | Mac, direction: bytes) -> bytes:
    mac = key if isinstance(key, Mac) else Mac(key)
    return mac.tag(MAC0, frame[2 : parts.header_end], direction, frame[parts.header_end + 1 : parts.payload_end])


def split(frame: bytes) -> Parts:
    """Where a frame's parts lie and what its header says; nothing of it is proven. BadFrame `size`, `shape`, `header`.

    frame[2:header_end] is the protected header and frame[header_end + 1 : payload_end] the payload, each as the byte
    string that the MAC is over; frame[payload_end + 2 :] is the tag.
    """
    n = len(frame)
    if not MIN_FRAME <= n <= MAX_FRAME:
        raise BadFrame("size")
    if frame[0] != 0xD1 or frame[1] != 0x84:
        raise BadFrame("shape")
    try:
        size, start = cbor.head(frame, 2, 2)
        header_end = start + size
        size, payload_start = cbor.head(frame, header_end + 1, 2)
    except ValueError:
        raise BadFrame("shape")
    payload_end = payload_start + size
    if payload_end + 34 != n or frame[header_end] != 0xA0 or frame[payload_end : payload_end + 2] != b"\x58\x20":
        raise BadFrame("shape")
    try:
        kid, boot, sequence = _header(frame[start:header_end])
    except ValueError:
        raise BadFrame("header")
    return Parts(kid, boot, sequence, header_end, payload_start, payload_end)


def _header(header: bytes) -> tuple[bytes, int, int]:
    size, start = cbor.head(header, 4, 2)
    end = start + size
    boot, after = cbor.head(header, end + 5, 0)
    sequence, stop = cbor.head(header, after + 5, 0)
    if (
        header[:4] != ALGORITHM
        or header[end : end + 5] != BOOT
        or header[after : after + 5] != SEQUENCE
        or not (1 <= size <= MAX_NAME and boot <= U32 and sequence <= U32 and stop == len(header))
    ):
        raise ValueError("not the one protected header")
    return header[start:end], boot, sequence


def _check_clip(record: tuple) -> None:  # type: ignore[type-arg]
    """A clip is too short to hold speech, at any rate: at most 20 ms (DESIGN section 7)."""
    if not isinstance(record, Arrival) or record.clip is record.clip_hz is None:
        return
    if record.clip is None or record.clip_hz is None or len(record.clip) % 2 or len(record.clip) * 25 > record.clip_hz:
        raise ValueError("clip must be whole 16-bit samples of at most 20 ms, and come with clip_hz")
