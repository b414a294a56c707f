"""A clean Debian in a folder (debootstrap), in which commands run without a network: what `make deploy-check` installs
packages on. Needs root, debootstrap, unshare(1) and ip(8)."""

import contextlib
import os
import pathlib
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence

NAMES = {12: "bookworm", 13: "trixie"}
BROUGHT = ("python3", "mosquitto", "libportaudio2")
"""Debian's own packages that are fetched beforehand, as a copy of its archive would bring them."""
IN_IT = 'ip link set lo up; exec chroot "$0" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"'
LIMIT_S = 600


class Root:
    """path : the folder that a command in it takes for /."""

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path

    def run(self, script: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """A shell script in /root, without a network but for itself. What it prints comes back in one text; apt takes
        what was brought. Raises TimeoutExpired after LIMIT_S."""
        settings = [f"{name}={value}" for name, value in {"DEBIAN_FRONTEND": "noninteractive", **environment}.items()]
        command = ("unshare", "--net", "sh", "-c", IN_IT, str(self.path), *settings, "sh", "-c", f"cd /root\n{script}")
        return subprocess.run(
            command, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LIMIT_S
        )

    def unit(self, name: str) -> str:
        """A service's command, as systemd would start it, for a machine that has none: its user, no capabilities."""
        text = (self.path / "usr/lib/systemd/system" / name).read_text()
        user, command = (re.search(f"^{key}=(.*)$", text, re.M)[1] for key in ("User", "ExecStart"))  # type: ignore[index]
        may = "--init-groups --no-new-privs --bounding-set=-all"
        return f"setpriv --reuid={user} --regid={user} {may} {command}"


@contextlib.contextmanager
def copied(base: pathlib.Path, to: pathlib.Path) -> Iterator[Root]:
    """A copy to spoil."""
    subprocess.run(("cp", "-a", "-x", "--reflink=auto", base, to), check=True)
    with mounted_proc(to):
        yield Root(to)
    shutil.rmtree(to)


@contextlib.contextmanager
def mounted_proc(path: pathlib.Path) -> Iterator[None]:
    """A root's /proc, as long as something runs in it."""
    subprocess.run(("mount", "-t", "proc", "proc", path / "proc"), check=True)
    try:
        yield
    finally:
        subprocess.run(("umount", path / "proc"), check=True)


def made(number: int, folder: pathlib.Path) -> pathlib.Path:
    """The clean root of a Debian, made where it is not there yet. Raises CalledProcessError where it cannot be."""
    name = NAMES[number]
    base = folder / name
    if not (base / "made").exists():
        shutil.rmtree(base, ignore_errors=True)
        quietly(("debootstrap", "--variant=minbase", name, base))
        for mounted in (each for each in (base / "proc", base / "sys") if each.is_mount()):  # as it leaves them
            subprocess.run(("umount", mounted), check=True)
        for file in ("/etc/resolv.conf", "/etc/hosts"):
            shutil.copyfile(file, base / file[1:])
        options = ("--yes", "--download-only", "--no-install-recommends")
        quietly(("chroot", base, "apt-get", "install", *options, *BROUGHT))
        (base / "made").touch()
    return base


def quietly(command: Sequence[str | pathlib.Path]) -> None:
    """A program to its end, as dpkg wants to be run by none. Raises CalledProcessError."""
    environment = {"DEBIAN_FRONTEND": "noninteractive", "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)


def again(package: pathlib.Path, version: str, to: pathlib.Path) -> pathlib.Path:
    """The same package under another version, as a later release would come. Comes back: its file."""
    folder = to / "unpacked"
    quietly(("dpkg-deb", "--raw-extract", package, folder))
    control = folder / "DEBIAN/control"
    was = re.search(r"^Version: (.*)$", control.read_text(), re.M)
    assert was is not None, "a control file has a version"
    for path in (control, folder / "DEBIAN/preinst"):
        path.write_text(path.read_text().replace(was[1], version))
    target = to / package.name.replace(was[1], version)
    quietly(("dpkg-deb", "-Zgzip", "-z1", "--root-owner-group", "--build", folder, target))
    shutil.rmtree(folder)
    return target
