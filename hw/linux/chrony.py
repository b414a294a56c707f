"""What the host's clock is worth, as chrony tells it: one line of `chronyc -n -c tracking`.

chronyc(1) of chrony 4.3, "tracking": clock_error <= |system_time_offset| + root_dispersion + 0.5 * root_delay bounds
the error if the stratum-1 server is right. That bound, and the last measured offset on top, is given as one sigma: too
large rather than too small. While the sources are away chrony lets the root dispersion grow, so holdover shows by
itself. Fields, in the order of "tracking" in chrony's client.c: reference ID (hex), its name or address, stratum,
reference time, system time, last offset, RMS offset, frequency, residual frequency, skew, root delay, root dispersion,
update interval, leap status.
"""

import asyncio
import contextlib
import math

from hw.ports import ClockReading

UNSET = ClockReading(10_000_000, "unset")
"""No chrony, or it follows nothing: ten seconds, so that nothing is ever placed by such a clock."""
LIMIT_S = 2.0
N_FIELDS = 14
MAX_LINE = 1000
LOCAL = "7F7F0101"
"""127.127.1.1: chrony's `local` mode, its own clock declared true: it follows nothing (chrony.conf(5), "local")."""
REFERENCE_CLOCKS = {"PPS": "pps", "GPS": "gps", "GNS": "gps", "NME": "gps", "PHC": "ptp", "PTP": "ptp"}
"""By the first letters of a reference clock's ID, which the owner chooses; these are the customary ones."""


def parse_tracking(line: str) -> ClockReading:
    """One line of `chronyc -c tracking` -> what the clock is worth; UNSET where it follows nothing.

    Raises ValueError where the line is not such a line.
    """
    fields = line.strip().split(",")
    if len(line) > MAX_LINE or len(fields) != N_FIELDS:
        raise ValueError(f"chronyc tracking: {len(fields)} fields, must be {N_FIELDS}")
    reference, name, stratum = fields[0], fields[1], fields[2]
    system_s, last_s, delay_s, dispersion_s = (_seconds(fields[at]) for at in (4, 5, 10, 11))
    bound_s = abs(system_s) + abs(last_s) + abs(dispersion_s) + abs(delay_s) / 2
    followed = fields[13] != "Not synchronised" and reference not in ("00000000", LOCAL)
    if not followed or bound_s * 1e6 >= UNSET.sigma_us:
        return UNSET
    return ClockReading(max(1, math.ceil(bound_s * 1e6)), _source(reference, name, stratum))


def _seconds(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"chronyc tracking: {text!r} is no number of seconds")
    return value


def _source(reference: str, name: str, stratum: str) -> str:
    """`pps`, `gps` or `ptp` for a reference clock of our own (its ID spells its name), else `ntp`."""
    try:
        spelt = bytes.fromhex(reference).rstrip(b"\0").decode("ascii")
    except ValueError:
        return "ntp"
    own = stratum == "1" and spelt == name
    return REFERENCE_CLOCKS.get(spelt[:3].upper(), "ntp") if own else "ntp"


async def read_clock(program: str = "chronyc") -> ClockReading:
    """Ask chrony. UNSET where it is not installed, not running, silent for LIMIT_S or follows nothing; never raises."""
    try:
        chronyc = await asyncio.create_subprocess_exec(
            program, "-n", "-c", "tracking", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
    except OSError:
        return UNSET
    try:
        said, _ = await asyncio.wait_for(chronyc.communicate(), LIMIT_S)
        return parse_tracking(said.decode("ascii")) if chronyc.returncode == 0 else UNSET
    except (TimeoutError, ValueError):
        return UNSET
    finally:
        if chronyc.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                chronyc.kill()
            await chronyc.wait()
