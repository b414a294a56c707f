"""A board's `os` for MicroPython's unix port: its own, to which a bench may add (start.py, usb_start.py)."""

from uos import *  # the port's own
