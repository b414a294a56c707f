"""A Debian that runs: its root (deploy/check/root.py) with Debian's own systemd as process 1 of namespaces of its own.
So services are started, watched and fenced in by what does it on the street.

It has no network but itself. It may not set this machine's clock, load modules or write sysctls. Its control groups
have the controllers that this host's cgroup v2 leaves for it: where there are none, memory limits are not enforced.
Needs root, unshare(1), nsenter(1), setpriv(1), pivot_root(8), and cgroup v2 mounted somewhere.
"""

import contextlib
import pathlib
import re
import shutil
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator

from deploy.check.root import LIMIT_S, NAMES, Root, made, mounted_proc, quietly

INIT = ("systemd", "systemd-sysv", "dbus")
BROUGHT = ("chrony", "faketime")
"""Fetched beforehand, beside what deploy/check/root.py brings."""
UP_S, DOWN_S = 60.0, 5.0
NOT = "--bounding-set=-sys_time,-sys_module,-sys_boot"
APART = ("--pid", "--mount", "--net", "--cgroup", "--uts", "--ipc")
PATH = "PATH=/usr/sbin:/usr/bin:/sbin:/bin"
BOOT = f"""
set -e
mount --make-rprivate /
mount --bind "$0" "$0"
cd "$0"
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,ro,bind proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=755 tmpfs dev
for each in null zero full random urandom tty; do touch dev/$each; mount --bind /dev/$each dev/$each; done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=666 devpts dev/pts
mount -t tmpfs tmpfs dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
pivot_root . .
umount -l .
exec setpriv {NOT} env -i container=soundpost {PATH} /lib/systemd/systemd
"""


class Machine(Root):
    """path : of its root, which can be read and written from outside. first : its process 1, as this host counts."""

    def __init__(self, path: pathlib.Path, first: int) -> None:
        super().__init__(path)
        self.first = first

    def run(self, script: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """A shell script in /root of the running machine. What it prints comes back in one text. Raises TimeoutExpired
        after LIMIT_S."""
        settings = [f"{name}={value}" for name, value in {"DEBIAN_FRONTEND": "noninteractive", **environment}.items()]
        within = ("nsenter", f"--target={self.first}", *APART, "setpriv", NOT, "env", "-i", PATH, *settings)
        return subprocess.run(
            (*within, "sh", "-c", f"cd /root\n{script}"), check=False, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LIMIT_S,
        )  # fmt: skip


def with_systemd(number: int, folder: pathlib.Path) -> pathlib.Path:
    """The root of a Debian as its installer leaves it: with an init. Made where it is not there yet. Raises
    CalledProcessError where it cannot be."""
    base = folder / f"{NAMES[number]}-systemd"
    if not (base / "made").exists():
        shutil.rmtree(base, ignore_errors=True)
        quietly(("cp", "-a", "-x", "--reflink=auto", made(number, folder), base))
        (base / "made").unlink()
        options = ("--yes", "--no-install-recommends")
        with mounted_proc(base):
            quietly(("chroot", base, "apt-get", "update"))
            quietly(("chroot", base, "apt-get", "install", *options, *INIT))
            quietly(("chroot", base, "apt-get", "install", *options, "--download-only", *BROUGHT))
        (base / "made").touch()
    return base


@contextlib.contextmanager
def booted(base: pathlib.Path, to: pathlib.Path, prepare: Callable[[pathlib.Path], None]) -> Iterator[Machine]:
    """A copy of a root that with_systemd made, running; ended and removed afterwards. prepare : what is put into the
    copy before it runs. Raises TimeoutError where it does not come up, OSError where this host has no cgroup v2."""
    subprocess.run(("cp", "-a", "-x", "--reflink=auto", base, to), check=True)
    (to / "etc/machine-id").write_text(f"{uuid.uuid4().hex}\n")
    prepare(to)
    group = _cgroup2() / f"soundpost-check-{to.stat().st_ino}"
    group.mkdir()
    start = 'echo $$ > "$1/cgroup.procs"; shift; exec "$@"'
    unshare = ("setpriv", "--pdeathsig", "KILL", "unshare", "--fork", "--kill-child", *APART, "sh", "-c", BOOT, to)
    with (to.parent / "boot.log").open("wb") as log:
        runs = subprocess.Popen(
            ("sh", "-c", start, "sh", group, *unshare), stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        yield _up(runs, to)
    finally:
        runs.kill()
        runs.wait()
        _let_go(group)
        shutil.rmtree(to)


def _up(runs: "subprocess.Popen[bytes]", to: pathlib.Path) -> Machine:
    """Once systemd says that everything was started."""
    until_s, children = time.monotonic() + UP_S, pathlib.Path(f"/proc/{runs.pid}/task/{runs.pid}/children")
    while time.monotonic() < until_s and runs.poll() is None:
        first = children.read_text().split()
        if first and pathlib.Path(f"/proc/{first[0]}/comm").read_text().strip() == "systemd":
            machine = Machine(to, int(first[0]))
            if machine.run("systemctl is-system-running").stdout.strip() in ("running", "degraded"):
                return machine
        time.sleep(0.2)
    raise TimeoutError(f"{to}: systemd is not up after {UP_S:g} s: {(to.parent / 'boot.log').read_text()[-500:]}")


def _cgroup2() -> pathlib.Path:
    found = re.search(r"^\S+ (\S+) cgroup2 ", pathlib.Path("/proc/self/mounts").read_text(), re.M)
    if found is None:
        raise OSError("no cgroup v2 is mounted here: systemd cannot run (mount -t cgroup2 cgroup2 /sys/fs/cgroup)")
    return pathlib.Path(found[1])


def _let_go(group: pathlib.Path) -> None:
    """Its control groups, once the last process of them has ended."""
    until_s = time.monotonic() + DOWN_S
    while group.exists() and time.monotonic() < until_s:
        for each in sorted((path for path in group.rglob("*") if path.is_dir()), reverse=True):
            with contextlib.suppress(OSError):
                each.rmdir()
        with contextlib.suppress(OSError):
            group.rmdir()
        time.sleep(0.05)
