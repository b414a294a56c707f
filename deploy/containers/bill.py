"""What an image is made of: the package's own list (CycloneDX), and Debian's packages beside it."""

import json
import uuid
from collections.abc import Sequence

from deploy.package.targets import PRODUCTS

OURS = {product.name for product in PRODUCTS.values()}


def with_debian(bill: str, installed: Sequence[str]) -> str:
    """bill : CycloneDX JSON. installed : "name version machine" of each of Debian's packages. The same in, the same
    out."""
    told = json.loads(bill)
    whole = told["metadata"]["component"]
    for line in sorted(installed):
        name, version, machine = line.split(" ")
        if name in OURS:
            continue
        purl = f"pkg:deb/debian/{name}@{version.replace('+', '%2B').replace(':', '%3A')}?arch={machine}"
        part = {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
        told["components"].append(part)
        told["dependencies"][0]["dependsOn"].append(purl)
    whole["type"] = "container"
    content = json.dumps([whole, told["components"]], sort_keys=True)
    told["serialNumber"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, content)}"
    return json.dumps(told, indent=1) + "\n"
