"""A release of the firmware for one kind of board, as one file: the image that firmware/update.py describes.

The same file goes over the air, and over a technician's cable into a slot: sealed manifest and files are all there.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from firmware import device, update
from firmware.update import BadUpdate, Manifest
from firmware.workshop.application import compile_into
from firmware.workshop.chips import ARCHITECTURES

LENGTH = 4


@dataclass(frozen=True, slots=True)
class Release:
    """sealed : the manifest as a board keeps it. contents : path below a slot -> bytes. chip, architecture : whose."""

    sealed: bytes
    manifest: Manifest
    contents: dict[str, bytes]
    chip: str
    architecture: str


def build(chip: str, architecture: str, sequence: int, min_version: int, key: bytes) -> bytes:
    """The image. Raises ValueError with what mpy-cross says, or what is out of range."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        compile_into(folder, architecture)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        contents = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
    class_id = device.class_of(chip, device.ARCHITECTURES.index(architecture))
    rows = tuple(update.file_of(path, content) for path, content in contents.items())
    return update.image(Manifest(sequence, class_id, min_version, rows), key, contents)


def read(image: bytes, name: str, key: bytes) -> Release:
    """The release that an image holds, every hash of it right. Raises ValueError of one line that begins with name."""
    end = LENGTH + int.from_bytes(image[:LENGTH], "big")
    sealed, at = image[LENGTH:end], end
    try:
        manifest = update.open(sealed, key)
    except BadUpdate as error:
        why = {"mac": "is not sealed with this update key"}.get(error.reason, f"is no release of ours ({error})")
        raise ValueError(f"{name}: {why}; build it anew with `soundpost board build`") from None
    contents = {}
    for file in manifest.files:
        contents[file.path] = image[at : at + file.size]
        at += file.size
        if update.file_of(file.path, contents[file.path]) != file:
            raise ValueError(f"{name}: {file.path} is not what the manifest says; copy the file again")
    if at != len(image):
        raise ValueError(f"{name}: {len(image)} bytes where the manifest names {at}; copy the file again")
    return Release(sealed, manifest, contents, *_made_for(manifest.class_id, name))


def _made_for(class_id: bytes, name: str) -> tuple[str, str]:
    for chip in ARCHITECTURES:
        for number, architecture in enumerate(device.ARCHITECTURES):
            if device.class_of(chip, number) == class_id:
                return chip, architecture
    raise ValueError(f"{name}: made for no board that we know; known are " + ", ".join(ARCHITECTURES))
