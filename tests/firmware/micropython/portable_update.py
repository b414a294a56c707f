"""Updates, slots and the outbox on flash: cases that run on CPython (test_update.py) and, as a program, on MicroPython.

Each function is a case that gets a folder of its own; as a program, with a folder as its argument, this prints
`ok NAME` for each and ends with a traceback at the first that fails.
"""

import hashlib
import os

from firmware import cbor, trial, update
from firmware.board import boot
from firmware.board.boot import State, choose, decide
from firmware.board.flash_spool import FlashSpool, record
from firmware.board.installer import Installer
from firmware.board.slots import Slots
from firmware.device import class_of
from firmware.mac import Mac
from firmware.outbox import Outbox, Saved
from firmware.trial import Trial
from firmware.update import AAD, MAC0, OPENING, PROTECTED, BadUpdate, File, Manifest

KEY, CLASS, ARM = bytes(range(32)), class_of("rp2350", 7), 7
MPY = bytes([0x4D, 6, 7 << 2 | 3, 31])
CONTENTS = {
    "firmware/__init__.py": b"",
    "firmware/node.mpy": MPY + bytes(3000),
    "dsp/fixed/kernel.mpy": MPY + bytes(900),
}
CASES = []


def case(function):
    CASES.append(function)
    return function


def manifest(sequence, contents=CONTENTS, class_id=CLASS, min_version=0):
    files = tuple([update.file_of(path, contents[path]) for path in sorted(contents)])
    return Manifest(sequence, class_id, min_version, files)


def image(sequence, contents=CONTENTS, **more):
    return update.image(manifest(sequence, contents, **more), KEY, contents)


def reason_of(work, *args):
    """The one reject type's reason; anything else that is raised goes through."""
    try:
        work(*args)
    except BadUpdate as error:
        assert error.reason in update.REASONS
        return error.reason
    return None


def sealed_as(fields):
    """A manifest of any fields at all under the right key."""
    payload = bytearray([0xA0 + len(fields)])
    for key in sorted(fields):
        payload.append(key)
        cbor.write(payload, fields[key])
    sealed = bytearray(OPENING)
    cbor.write(sealed, bytes(payload))
    sealed.extend(b"\x58\x20" + Mac(KEY).tag(MAC0, PROTECTED, AAD, bytes(sealed[len(OPENING) :])))
    return bytes(sealed)


def board(root, sequence=5):
    """A board that runs this version from slot a."""
    for path in CONTENTS:
        steps = ("a/" + path).split("/")
        for n in range(1, len(steps)):
            if not exists(root + "/" + "/".join(steps[:n])):
                os.mkdir(root + "/" + "/".join(steps[:n]))
        with open(root + "/a/" + path, "wb") as file:
            file.write(CONTENTS[path])
    with open(root + "/a/manifest", "wb") as file:
        file.write(update.seal(manifest(sequence), KEY))
    boot.save(root, State("a", "", 0, sequence, 0))
    return Slots(root, "a")


def exists(path):
    try:
        os.stat(path)
    except OSError:
        return False
    return True


def install(slots, whole, part=500):
    installer = Installer(slots, KEY, CLASS, ARM)
    done = False
    for at in range(0, len(whole), part):
        assert not done
        done = installer.feed(whole[at : at + part])
    return done


@case
def a_manifest_opens_to_what_was_sealed_and_has_one_encoding(root):
    sealed = update.seal(manifest(7, min_version=3), KEY)

    assert update.open(sealed, KEY) == manifest(7, min_version=3)
    assert update.seal(update.open(sealed, KEY), KEY) == sealed
    assert reason_of(update.open, sealed, bytes(32)) == "mac"


@case
def any_byte_that_is_changed_or_missing_is_refused(root):
    sealed = update.seal(manifest(7), KEY)
    for at in range(len(sealed)):
        assert reason_of(update.open, sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :], KEY)
        assert reason_of(update.open, sealed[:at], KEY)
    assert reason_of(update.open, sealed + b"\0", KEY) == "shape"
    assert reason_of(update.open, bytes(10_000), KEY) == "size"


