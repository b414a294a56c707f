"""What a board on a USB cable runs first, under MicroPython's unix port: its flash, then boot.py and main.py.

    micropython -i usb_start.py FLASH BLOCKS MACHINE main|-

FLASH: a file of BLOCKS blocks of 4096 bytes, LittleFS, mounted as /. MACHINE: what os.uname() says. With -, main.py is
not run, as after a soft reset in the raw REPL. The host's files are below /host, for the fakes.
"""

import os
import sys
from collections import namedtuple

import machine  # the fake one: it has its folder from the environment
import network  # noqa: F401  (kept for the firmware: once / is the flash, it cannot be found)
import vfs

BLOCK = 4096
SIZE, COUNT, ERASE = 5, 4, 6


class FileDisk:
    """A block device in a file: what is written is there after the process is killed."""

    def __init__(self, path, n_blocks):
        self.file, self.n_blocks = open(path, "r+b"), n_blocks

    def readblocks(self, block, buffer, offset=0):
        self.file.seek(block * BLOCK + offset)
        self.file.readinto(buffer)

    def writeblocks(self, block, buffer, offset=0):
        self.file.seek(block * BLOCK + offset)
        self.file.write(buffer)
        self.file.flush()

    def ioctl(self, request, argument):
        return {COUNT: self.n_blocks, SIZE: BLOCK, ERASE: 0}.get(request)


def mount(disk):
    try:
        vfs.mount(vfs.VfsLfs2(disk), "/")
    except OSError:  # as a new board does
        vfs.VfsLfs2.mkfs(disk)
        vfs.mount(vfs.VfsLfs2(disk), "/")


Uname = namedtuple("Uname", ("sysname", "nodename", "release", "version", "machine"))
path, blocks, MACHINE, then = sys.argv[1:]
os.uname = lambda: Uname("board", "board", "1.29.0", "simulated", MACHINE)
flash = FileDisk(path, int(blocks))
vfs.umount("/")
mount(flash)
vfs.mount(vfs.VfsPosix("/"), "/host")
machine.FOLDER = "/host" + machine.FOLDER
sys.path[:] = ["", ".frozen"]
for name in ("/boot.py", "/main.py") if then == "main" else ("/boot.py",):
    try:
        with open(name) as file:
            source = file.read()
    except OSError:
        continue
    exec(source, {"__name__": "__main__"})
