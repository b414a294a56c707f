"""`make package`: soundpost-gateway and soundpost-node as .deb for each Debian and machine, made by nfpm, with what
they are made of (CycloneDX) and SHA256SUMS beside them.

    python -m deploy.package.build --out out/packages --debian 12 --arch amd64 --product gateway
"""

import argparse
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata

from deploy.package.commands import Command, every_command
from deploy.package.sbom import sbom
from deploy.package.targets import DEBIANS, MACHINES, PRODUCTS, Debian, Product
from deploy.package.tree import HERE, ROOT, filled, lay
from deploy.package.wheels import FROM_SOURCE, fetch, from_source, own_wheel
from gateway.journal import format
from gateway.web import database

SCRIPTS = {"preinst": "preinstall", "postinst": "postinstall", "prerm": "preremove", "postrm": "postremove"}
"""dpkg's name -> nfpm's."""
CONSTRAINTS = ROOT / "constraints.txt"
MAINTAINER = "Soundpost <soundpost@localhost>"


@dataclass(frozen=True, slots=True)
class Made:
    """What all packages of a run share. version : Debian's, without its release's number. near : our own wheels."""

    version: str
    commands: Sequence[Command]
    own: pathlib.Path
    near: pathlib.Path
    cache: pathlib.Path
    out: pathlib.Path


def main(argv: Sequence[str] | None = None) -> int:
    """0 done, 1 a program failed (and has said why) or is not there."""
    args = _arguments(argv)
    nfpm = shutil.which("nfpm", path=f"{pathlib.Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if nfpm is None:
        print("package: nfpm is not here; make package brings it", file=sys.stderr)
        return 1
    out: pathlib.Path = args.out.absolute()
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="soundpost-package-", dir=out) as scratch:
        near = pathlib.Path(scratch) / "near"
        near.mkdir()
        try:
            own = own_wheel(ROOT, near)
            from_source(FROM_SOURCE, CONSTRAINTS, near)
            version = f"{args.version or metadata.version('soundpost')}-{args.revision}"
            made = Made(version, every_command(), own, near, pathlib.Path(scratch), out)
            for debian in (DEBIANS[number] for number in args.debian):
                for arch in args.arch:
                    for product in (PRODUCTS[name] for name in args.product):
                        print(_package(product, debian, arch, made, nfpm), flush=True)
        except subprocess.CalledProcessError as error:
            print(f"package: {error.cmd[0]} failed", file=sys.stderr)
            return 1
    write_sums(out)
    return 0


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.package.build", description="Make the Debian packages.")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/packages"), metavar="DIR")
    parser.add_argument("--debian", type=int, nargs="+", choices=DEBIANS, default=list(DEBIANS))
    parser.add_argument("--arch", nargs="+", choices=MACHINES, default=list(MACHINES))
    parser.add_argument("--product", nargs="+", choices=PRODUCTS, default=list(PRODUCTS))
    parser.add_argument("--version", metavar="VERSION", help="default: that of pyproject.toml")
    parser.add_argument("--revision", type=int, default=1, metavar="N", help="of the package of a version (default 1)")
    return parser.parse_args(argv)


def _package(product: Product, debian: Debian, arch: str, made: Made, nfpm: str) -> pathlib.Path:
    """Make one. Comes back: its file."""
    extras = f"[{','.join(product.extras)}]" if product.extras else ""
    wanted = (f"{made.own}{extras}", *product.more)
    folder = made.cache / f"{product.name}-{debian.number}-{arch}"
    wheels = fetch(wanted, debian, MACHINES[arch], CONSTRAINTS, made.near, folder / "wheels")
    version = f"{made.version}+deb{debian.number}"
    stage = folder / "stage"
    lay(stage, product, debian, version, wheels, made.commands)
    (folder / "nfpm.yaml").write_text(json.dumps(describe(product, debian, arch, version, folder), indent=1))
    target = made.out / f"{product.name}_{version}_{arch}.deb"
    command = (nfpm, "package", "--packager", "deb", "--config", folder / "nfpm.yaml", "--target", target)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    target.with_suffix(".cdx.json").write_text(sbom(product.name, version, wheels))
    shutil.rmtree(folder)
    return target


def describe(product: Product, debian: Debian, arch: str, version: str, folder: pathlib.Path) -> dict[str, object]:
    """nfpm.yaml, whose like JSON is (nfpm's documentation, "Configuration"). Writes the scripts into folder."""
    stage = folder / "stage"
    values = values_of(product, version, sum(path.lstat().st_size for path in stage.rglob("*")) // 1024)
    for name in (*SCRIPTS, "templates"):
        path = folder / name
        path.write_text(filled((HERE / "scripts" / name).read_text(), values))
    upstream, release = version.split("-", 1)
    after = f"{debian.python.split('.')[0]}.{int(debian.python.split('.')[1]) + 1}"
    python = [f"python3 (>= {debian.python}~)", f"python3 (<< {after}~)", f"python{debian.python}"]
    return {
        "name": product.name,
        "arch": arch,
        "version": upstream,
        "version_schema": "none",
        "release": release,
        "section": "net",
        "priority": "optional",
        "maintainer": MAINTAINER,
        "description": product.what,
        "license": "Apache-2.0",
        "depends": [*python, "debconf (>= 1.5)", "init-system-helpers", *product.needs],
        "recommends": list(product.recommends),
        "conflicts": [product.other],
        "replaces": [product.other],
        "contents": [{"src": f"{stage}/", "dst": "/", "type": "tree"}],
        "scripts": {SCRIPTS[name]: str(folder / name) for name in SCRIPTS},
        "deb": {"compression": "zstd", "scripts": {"templates": str(folder / "templates")}},
    }


def values_of(product: Product, version: str, need_kb: int) -> dict[str, object]:
    """What the scripts are told."""
    return {
        "NAME": product.name,
        "VERSION": version,
        "NEED_KB": need_kb,
        "JOURNAL_ID": format.APPLICATION_ID,
        "JOURNAL_VERSION": format.VERSION,
        "WEB_ID": database.APPLICATION_ID,
        "WEB_VERSION": len(database.known_migrations()),
        "UNITS": " ".join(product.units),
        "ENABLED": " ".join(product.enabled),
        "DATA": " ".join(product.data),
        "NEXT": product.next,
    }


def write_sums(out: pathlib.Path) -> None:
    """SHA256SUMS of what lies in the folder, as sha256sum(1) reads it."""
    files = sorted(path for path in out.iterdir() if path.suffix in (".deb", ".json", ".tar", ".yaml"))
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (out / "SHA256SUMS").write_text("".join(lines))


if __name__ == "__main__":
    sys.exit(main())