@case
def noise_is_refused_by_the_one_reject_type(root):
    state = 12345
    for n in range(200):
        noise = bytearray()
        for _ in range(n % 90):
            state = (state * 1103515245 + 12345) & 0x7FFFFFFF
            noise.append(state >> 16 & 255)
        assert reason_of(update.open, bytes(noise), KEY)
        assert reason_of(update.open, OPENING + bytes(noise), KEY)


@case
def what_the_key_holder_sealed_is_no_less_checked(root):
    sha = bytes(32)
    good = {0: 1, 1: 7, 2: CLASS, 3: 0, 4: ((b"a.py", 1, sha),)}
    assert update.open(sealed_as(good), KEY).files == (File("a.py", 1, sha),)
    wrong = [
        {0: 2}, {1: 0}, {1: 1 << 32}, {1: b"7"}, {2: CLASS[:15]}, {2: 7}, {3: -1}, {4: ()}, {4: 7}, {4: (7,)},
        {4: b"a"}, {4: ((b"a.py", 1),)}, {4: ((b"a.py", -1, sha),)}, {4: ((b"a.py", update.MAX_FILE + 1, sha),)},
        {4: ((b"a.py", 1, sha[:31]),)}, {4: ((b"\xff.py", 1, sha),)}, {4: ((7, 1, sha),)}, {5: 1},
        {4: ((b"a.py", 1, sha), (b"a.py", 1, sha))}, {4: ((b"a.py", 1, sha), (b"a.py/b.py", 1, sha))},
        {4: tuple([(b"a%d.py" % n, 1, sha) for n in range(65)])},
        {4: tuple([(b"a%d.py" % n, update.MAX_FILE, sha) for n in range(7)])},
    ]  # fmt: skip
    for path in (
        b"../boot.py", b"/boot.py", b"a/../b.py", b"a//b.py", b"A.py", b"a.txt", b".py", b"a/.py", b"a b.py",
        b"manifest", b"a" * 70 + b".py", b"a/b/c/d/e.py", b"a\\b.py", b"",
    ):  # fmt: skip
        wrong.append({4: ((path, 1, sha),)})
    for change in wrong:
        fields = dict(good)
        fields.update(change)
        assert reason_of(update.open, sealed_as(fields), KEY) == "schema", change


@case
def deep_and_endless_nests_are_refused(root):
    for bomb in (b"\x81" * 3000, b"\x9a\xff\xff\xff\xff", b"\xa1\x04" + b"\x98\xff" * 200, b"\xbb" + b"\xff" * 8, b""):
        sealed = bytearray(OPENING)
        cbor.write(sealed, bomb)
        sealed.extend(b"\x58\x20" + Mac(KEY).tag(MAC0, PROTECTED, AAD, bytes(sealed[len(OPENING) :])))
        assert reason_of(update.open, bytes(sealed), KEY) == "schema"


@case
def another_chip_an_older_version_and_one_too_new_are_refused(root):
    check = update.check

    assert reason_of(check, manifest(6), CLASS, 5, 5) is None
    assert reason_of(check, manifest(6), class_of("rp2350", 11), 5, 5) == "class"
    assert reason_of(check, manifest(6), class_of("esp32s3", 10), 5, 5) == "class"
    assert [reason_of(check, manifest(n), CLASS, 5, 8) for n in (4, 5, 8)] == ["downgrade"] * 3
    assert reason_of(check, manifest(9, min_version=7), CLASS, 5, 5) == "version"


