"""What a package is made of, as CycloneDX 1.5 JSON (cyclonedx.org/docs/1.5/json): each wheel with its version, licence
as its author states it, and the SHA-256 of the file that was carried; and what the pages' scripts are made of."""

import email.parser
import hashlib
import json
import pathlib
import uuid
import zipfile
from collections.abc import Sequence
from email.message import Message

from deploy.package.scripts_carried import scripts_carried

LOCK = pathlib.Path(__file__).parents[2] / "gateway/web/npm/package-lock.json"


def sbom(name: str, version: str, wheels: Sequence[pathlib.Path]) -> str:
    """The same wheels give the same text: no clock, and a serial number that is made of what is in it."""
    parts = [_component(path) for path in sorted(wheels, key=lambda path: path.name.lower())]
    parts += scripts_carried(wheels, LOCK)
    content = json.dumps([name, version, parts], sort_keys=True)
    told = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, content)}",
        "version": 1,
        "metadata": {"component": {"type": "application", "bom-ref": name, "name": name, "version": version}},
        "components": parts,
        "dependencies": [{"ref": name, "dependsOn": [part["bom-ref"] for part in parts]}],
    }
    return json.dumps(told, indent=1) + "\n"


def _component(path: pathlib.Path) -> dict[str, object]:
    metadata = metadata_of(path)
    name, version = str(metadata["Name"]).lower().replace("_", "-"), str(metadata["Version"])
    purl = f"pkg:pypi/{name}@{version}"
    part: dict[str, object] = {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
    part["hashes"] = [{"alg": "SHA-256", "content": hashlib.sha256(path.read_bytes()).hexdigest()}]
    if licence := licence_of(metadata):
        part["licenses"] = [{"license": {"name": licence}}]
    return part


def metadata_of(path: pathlib.Path) -> Message:
    """A wheel's METADATA (PEP 427, PEP 566). Raises ValueError naming a file that has none."""
    with zipfile.ZipFile(path) as wheel:
        names = [name for name in wheel.namelist() if name.count("/") == 1 and name.endswith(".dist-info/METADATA")]
        if len(names) != 1:
            raise ValueError(f"{path}: is no wheel: it has no METADATA")
        return email.parser.BytesParser().parsebytes(wheel.read(names[0]))


def licence_of(metadata: Message) -> str:
    """One line, "" where nothing is stated."""
    stated = str(metadata["License-Expression"] or "") or _classified(metadata) or str(metadata["License"] or "")
    return stated.strip().split("\n")[0][:100]


def _classified(metadata: Message) -> str:
    rows = [str(row) for row in metadata.get_all("Classifier") or ()]
    return ", ".join(row.rsplit(" :: ", 1)[1] for row in rows if row.startswith("License :: ") and row.count("::") > 1)
