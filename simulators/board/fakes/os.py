"""A board's `os` for MicroPython's unix port: its own, and uname, which tells which board this is (usb_start.py)."""

from collections import namedtuple

from uos import *  # the port's own

MACHINE = "none"
Uname = namedtuple("Uname", ("sysname", "nodename", "release", "version", "machine"))


def uname():
    return Uname("board", "board", "1.29.0", "simulated", MACHINE)
