"""A gateway to try a fleet on: a Debian that runs (deploy/check/machine.py), reached by an sshd of its own through a
pipe, so that nothing listens outside of it. Needs ssh-keygen(1) besides."""

import contextlib
import pathlib
import shutil
import subprocess
from collections.abc import Iterator

from deploy.check.machine import APART, NOT, PATH, Machine, booted, with_systemd
from deploy.check.root import mounted_proc, quietly

OF_A_FLEET = ("openssh-server", "python3", "python3-apt")
"""What Debian's own installer leaves on a server; python3-apt is what Ansible's apt stands on."""
NO_CLOCK = "[Unit]\nConditionCapability=\n[Service]\nExecStart=\nExecStart=!/usr/sbin/chronyd -F 1 -x\n"
"""For chrony: it is this machine's clock, and others work on it (chronyd(8), -x)."""


def base_of_a_fleet(number: int, folder: pathlib.Path) -> pathlib.Path:
    """A Debian with OF_A_FLEET installed, made where it is not there yet. Raises CalledProcessError."""
    clean = with_systemd(number, folder)
    base = folder / f"{clean.name}-ssh"
    if not (base / "made").exists():
        shutil.rmtree(base, ignore_errors=True)
        quietly(("cp", "-a", "-x", "--reflink=auto", clean, base))
        (base / "made").unlink()
        with mounted_proc(base):
            quietly(("chroot", base, "apt-get", "update"))
            quietly(("chroot", base, "apt-get", "install", "--yes", "--no-install-recommends", *OF_A_FLEET))
        (base / "made").touch()
    return base


@contextlib.contextmanager
def reachable(name: str, base: pathlib.Path, folder: pathlib.Path, key: pathlib.Path) -> Iterator[Machine]:
    """A copy of base that runs. key : public, of who may come in as root."""

    def prepare(root: pathlib.Path) -> None:
        (root / "etc/hostname").write_text(f"{name}\n")
        (root / "etc/hosts").write_text(f"127.0.0.1 localhost {name}\n")
        (root / "root/.ssh").mkdir(mode=0o700, exist_ok=True)
        shutil.copyfile(key, root / "root/.ssh/authorized_keys")
        for path in (root / "etc/ssh").glob("ssh_host_*"):  # each machine its own
            path.unlink()
        own = root / "etc/ssh/ssh_host_ed25519_key"
        subprocess.run(("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", own), check=True)
        (root / "etc/systemd/system/chrony.service.d").mkdir(parents=True)
        (root / "etc/systemd/system/chrony.service.d/no-clock.conf").write_text(NO_CLOCK)

    (folder / name).mkdir(parents=True)
    with booted(base, folder / name / "root", prepare) as machine:
        yield machine


def sshd(machine: Machine) -> str:
    """A command that is an sshd of the machine on its standard input and output: ssh's ProxyCommand."""
    within = ("nsenter", f"--target={machine.first}", *APART, "setpriv", NOT, "env", "-i", PATH)
    return " ".join((*within, "/usr/sbin/sshd", "-i"))