@case
def code_for_another_machine_is_refused(root):
    assert reason_of(update.check_code, "a.mpy", MPY, ARM) is None
    assert reason_of(update.check_code, "a.mpy", bytes([0x4D, 6, 0, 31]), ARM) is None
    assert reason_of(update.check_code, "a.py", b"impo", ARM) is None
    for head in (MPY[:3], bytes([0x4D, 5]) + MPY[2:], bytes([0x4D, 6, 10 << 2 | 3, 31]), b"impo"):
        assert reason_of(update.check_code, "a.mpy", head, ARM) == "file"


@case
def a_state_reads_back_and_a_damaged_one_is_none(root):
    for state in (State("a", "", 0, 5, 0), State("a", "b", 3, 5, 6), State("", "a", 1, 0, 1)):
        text = boot.write(state)
        assert boot.read(text) == state
        for at in range(len(text) - 1):
            assert boot.read(text[:at] + chr(ord(text[at]) ^ 1) + text[at + 1 :]) in (None, state)
        assert boot.read(text[:-3]) is None
    assert boot.read("") is None


@case
def a_trial_has_three_starts_and_then_the_good_one_runs_for_good(root):
    state, started = State("a", "b", boot.TRIES, 5, 6), []
    for _ in range(6):
        slot, state = decide(state)
        started.append(slot)

    assert started == ["b", "b", "b", "a", "a", "a"]
    assert state == State("a", "", 0, 5, 6)


@case
def without_a_state_the_slot_that_is_whole_runs(root):
    assert choose(root) == ""
    board(root)
    os.remove(root + "/slots.txt")
    assert choose(root) == "a"
    with open(root + "/slots.txt", "w") as file:
        file.write("soundpost-slots-1 b - 0 9 0 00000000\n")
    assert choose(root) == "a"
    assert boot.load(root) == State("a", "", 0, 0, 0)


@case
def an_image_goes_in_by_parts_of_any_size(root):
    whole = image(6)
    for part in (1, 7, 512, len(whole)):
        slots = board(root)
        assert install(slots, whole, part)
        assert choose(root) == "b"
        assert boot.load(root) == State("a", "b", boot.TRIES - 1, 5, 6)
        with open(root + "/b/firmware/node.mpy", "rb") as file:
            assert hashlib.sha256(file.read()).digest() == manifest(6).files[2].sha256


@case
def an_image_that_breaks_off_or_goes_on_is_never_tried(root):
    slots, whole = board(root), image(6)

    assert not install(slots, whole[:-1])
    assert choose(root) == "a"
    assert reason_of(install, board(root), whole + b"x") == "size" or choose(root) == "b"
    assert reason_of(install, board(root), whole + b"x", len(whole) + 1) == "size"
    assert reason_of(install, board(root), b"\xff\xff\xff\xff" + whole) == "size"
    assert choose(root) == "a"


@case
def a_file_that_is_not_what_the_manifest_says_is_named_and_never_tried(root):
    slots, whole = board(root), bytearray(image(6))
    whole[-1] ^= 1

    assert reason_of(install, slots, bytes(whole)) == "file"
    assert choose(root) == "a"
    other = dict(CONTENTS)
    other["firmware/node.mpy"] = bytes([0x4D, 6, 10 << 2 | 3, 31]) + bytes(10)
    assert reason_of(install, board(root), image(6, other)) == "file"
    assert choose(root) == "a"


@case
def what_is_refused_leaves_the_other_slot_alone(root):
    slots = board(root)
    assert install(slots, image(6))
    assert choose(root) == "b"
    tried = Slots(root, "b")
    tried.mark_good()
    for refused, reason in ((image(6), "downgrade"), (image(5), "downgrade"), (image(9, min_version=8), "version")):
        assert reason_of(install, Slots(root, "b"), refused) == reason
    assert reason_of(install, Slots(root, "b"), image(9, class_id=bytes(16))) == "class"
    assert exists(root + "/a/manifest")
    assert boot.load(root) == State("b", "", 0, 6, 0)


