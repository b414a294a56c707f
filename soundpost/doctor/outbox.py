"""A Linux node's own state: does one run here, and what waits for its gateway's ack."""

import pathlib

from firmware.linux.spool import left_behind
from soundpost.doctor.verdict import Verdict, failed, passed, warned

MANY = 50
"""As many as a gateway is asked to be warned of (soundpost/doctor/nodes.py)."""
FILE = "outbox.sqlite"


def judge_running(pid: int | None) -> Verdict:
    """pid : of who holds the outbox; 0 where it is hidden, None: nobody."""
    if pid is None:
        return failed("node", "no node runs here", "systemctl start soundpost-node, and see its log")
    return passed("node", f"runs{f' as process {pid}' if pid else ''}")


def judge_waiting(n_arrivals: int, n_healths: int, name: str) -> Verdict:
    """What was not acknowledged."""
    says = f"{n_arrivals} arrivals and {n_healths} words of itself wait for the gateway"
    if n_arrivals + n_healths > MANY:
        return warned("waiting", says, "does the gateway run, has it this node's key, does the broker let it in?", name)
    return passed("waiting", says, name)


def check_outbox(state_dir: pathlib.Path) -> list[Verdict]:
    """Read from a copy: who opens a node's outbox could keep it from starting."""
    path = state_dir / FILE
    found = [judge_running(who_holds(path))]
    if path.is_file():
        saved = left_behind(state_dir)
        n_healths = sum(each.is_health for each in saved)
        found.append(judge_waiting(len(saved) - n_healths, n_healths, str(path)))
    return found


def who_holds(path: pathlib.Path, locks: str | None = None) -> int | None:
    """The process that has a lock on a file, by the kernel's list. locks : the text of /proc/locks (proc(5)); None:
    read it. Comes back: its number, or 0 where it is hidden; None: nobody, or that cannot be known."""
    try:
        inode = path.stat().st_ino
        text = pathlib.Path("/proc/locks").read_text() if locks is None else locks
    except OSError:
        return None
    for line in text.splitlines():
        fields = line.split()
        if len(fields) >= 6 and "->" not in fields and fields[5].rpartition(":")[2] == str(inode):
            return max(0, int(fields[4]))
    return None
