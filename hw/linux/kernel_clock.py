"""Whether somebody keeps this host's clock, as the kernel knows it, whoever that is: chrony, ntpd or systemd.

`adjtimex` with modes = 0 changes nothing and needs no right; struct timex, STA_UNSYNC and TIME_ERROR as in
<linux/timex.h>. Times in it are microseconds.
"""

import ctypes
from dataclasses import dataclass

STA_UNSYNC = 0x0040
LONG = ctypes.c_long


class _Timex(ctypes.Structure):
    """The head of struct timex, and room for the rest."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", LONG),
        ("freq", LONG),
        ("maxerror", LONG),
        ("esterror", LONG),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


@dataclass(frozen=True, slots=True)
class KernelClock:
    """is_kept : somebody sets it by a better one. most_us : by how much it may be off, as whoever keeps it says."""

    is_kept: bool
    most_us: int


def read_kernel_clock() -> KernelClock | None:
    """None where the kernel does not say."""
    found = _Timex()
    try:
        state = ctypes.CDLL(None).adjtimex(ctypes.byref(found))
    except (OSError, AttributeError):
        return None
    return None if state < 0 else KernelClock(not found.status & STA_UNSYNC, int(found.maxerror))
