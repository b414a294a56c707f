"""Time: is this host's clock kept, by whom, and how well it says it is.

A node needs far more of it than a gateway. What a node may place by is in firmware/clock.py (locked to 1 ms, holdover
to 10 ms). A gateway refuses what comes more than 2 s from its future (gateway/intake/gate.py, FUTURE_US) and moves
nothing for what is older than 30 s.
"""

import asyncio
import pathlib
import subprocess
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from firmware.clock import HOLDOVER_US, LOCKED_US
from gateway.intake.gate import FUTURE_US
from hw.linux.chrony import UNSET, read_clock
from hw.linux.date import BORN_US
from hw.linux.kernel_clock import KernelClock, read_kernel_clock
from hw.ports import ClockReading
from soundpost.doctor.seconds import Source, judge_seconds, parse_sources
from soundpost.doctor.verdict import Verdict, failed, passed, warned

GATEWAY_US = FUTURE_US // 4
LIMIT_S = 2.0
USABLE = ("*", "+", "-")
WAY = "install chrony, give it servers, and look with `chronyc tracking`"


def judge_date(now_us: int) -> Verdict:
    """A clock that lost its battery starts in 1970."""
    says = f"this host says {datetime.fromtimestamp(now_us // 1_000_000, UTC):%Y-%m-%d %H:%M:%S}Z"
    if now_us < BORN_US:
        return failed("date", f"{says}, before this program was written", "set the clock; has the board a battery?")
    return passed("date", says)


def judge_clock(reading: ClockReading, kernel: KernelClock | None, is_node: bool) -> Verdict:
    """reading : of chrony, UNSET where there is none. A gateway's clock may be kept by anybody."""
    if reading == UNSET:
        return _judge_without_chrony(kernel, is_node)
    says = f"chrony follows {reading.source}, sigma {_span(reading.sigma_us)}"
    good_us, most_us = (LOCKED_US, HOLDOVER_US) if is_node else (GATEWAY_US, FUTURE_US)
    if reading.sigma_us > most_us:
        costs = (
            "nothing is placed by its arrivals" if is_node else "what nodes say is taken for the future, or for past"
        )
        return failed("time", f"{says}; {costs}", "look with `chronyc sources -v` for servers that do not answer")
    if reading.sigma_us > good_us:
        return warned("time", f"{says}, more than {_span(good_us)}", "look with `chronyc sources -v`; nearer servers?")
    return passed("time", says)


def _judge_without_chrony(kernel: KernelClock | None, is_node: bool) -> Verdict:
    if is_node:
        costs = "its arrivals say so and nothing is placed by them"
        return failed("time", f"no chrony that follows anything, so the clock is coarse: {costs}", WAY)
    if kernel is None:
        return warned("time", "nobody says whether this clock is kept", WAY)
    if not kernel.is_kept:
        return warned("time", "nobody keeps this clock (no chrony, and the kernel calls it not synchronised)", WAY)
    return passed("time", f"kept, though not by a chrony that can be asked; off by {_span(kernel.most_us)} at most")


def judge_sources(sources: Sequence[Source] | None, pps_there: bool, is_node: bool) -> list[Verdict]:
    """pps_there : the kernel has a PPS device. Nothing to say where chrony says nothing: `time` has said it."""
    if sources is None:
        return []
    found = []
    n_usable = sum(each.state in USABLE for each in sources)
    says = f"{n_usable} of {len(sources)} time sources can be used"
    if n_usable == 0:
        found.append(warned("time sources", says, "look with `chronyc sources -v`: is the network there, or the sky?"))
    else:
        found.append(passed("time sources", says))
    if any(each.is_own and each.state == "*" for each in sources):
        found.append(passed("pps", "chrony follows a reference clock of this host"))
    elif pps_there or any(each.is_own for each in sources):
        found.append(
            warned("pps", "is there and chrony does not follow it", "antenna, cable, `refclock PPS` in chrony")
        )
    elif is_node:
        found.append(warned("pps", "none: time comes over the network", "a GNSS receiver with PPS places far better"))
    return [*found, *judge_seconds(sources)]


def check_time(is_node: bool) -> list[Verdict]:
    """Ask clock, kernel and chrony."""
    now_us = time.time_ns() // 1000
    reading = asyncio.run(read_clock())
    pps_there = any(pathlib.Path("/dev").glob("pps*"))
    clock = judge_clock(reading, read_kernel_clock(), is_node)
    return [judge_date(now_us), clock, *judge_sources(_sources(), pps_there, is_node)]


def _sources() -> list[Source] | None:
    command = ("chronyc", "-n", "-c", "sources")
    try:
        ran = subprocess.run(command, check=False, capture_output=True, text=True, timeout=LIMIT_S, errors="replace")
    except (OSError, subprocess.TimeoutExpired):
        return None
    return parse_sources(ran.stdout) if ran.returncode == 0 else None


def _span(us: int) -> str:
    return f"{us} us" if us < 10_000 else f"{us / 1000:.0f} ms" if us < 10_000_000 else f"{us / 1e6:.0f} s"
