"""A Debian of another machine in a folder, enough of it to run Python: its packages unpacked and none set up, its
programs run one at a time by QEMU's user emulation. Nothing is told to this machine's kernel, so such a program can
start no other."""

import os
import pathlib
import shutil
import subprocess
from collections.abc import Sequence

from deploy.check.root import NAMES, made, quietly

EMULATOR = {"arm64": "qemu-aarch64-static"}
LIMIT_S = 1200


def foreign(number: int, arch: str, python: str, folder: pathlib.Path) -> pathlib.Path:
    """Its root, made where it is not there yet. Raises CalledProcessError where Debian's archive cannot be asked."""
    root = folder / f"{NAMES[number]}-{arch}"
    if not (root / "made").exists():
        shutil.rmtree(root, ignore_errors=True)
        (root / "dev").mkdir(parents=True)
        for device, minor in (("null", 3), ("urandom", 9)):
            os.mknod(root / "dev" / device, 0o20666, os.makedev(1, minor))
        _packages(number, arch, (f"python{python}", "libstdc++6"), folder, root)
        _emulator(arch, root)
        (root / "made").touch()
    return root


def _packages(number: int, arch: str, names: Sequence[str], folder: pathlib.Path, root: pathlib.Path) -> None:
    """Asked for by a Debian of this machine, which is gone afterwards."""
    asks = root / "asks"
    quietly(("cp", "-a", "-x", "--reflink=auto", made(number, folder), asks))
    quietly(("chroot", asks, "dpkg", "--add-architecture", arch))
    quietly(("chroot", asks, "apt-get", "update"))
    options = ("--yes", "--download-only", "--no-install-recommends")
    quietly(("chroot", asks, "apt-get", "install", *options, *(f"{name}:{arch}" for name in names)))
    for package in (asks / "var/cache/apt/archives").glob(f"*_{arch}.deb"):
        quietly(("dpkg-deb", "--extract", package, root))
    if not (root / "lib").exists():  # as base-files of Debian 13 has it; before, packages bring it
        (root / "lib").symlink_to("usr/lib")
    for name in ("passwd", "group"):
        shutil.copy(asks / "etc" / name, root / "etc" / name)
    shutil.rmtree(asks)


def _emulator(arch: str, root: pathlib.Path) -> None:
    to = root / "brought"
    to.mkdir()
    subprocess.run(("apt-get", "download", "-qq", "qemu-user-static"), check=True, cwd=to, stderr=subprocess.DEVNULL)
    quietly(("dpkg-deb", "--extract", next(to.glob("qemu-user-static*.deb")), to))
    shutil.copy(to / "usr/bin" / EMULATOR[arch], root / "emulator")
    shutil.rmtree(to)


def run_in(root: pathlib.Path, *command: str) -> subprocess.CompletedProcess[str]:
    """One program of it to its end. Raises TimeoutExpired after LIMIT_S."""
    words = ("chroot", str(root), "/emulator", *command)
    return subprocess.run(
        words, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LIMIT_S,
        env={"PATH": os.environ["PATH"], "HOME": "/tmp"},  # noqa: S108 (of that root)
    )  # fmt: skip
