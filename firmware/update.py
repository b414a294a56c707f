"""What an update must be before a board takes it. Portable and pure.

An image is a sealed manifest and the files that it names, one after the other:

    length of the sealed manifest (4 bytes, big-endian) | sealed manifest | first file | second file | ...

The manifest is a COSE_Mac0 (RFC 9052 section 6.2) with HMAC 256/256 under the fleet's update key, in the deterministic
encoding of firmware/cbor.py; its external_aad tells it from every frame of the wire. It names the class of device, its
own sequence, the least version that may take it, and each file with its size and SHA-256.

Why a MAC and not a signature: stock MicroPython has SHA-256 and AES, but neither Ed25519 nor ECDSA
(notes/micropython.md section 6). So each board holds the key that updates are made with, and who takes one board apart
can make updates. That is why the key is no node's key, is read by nothing but the installer, and must be changed when a
board is stolen; and why an image comes only over a line that is itself authenticated.

Against downgrade: a manifest's sequence must be higher than that of any version that was ever marked good here; the
same sequence is refused too. (Section numbers from general knowledge.)
"""

import hashlib
from collections import namedtuple

from firmware import cbor
from firmware.mac import Mac, same

FORMAT = 1
MAX_MANIFEST = 8_192
MAX_FILES, MAX_PATH, MAX_ITEMS = 64, 64, 300
MAX_FILE, MAX_IMAGE = 65_536, 393_216
U32 = 0xFFFFFFFF
AAD = b"\x52soundpost/1 update"
"""The external_aad, as a CBOR byte string."""
PROTECTED = b"\x43\xa1\x01\x05"
OPENING = b"\xd1\x84" + PROTECTED + b"\xa0"
MAC0 = b"\x84\x64MAC0"
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789_"

Manifest = namedtuple("Manifest", ("sequence", "class_id", "min_version", "files"))
"""sequence: of this version, higher than of any before. class_id: 16 bytes, of firmware/device.py. min_version: the
least sequence that a board must run to take it. files: a tuple of File, in the order of the image."""
File = namedtuple("File", ("path", "size", "sha256"))


class BadUpdate(ValueError):
    """What came is no update for this board. `reason` is one word of REASONS."""

    def __init__(self, reason: str, why: str = "") -> None:
        super().__init__(reason + ": " + why if why else reason)
        self.reason = reason


REASONS = ("size", "shape", "mac", "schema", "class", "downgrade", "version", "busy", "file")
"""size: too long, or ends too early or too late. shape: no COSE_Mac0. mac: not sealed with this fleet's key. schema: no
manifest of ours, or a path that is none. class: for another chip or architecture. downgrade: not newer than what was
good here. version: newer than what runs here can take. busy: the version that runs is itself on trial. file: a file is
not what the manifest says."""


def seal(manifest: Manifest, key: bytes) -> bytes:
    """The sealed manifest. ValueError names what is out of range."""
    try:
        _check(manifest)
    except BadUpdate as error:
        raise ValueError(str(error))
    payload = bytearray(b"\xa5\x00\x01\x01")  # a map of five: 0: FORMAT, 1:
    cbor.write(payload, manifest.sequence)
    for field, value in ((2, manifest.class_id), (3, manifest.min_version)):
        payload.append(field)
        cbor.write(payload, value)
    payload.append(4)
    cbor.write(payload, tuple([(file.path.encode(), file.size, file.sha256) for file in manifest.files]))
    sealed = bytearray(OPENING)
    cbor.write(sealed, bytes(payload))
    sealed.extend(b"\x58\x20" + Mac(key).tag(MAC0, PROTECTED, AAD, bytes(sealed[len(OPENING) :])))
    if len(sealed) > MAX_MANIFEST:
        raise ValueError("a sealed manifest must have at most 8192 bytes")
    return bytes(sealed)


def open(sealed: bytes, key: bytes) -> Manifest:
    """The manifest, once its MAC is right. Raises only BadUpdate."""
    start, end = _payload(sealed)
    if not same(Mac(key).tag(MAC0, PROTECTED, AAD, sealed[len(OPENING) : end]), sealed[end + 2 :]):
        raise BadUpdate("mac")
    return _manifest(sealed[start:end])


def unproven(sealed: bytes) -> Manifest:
    """What a manifest says, for those who carry it and have no key: nothing of it is proven. Raises only BadUpdate."""
    start, end = _payload(sealed)
    return _manifest(sealed[start:end])


