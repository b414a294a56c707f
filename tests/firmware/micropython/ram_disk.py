"""A flash in memory whose power goes at a chosen write, under LittleFS. Runs under MicroPython."""

import os

import vfs

BLOCK = 4096
AT = "/f"
EIO = -5


class RamDisk:
    """The write or erase number `cut` is done by half, and nothing after it, reads neither; 0: the power stays.

    What fails says so by a number and allocates nothing: files that were open are closed when the heap is locked.
    """

    def __init__(self, image, cut=0):
        self.data, self.left, self.dead = bytearray(image), cut, False

    def readblocks(self, block, buf, offset=0):
        if self.dead:
            return EIO
        at = block * BLOCK + offset
        buf[:] = self.data[at : at + len(buf)]
        return 0

    def writeblocks(self, block, buf, offset=None):
        if self.dead:
            return EIO
        n = self._spend(len(buf))
        at = block * BLOCK + (offset or 0)
        self.data[at : at + n] = memoryview(buf)[:n]
        return EIO if self.dead else 0

    def ioctl(self, op, arg):
        if op == 4:
            return len(self.data) // BLOCK
        if op == 5:
            return BLOCK
        if op == 6:
            if self.dead:
                return EIO
            n = self._spend(BLOCK)
            self.data[arg * BLOCK : arg * BLOCK + n] = b"\xff" * n
            return EIO if self.dead else 0
        return 0

    def _spend(self, n):
        """How many of n bytes are still written."""
        if self.left == 0:
            return n
        self.left -= 1
        self.dead = self.left == 0
        return n // 2 if self.dead else n


def blank(blocks=64):
    """The image of an empty flash."""
    disk = RamDisk(bytes(blocks * BLOCK))
    vfs.VfsLfs2.mkfs(disk)
    return bytes(disk.data)


def run(image, work, cut=0):
    """Do work on a flash of this image. Comes back: whether it lasted, and the image that it left."""
    disk = RamDisk(image, cut)
    try:
        vfs.mount(vfs.VfsLfs2(disk), AT)
        work()
    except OSError:
        if not disk.dead:
            raise
    left = bytes(disk.data)
    try:
        vfs.umount(AT)
    except OSError:
        pass
    return not disk.dead, left


def write(path, content):
    """A file, and the folders above it."""
    steps = path.split("/")
    for n in range(2, len(steps)):
        try:
            os.mkdir("/".join(steps[:n]))
        except OSError:
            pass
    with open(path, "wb") as file:
        file.write(content)
