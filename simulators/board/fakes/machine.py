"""A board's `machine` for MicroPython's unix port, earlier on sys.path than its own: each part of the board is a file.

The folder is what SOUNDPOST_BOARD names; who drives the board (simulators/board/bench.py) makes it:

    i2s0            a pipe of stereo frames: it holds 64 KiB, as the ring of the real one does, and blocks come whole
    uart0 uart1 ..  serial lines (ptys)
    temperature     what the sensor says, centi-degrees; none: nothing answers
    led, watchdog   what was done to them, a line each

There is no time in here: who writes frames and bytes decides when they come.
"""

import io
import os
import termios
import time

from micropython import const
from umachine import *  # the port's own parts

FOLDER = os.getenv("SOUNDPOST_BOARD")
_GET_FILENO = const(10)
_VTIME = const(5)
_VMIN = const(6)


def reset():
    raise SystemExit(3)


def note(name, what):
    with open(f"{FOLDER}/{name}", "a") as file:
        file.write(f"{time.ticks_ms()} {what}\n")


class Pin:
    IN, OUT = 0, 1

    def __init__(self, number, mode=0):
        self.number, self.mode, self.level = number, mode, None

    def value(self, level):
        if level != self.level and self.mode == Pin.OUT:
            note(f"pin{self.number}", level)
        self.level = level


class Stream(io.IOBase):
    def ioctl(self, request, argument):
        return self.file.fileno() if request == _GET_FILENO else 0


class I2S(Stream):
    RX, MONO, STEREO = 0, 0, 1

    def __init__(self, number, *, sck, ws, sd, mode, bits, format, rate, ibuf):
        assert (mode, bits, format, ibuf) == (I2S.RX, 32, I2S.STEREO, 65_536)
        self.file = open(f"{FOLDER}/i2s{number}", "rb", 0)

    def readinto(self, view):
        return self.file.readinto(view)


class UART(Stream):
    def __init__(self, number, baudrate=9600, tx=None, rx=None, txbuf=256, rxbuf=256):
        self.file = open(f"{FOLDER}/uart{number}", "r+b", 0)
        settings = termios.tcgetattr(self.file.fileno())
        settings[6][_VMIN] = settings[6][_VTIME] = 0  # read what is there
        termios.tcsetattr(self.file.fileno(), termios.TCSANOW, settings)

    def read(self, n=-1):
        return self.file.read(n)

    def write(self, data):
        return self.file.write(data)

    def txdone(self):
        return True


class I2C:
    def __init__(self, number, *, scl, sda, freq):
        pass

    def readfrom_mem(self, address, register, n):
        with open(f"{FOLDER}/temperature") as file:
            sixteenths = int(file.read()) * 16 // 100
        return ((sixteenths << 4) & 0xFFFF).to_bytes(2, "big")


class WDT:
    def __init__(self, timeout):
        note("watchdog", f"start {timeout}")

    def feed(self):
        note("watchdog", "feed")
