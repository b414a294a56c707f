"""The power goes at every write of an update's life, one after the other. Runs under MicroPython: prints ok and counts.

A life: version 1 runs from slot a; version 2 comes and goes on trial in b, and again before it was ever started; it is
started, and marked good; version 3 comes into a, is started TRIES times, never marked good, and 2 comes back.
"""

from ram_disk import AT, blank, run, write

from firmware import update
from firmware.board import boot
from firmware.board.installer import Installer, verify
from firmware.board.slots import Slots
from firmware.device import class_of

KEY, CLASS = bytes(range(32)), class_of("esp32s3", 10)
CONTENTS = {
    n: {"firmware/__init__.py": b"", "firmware/node.py": bytes([n]) * 300, "dsp/fixed/kernel.py": bytes([n]) * 5000}
    for n in (1, 2, 3)
}


def manifest(n):
    files = tuple([update.file_of(path, CONTENTS[n][path]) for path in sorted(CONTENTS[n])])
    return update.Manifest(n, CLASS, 0, files)


IMAGES = {n: update.image(manifest(n), KEY, CONTENTS[n]) for n in (1, 2, 3)}


def provision():
    for path in CONTENTS[1]:
        write(AT + "/a/" + path, CONTENTS[1][path])
    write(AT + "/a/manifest", update.seal(manifest(1), KEY))
    boot.save(AT, boot.State("a", "", 0, 1, 0))


def started():
    """The version that a start comes to, every file of it read; the slot is chosen and counted as on a board."""
    slot = boot.choose(AT)
    with open(AT + "/" + slot + "/manifest", "rb") as file:
        found = update.open(file.read(), KEY)
    for file in found.files:
        verify(AT + "/" + slot, file)
    return slot, found.sequence


def install(n):
    bring(n, started()[0])


def bring(n, slot):
    installer = Installer(Slots(AT, slot), KEY, CLASS, 10)
    parts = [IMAGES[n][i : i + 700] for i in range(0, len(IMAGES[n]), 700)]
    assert [installer.feed(part) for part in parts] == [False] * (len(parts) - 1) + [True]


def mark_good():
    slot, _ = started()
    Slots(AT, slot).mark_good()


def only_start():
    started()


# what is done, the versions that may be started after a cut in it, and the one after it is through
LIFE = (
    (lambda: install(2), (1, 2), 2),
    (lambda: bring(2, "a"), (1, 2), 2),
    (mark_good, (1, 2), 2),
    (lambda: install(3), (2, 3), 3),
    (only_start, (2, 3), 3),
    (only_start, (2, 3), 3),
    (only_start, (2, 3), 2),
    (only_start, (2,), 2),
)


def seen_after(image):
    """Start from this image, the power staying, and look."""
    versions = []
    run(image, lambda: versions.append(started()[1]))
    return versions[0]


def heal():
    """Whatever a cut left: an update still goes in, and becomes good."""
    slot, version = started()
    Slots(AT, slot).mark_good()
    if version < 3:
        install(3)
        slot, version = started()
        Slots(AT, slot).mark_good()
    assert boot.load(AT).good == slot and version == 3 and not Slots(AT, slot).on_trial


_, before = run(blank(), provision)
cuts = old = 0
for step, (work, allowed, then) in enumerate(LIFE):
    lasted, cut = False, 0
    while not lasted:
        cut += 1
        lasted, left = run(before, work, cut)
        if not lasted:
            version = seen_after(left)
            assert version in allowed, (step, cut, version)
            cuts, old = cuts + 1, old + (version == allowed[0])
            if cut % 5 == 0:
                run(left, heal)
    before = left
    assert seen_after(before) == then, (step, seen_after(before))
print("ok", cuts, "power cuts, old version started after", old)
