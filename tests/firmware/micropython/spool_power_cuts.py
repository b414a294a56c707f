"""The power goes at every write of a board's outbox, one after the other. Runs under MicroPython: prints ok and counts.

What `keep` came back from is there after the cut, unless it was forgotten; what is there is what was put; and a boot
number is new. With segments so few that old records are written anew, too.
"""

from ram_disk import AT, blank, run

from firmware.board import flash_spool
from firmware.board.flash_spool import FlashSpool
from firmware.outbox import Saved

FOLDER = AT + "/outbox"
flash_spool.MOST = 3


def frame(boot, sequence):
    size = (60, 300, 2300, 4096)[sequence % 4] if sequence % 3 else 120
    return bytes([(boot + sequence + i) & 255 for i in range(size)])


class Life:
    """What a board knows to be on its flash. kept: (boot, sequence) that keep came back from; gone: those forgotten."""

    def __init__(self, earlier=None):
        self.kept, self.tried = (set(earlier.kept), set(earlier.tried)) if earlier else (set(), set())
        self.gone, self.boots = set(), list(earlier.boots) if earlier else []

    def start(self):
        spool = FlashSpool(FOLDER)
        assert spool.boot not in self.boots and spool.boot > max(self.boots, default=-1), (spool.boot, self.boots)
        self.boots.append(spool.boot)
        found = {(saved.boot, saved.sequence): saved for saved in spool.saved}
        assert self.kept - self.gone <= set(found) <= self.tried, (self.kept - self.gone, set(found))
        for key in found:
            assert spool.frame_of(*key) == frame(*key)
            assert found[key].is_health == (key[1] % 5 == 0)
        self.kept = set(found)
        return spool

    def work(self):
        spool = self.start()
        for sequence in range(1, 13):
            key = (spool.boot, sequence)
            self.tried.add(key)
            spool.keep(Saved(spool.boot, sequence, sequence % 5 == 0, frame(*key)))
            self.kept.add(key)
            if sequence % 5 == 0:
                acked = [key for key in sorted(self.kept) if key[1] % 4 or key[1] < sequence - 9]
                self.gone.update(acked)
                spool.forget(acked)
                self.kept.difference_update(acked)


first = Life()
_, image = run(blank(), first.work)
lasted, cut = False, 0
while not lasted:
    cut += 1
    life = Life(first)
    lasted, left = run(image, life.work, cut)
    _, left = run(left, life.start)
    if cut % 7 == 0:  # and once more, where the last cut left it
        lasted_again, left = run(left, life.work, 1 + cut * 5 % 60)
        _, left = run(left, life.start)


def fill():
    """A full flash refuses, keeps what it has, and takes more once something is forgotten."""
    spool, kept = FlashSpool(FOLDER), []
    flash_spool.MOST = 1000
    try:
        for sequence in range(1, 1000):
            spool.keep(Saved(spool.boot, sequence, False, bytes(2000)))
            kept.append((spool.boot, sequence))
        raise AssertionError("endless flash")
    except OSError as error:
        assert error.errno == 28, error
    assert {(saved.boot, saved.sequence) for saved in FlashSpool(FOLDER).saved} >= set(kept)
    spool.forget(kept[:20])
    spool.keep(Saved(spool.boot, 1000, False, bytes(300)))
    assert (spool.boot, 1000) in {(saved.boot, saved.sequence) for saved in FlashSpool(FOLDER).saved}


run(blank(40), fill)
print("ok", cut - 1, "power cuts")
