"""An image as one file that all of them load: an OCI layout (opencontainers/image-spec, image-layout.md), and beside it
the manifest.json without which a Docker that does not keep its images in containerd reads none (moby/moby,
image/tarexport/load.go).
"""

import json
import pathlib
import tarfile
from typing import Any

INDEX, DOCKERS = "index.json", "manifest.json"
NAME_FOR_CONTAINERD = "io.containerd.image.name"


def named(layout: pathlib.Path, name: str) -> None:
    """Write what Docker asks for into a layout of one image. Raises OSError, or ValueError where there are more."""
    index: dict[str, Any] = json.loads((layout / INDEX).read_text())
    (image,) = index["manifests"]
    image["annotations"][NAME_FOR_CONTAINERD] = name
    manifest = json.loads((layout / _blob(image)).read_text())
    layers = [_blob(each) for each in manifest["layers"]]
    dockers = [{"Config": _blob(manifest["config"]), "RepoTags": [name], "Layers": layers}]
    (layout / INDEX).write_text(json.dumps(index))
    (layout / DOCKERS).write_text(json.dumps(dockers))


def packed(layout: pathlib.Path, to: pathlib.Path, made_s: int) -> None:
    """All of it in one file, under to's name only once it is whole. The same layout gives the same bytes."""

    def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname = made_s, 0, 0, "", ""
        entry.mode = 0o755 if entry.isdir() else 0o644
        return entry

    part = to.with_suffix(".part")
    with tarfile.open(part, "w", format=tarfile.USTAR_FORMAT) as file:
        for path in sorted(layout.rglob("*")):
            file.add(path, path.relative_to(layout).as_posix(), recursive=False, filter=plain)
    part.rename(to)


def _blob(descriptor: dict[str, Any]) -> str:
    return f"blobs/{descriptor['digest'].replace(':', '/')}"
