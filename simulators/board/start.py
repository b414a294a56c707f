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

folder, *shared = sys.argv[1:]
rename = os.rename


def on_host(path):
    return "/host" + folder + "/" + path.lstrip("/")


os.rename = lambda old, new: rename(on_host(old), on_host(new))
# (VfsPosix with a root has one buffer for both paths: it renames a file to itself, and says nothing. Seen in 1.29.)
vfs.umount("/")
vfs.mount(vfs.VfsPosix(folder), "/")
vfs.mount(vfs.VfsPosix(), "/host")
os.chdir("/")
machine.FOLDER = "/host" + machine.FOLDER
for each in shared:
    vfs.mount(vfs.VfsPosix(each), "/s")  # a board has no long paths, and each module's is on the heap
sys.path[:] = ["", "/s", ".frozen"]
for name in ("/boot.py", "/main.py"):
    try:
        os.stat(name)
    except OSError:
        continue
    execfile(name, {"__name__": "__main__"})  # noqa: F821  (MicroPython's)
