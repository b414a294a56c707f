"""The real /boot.py from the root of a flash, and an application imported from its slot. Runs under MicroPython.

Version 1 runs; 2 comes, crashes at every start and is given up; 3 comes and is marked good. argv: path of boot.py.
"""

import os
import sys

import vfs
from ram_disk import RamDisk, blank, write

from firmware import update
from firmware.board import boot
from firmware.board.installer import Installer
from firmware.board.slots import Slots
from firmware.device import class_of

KEY, CLASS = bytes(32), class_of("rp2350", 11)
with open(sys.argv[1]) as file:
    BOOT = file.read()
disk = RamDisk(blank())
vfs.umount("/")
vfs.mount(vfs.VfsLfs2(disk), "/")
write("/boot.py", BOOT.encode())


def contents(version):
    crash = b"1 // 0\n" if version == 2 else b""
    return {"application/__init__.py": b"", "application/start.py": b"VERSION = %d\n" % version + crash}


def manifest(version):
    files = contents(version)
    return update.Manifest(version, CLASS, 0, tuple([update.file_of(path, files[path]) for path in sorted(files)]))


def start():
    """What a reset does: /boot.py, then main.py's import. Comes back: the version, None where it crashed."""
    sys.path[:] = [""]
    for name in ("application", "application.start"):
        sys.modules.pop(name, None)
    with open("/boot.py") as file:
        exec(file.read(), {"__name__": "__main__"})
    try:
        from application.start import VERSION
    except ZeroDivisionError:
        return None
    return VERSION


def bring(version, slot):
    installer = Installer(Slots("", slot), KEY, CLASS, 11)
    assert installer.feed(update.image(manifest(version), KEY, contents(version)))


for path, content in contents(1).items():
    write("/a/" + path, content)
write("/a/manifest", update.seal(manifest(1), KEY))
boot.save("", boot.State("a", "", 0, 1, 0))
assert start() == 1
bring(2, "a")
assert [start() for _ in range(5)] == [None, None, None, 1, 1]
bring(3, "a")
assert start() == 3
assert sys.path[0] == "/b"
Slots("", "b").mark_good()
assert [start() for _ in range(5)] == [3] * 5
os.remove("/slots.txt")
assert [start() for _ in range(5)] == [1, 1, 1, 3, 3]  # nothing says which: both are whole, and each gets its turn
print("ok")
