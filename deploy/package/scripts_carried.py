"""The JavaScript that pages load and a package carries: `make web` copies it out of npm packages, whose versions,
licences and hashes its lock file has (docs.npmjs.com, "package-lock.json": `packages`, `integrity`, `dev`).

One file is made of many packages (a bundle), and says nothing of their versions; so every package of the lock is named
that is not for development alone.
"""

import base64
import json
import pathlib
import zipfile
from collections.abc import Sequence
from urllib.parse import quote

VENDOR = "gateway/web/static/vendor/"
WITHIN = "node_modules/"


def scripts_carried(wheels: Sequence[pathlib.Path], lock: pathlib.Path) -> list[dict[str, object]]:
    """Components of CycloneDX, [] where no wheel has such files (`make web` was not run). Raises OSError or ValueError
    where the lock cannot be read."""
    if not any(name.startswith(VENDOR) and name.endswith(".js") for wheel in wheels for name in _names(wheel)):
        return []
    packages: dict[str, dict[str, object]] = json.loads(lock.read_text())["packages"]
    return [_component(path, each) for path, each in packages.items() if path and not each.get("dev")]


def _names(wheel: pathlib.Path) -> list[str]:
    with zipfile.ZipFile(wheel) as opened:
        return opened.namelist()


def _component(path: str, package: dict[str, object]) -> dict[str, object]:
    name, version = path.rpartition(WITHIN)[2], str(package["version"])
    purl = f"pkg:npm/{quote(name, safe='/')}@{version}"
    part: dict[str, object] = {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
    kind, _, digest = str(package["integrity"]).partition("-")  # W3C Subresource Integrity, 3.1
    part["hashes"] = [{"alg": f"SHA-{kind.removeprefix('sha')}", "content": base64.b64decode(digest).hex()}]
    if licence := package.get("license"):
        part["licenses"] = [{"license": {"name": str(licence)}}]
    return part
