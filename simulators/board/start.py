"""What a board on a bench runs first, under MicroPython's unix port: its own folder as its flash, boot.py and main.py.

    micropython start.py FOLDER [FLASH]

FOLDER is mounted as /, and the host's files are below /host, for the fakes. FLASH: a folder of modules that boards
share, where this one has no slots.
"""

import os
import sys

import machine  # the fake one: it has its folder from the environment
import network  # noqa: F401  (kept for the firmware: once / is the flash, it cannot be found)
import vfs

root = "/host" + sys.argv[1] + "/"  # each name in here is on the board's heap: hence no more than these
os.rename = lambda at, to, rename=os.rename: rename(root + at.lstrip("/"), root + to.lstrip("/"))
# (VfsPosix with a root has one buffer for both paths: it renames a file to itself, and says nothing. Seen in 1.29.)
vfs.umount("/")
vfs.mount(vfs.VfsPosix(sys.argv[1]), "/")
vfs.mount(vfs.VfsPosix(), "/host")
os.chdir("/")
machine.FOLDER = "/host" + machine.FOLDER
if len(sys.argv) > 2:
    vfs.mount(vfs.VfsPosix(sys.argv[2]), "/s")  # a board has no long paths, and each module's is on the heap
sys.path[:] = ["", "/s", ".frozen"]
for at in ("/boot.py", "/main.py"):
    try:
        os.stat(at)
    except OSError:
        continue
    execfile(at, {"__name__": "__main__"})  # noqa: F821  (MicroPython's)
