"""`make containers`: an OCI image of Soundpost from its Debian package, with Mosquitto; beside it compose.yaml, what
the image is made of (CycloneDX) and SHA256SUMS. buildah makes it; no daemon is needed.

    python -m deploy.containers.build out/packages/soundpost-gateway_0.1.0-1+deb12_amd64.deb
    python -m deploy.containers.build PACKAGE --bootstrap       # the base by debootstrap, for who has no registry; root
    python -m deploy.containers.build PACKAGE --base NAME       # another one: Debian of the package's release
"""

import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass

from deploy.check.root import made
from deploy.containers.archive import named, packed
from deploy.containers.bill import with_debian
from deploy.package.build import write_sums

HERE = pathlib.Path(__file__).parent
ROOTS = pathlib.Path("/var/tmp/soundpost-debians")  # noqa: S108 - only root writes there
NAME = "localhost/soundpost"
LAID = ("Containerfile", "keeper.py", "first.sh")
NAMED = re.compile(r"soundpost-gateway_(?P<version>[^_+]+)\+deb(?P<debian>\d+)_(?P<arch>amd64|arm64)\.deb")
INSTALLED = ("dpkg-query", "--show", "--showformat", "${Package} ${Version} ${Architecture}\\n")


@dataclass(frozen=True, slots=True)
class Package:
    """A file that `make package` made. version : without the Debian's number, which a tag may not have."""

    path: pathlib.Path
    version: str
    debian: int
    arch: str

    @property
    def bill(self) -> pathlib.Path:
        """What it is made of."""
        return self.path.with_suffix(".cdx.json")

    @property
    def made_s(self) -> int:
        """When, in seconds since 1970: of the first member of the archive (deb(5), ar(5))."""
        with self.path.open("rb") as file:
            return int(file.read(36)[24:36])


def package_at(path: pathlib.Path) -> Package:
    """Raises ValueError or OSError naming what is no package of a gateway."""
    found = NAMED.fullmatch(path.name)
    if found is None:
        raise ValueError(f"{path}: must be called soundpost-gateway_VERSION+debN_ARCH.deb, as make package calls it")
    package = Package(path, found["version"], int(found["debian"]), found["arch"])
    for each in (package.path, package.bill):
        if not each.is_file():
            raise FileNotFoundError(f"{each}: is not there; make package makes it")
    return package


def main(argv: Sequence[str] | None = None) -> int:
    """0 done, 1 something is missing or a program failed, and has said why."""
    args = _arguments(argv)
    try:
        package = package_at(args.package)
        if shutil.which("buildah") is None:
            raise FileNotFoundError("buildah is not here: apt-get install buildah")
        args.out.mkdir(parents=True, exist_ok=True)
        base = _bootstrapped(package, args.roots) if args.bootstrap else args.base or f"debian:{package.debian}-slim"
        print(_image(package, base, args), flush=True)
    except (ValueError, OSError) as error:
        print(f"containers: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        way = "" if args.bootstrap else "; where there is no registry to have the base from, --bootstrap makes one"
        print(f"containers: {' '.join(map(str, error.cmd[:2]))} failed{way}", file=sys.stderr)
        return 1
    shutil.copyfile(HERE / "compose.yaml", args.out / "compose.yaml")
    (args.out / "env").write_text(f"SOUNDPOST_VERSION={package.version}\n")
    write_sums(args.out)
    return 0


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.containers.build", description="Make the container image.")
    parser.add_argument("package", type=pathlib.Path, metavar="PACKAGE", help="a soundpost-gateway_*.deb")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/containers"), metavar="DIR")
    base = parser.add_mutually_exclusive_group()
    base.add_argument("--base", metavar="IMAGE", help="default: debian:N-slim, of the package's Debian")
    base.add_argument("--bootstrap", action="store_true", help="make the base by debootstrap; as root")
    parser.add_argument("--roots", type=pathlib.Path, default=ROOTS, metavar="DIR", help=f"of debootstrap ({ROOTS})")
    return parser.parse_args(argv)


def _bootstrapped(package: Package, roots: pathlib.Path) -> str:
    """A base from a folder of debootstrap, which brings what apt needs with it. Comes back: its name. Raises
    CalledProcessError."""
    folder, name = made(package.debian, roots), f"localhost/soundpost-base:debian-{package.debian}"
    container = _said("buildah", "from", "scratch")
    try:
        _run("buildah", "copy", "--quiet", container, folder, "/")
        _run("buildah", "commit", "--quiet", "--timestamp", str(package.made_s), container, name)
    finally:
        _run("buildah", "rm", container)
    return name


def _image(package: Package, base: str, args: argparse.Namespace) -> pathlib.Path:
    """Comes back: the archive of it. The same package and base give the same image."""
    tag = f"{NAME}:{package.version}"
    stem = f"soundpost_{package.version}+deb{package.debian}_{package.arch}"
    archive: pathlib.Path = args.out / f"{stem}.tar"
    offline = ("--network", "none") if args.bootstrap else ()
    with tempfile.TemporaryDirectory(prefix="soundpost-image-", dir=args.out) as scratch:
        stage = pathlib.Path(scratch)
        for name in LAID:
            shutil.copyfile(HERE / name, stage / name)
        shutil.copyfile(package.path, stage / "soundpost-gateway.deb")
        shutil.copyfile(package.bill, stage / "sbom.cdx.json")
        options = ("--quiet", "--squash", "--arch", package.arch, "--timestamp", str(package.made_s), *offline)
        said = ("--build-arg", f"BASE={base}", "--label", f"org.opencontainers.image.version={package.version}")
        _run("buildah", "build", *options, *said, "--tag", tag, stage)
        layout = stage / "layout"
        _run("buildah", "push", "--quiet", tag, f"oci:{layout}:{tag}")
        named(layout, tag)
        packed(layout, archive, package.made_s)
    (args.out / f"{stem}.cdx.json").write_text(with_debian(package.bill.read_text(), _installed(tag)))
    return archive


def _installed(tag: str) -> list[str]:
    """Debian's packages in the image: name, version, machine."""
    container = _said("buildah", "from", "--pull-never", tag)
    try:
        return _said("buildah", "run", "--user", "root", container, "--", *INSTALLED).splitlines()
    finally:
        _run("buildah", "rm", container)


def _run(*command: str | pathlib.Path) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _said(*command: str | pathlib.Path) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