@case
def a_version_on_trial_takes_no_update(root):
    assert install(board(root), image(6))
    assert choose(root) == "b"

    assert reason_of(install, Slots(root, "b"), image(7)) == "busy"
    assert exists(root + "/a/manifest")


@case
def a_version_that_was_given_up_is_not_started_again(root):
    assert install(board(root), image(6))
    assert choose(root) == "b"
    Slots(root, "b").give_up()

    assert [choose(root) for _ in range(3)] == ["a", "a", "a"]
    assert boot.load(root).floor == 5
    assert (Slots(root, "a").runs, Slots(root, "a").gave_up) == (5, 6)


@case
def a_version_stays_only_after_microphone_pulse_and_ack(root):
    for missing in (None,) + trial.SEEN:
        ours = Trial(1000)
        for what in trial.SEEN:
            if what != missing:
                assert ours.verdict(2000) is None
                ours.see(what)
        assert ours.verdict(2000) == (None if missing else True)
        assert ours.verdict(1000 + trial.TRIAL_MS) == (not missing)


@case
def a_torn_or_damaged_end_costs_at_most_what_is_torn(root):
    saved = [Saved(3, n, n == 2, bytes([n]) * (20 * n)) for n in (1, 2, 3)]
    whole = b"".join([b"".join(record(one)) for one in saved])
    last = len(whole) - len(b"".join(record(saved[2])))
    for n, segment in enumerate([whole[:cut] for cut in range(last, len(whole), 7)] + [whole[:-9] + b"x" + whole[-8:]]):
        folder = root + "/" + str(n)
        os.mkdir(folder)
        with open(folder + "/s1", "wb") as file:
            file.write(segment)
        spool = FlashSpool(folder)
        assert [(one.sequence, one.is_health, one.frame) for one in spool.saved] == [(1, False, None), (2, True, None)]
        spool.keep(saved[2])
        again = FlashSpool(folder)
        assert [again.frame_of(one.boot, one.sequence) for one in again.saved] == [one.frame for one in saved]
        assert again.frame_of(3, 9) is None


@case
def what_is_forgotten_leaves_with_its_segment_and_a_boot_number_is_used_once(root):
    spool = FlashSpool(root)
    kept = [Saved(spool.boot, n, False, bytes(1500)) for n in range(1, 7)]
    for one in kept:
        spool.keep(one)
    spool.forget([(spool.boot, n) for n in (1, 2, 5, 9)])
    again = FlashSpool(root)
    assert again.boot == spool.boot + 1
    assert [one.sequence for one in again.saved] == [3, 4, 5, 6]
    again.forget([(spool.boot, n) for n in range(7)])
    assert FlashSpool(root).saved == ()
    assert [name for name in os.listdir(root) if name[0] == "s"] == []


@case
def a_board_s_outbox_holds_no_frame_and_sends_all_of_them_a_few_at_a_time(root):
    spool = FlashSpool(root)
    outbox = Outbox(spool.boot, spool.saved, 100, spool.frame_of, 8)
    for n in range(1, 31):
        one = Saved(spool.boot, outbox.next_sequence(), n % 5 == 0, bytes([n]) * 400)
        outbox.put(one, 0)
        spool.keep(one)
    spool = FlashSpool(root)
    outbox = Outbox(spool.boot, spool.saved, 100, spool.frame_of, 8)
    sent, batch = [], outbox.all_again(0)
    while batch:
        sent += batch
        freed = outbox.acked(tuple([(spool.boot - 1, frame[0], frame[0]) for frame in batch]), 0)
        spool.forget(freed)
        assert len(freed) == len(batch) <= 8
        batch = outbox.settled_again(0)
    assert sent == [bytes([n]) * 400 for n in range(1, 31)]
    assert FlashSpool(root).saved == ()


if __name__ == "__main__":
    import sys

    for n, each in enumerate(CASES):
        folder = sys.argv[1] + "/" + str(n)
        os.mkdir(folder)
        each(folder)
        print("ok", each.__name__)