def _payload(sealed: bytes) -> "tuple[int, int]":
    """Where the payload begins and ends."""
    if len(sealed) > MAX_MANIFEST:
        raise BadUpdate("size")
    if bytes(sealed[: len(OPENING)]) != OPENING:
        raise BadUpdate("shape")
    try:
        size, start = cbor.head(sealed, len(OPENING), 2)
    except ValueError:
        raise BadUpdate("shape")
    end = start + size
    if end + 34 != len(sealed) or bytes(sealed[end : end + 2]) != b"\x58\x20":
        raise BadUpdate("shape")
    return start, end


def check(manifest: Manifest, class_id: bytes, running: int, floor: int) -> None:
    """BadUpdate unless this board may take it. running: sequence of what runs; floor: highest that was ever good."""
    if manifest.class_id != class_id:
        raise BadUpdate("class", "made for another chip or architecture")
    if manifest.sequence <= max(floor, running):
        raise BadUpdate("downgrade", f"{manifest.sequence} is not newer than {max(floor, running)}")
    if running < manifest.min_version:
        raise BadUpdate("version", f"{running} runs here; {manifest.min_version} is the least that may take it")


def check_code(path: str, head: bytes, architecture: int) -> None:
    """BadUpdate where a file is compiled for another machine. head: its first four bytes."""
    if path.endswith(".mpy") and (
        len(head) < 4 or head[0] != 0x4D or head[1] != 6 or (head[2] >> 2) & 15 not in (0, architecture)
    ):
        raise BadUpdate("file", path + " is not for this machine")


def image(manifest: Manifest, key: bytes, contents: "dict[str, bytes]") -> bytes:
    """The whole image. contents: path -> bytes. ValueError where these are not what the manifest says."""
    sealed = seal(manifest, key)
    for file in manifest.files:
        if file_of(file.path, contents[file.path]) != file:
            raise ValueError(file.path + " is not what the manifest says")
    return len(sealed).to_bytes(4, "big") + sealed + b"".join([contents[file.path] for file in manifest.files])


def file_of(path: str, content: bytes) -> File:
    """The row of a manifest for this file."""
    return File(path, len(content), hashlib.sha256(content).digest())


def _manifest(payload: bytes) -> Manifest:
    try:
        fields = cbor.read_map(payload, MAX_ITEMS)
        files = tuple([File(path.decode(), size, sha256) for path, size, sha256 in fields[4]])  # type: ignore
        manifest = Manifest(fields[1], fields[2], fields[3], files)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadUpdate("schema", "no manifest")
    if len(fields) != 5 or fields[0] != FORMAT:
        raise BadUpdate("schema", "another format")
    _check(manifest)
    return manifest


def _check(manifest: Manifest) -> None:
    if not (_is_int(manifest.sequence, 1, U32) and _is_int(manifest.min_version, 0, U32)):
        raise BadUpdate("schema", "sequence must be 1 to 4294967295, min_version 0 to 4294967295")
    if not isinstance(manifest.class_id, bytes) or len(manifest.class_id) != 16:
        raise BadUpdate("schema", "class_id must have 16 bytes")
    if not 1 <= len(manifest.files) <= MAX_FILES:
        raise BadUpdate("schema", "files must be 1 to 64")
    for file in manifest.files:
        if not is_path(file.path) or not _is_int(file.size, 0, MAX_FILE):
            raise BadUpdate("schema", "a path must be lower-case and relative, and a file of at most 65536 bytes")
        if not isinstance(file.sha256, bytes) or len(file.sha256) != 32:
            raise BadUpdate("schema", "a sha256 must have 32 bytes")
    paths = [file.path for file in manifest.files]
    if len(set(paths)) != len(paths) or any([a != b and b.startswith(a + "/") for a in paths for b in paths]):
        raise BadUpdate("schema", "paths must differ, and none be a folder of another")
    if sum([file.size for file in manifest.files]) > MAX_IMAGE:
        raise BadUpdate("schema", "files must have at most 393216 bytes together")


def is_path(path: str) -> bool:
    """Whether it names a module below a slot, and nothing else: no way up, no root, no hidden file."""
    if not isinstance(path, str) or len(path) > MAX_PATH or not path.endswith((".py", ".mpy")):
        return False
    steps = path[: path.rindex(".")].split("/")
    return len(steps) <= 4 and all([step and all([letter in LETTERS for letter in step]) for step in steps])


def _is_int(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
