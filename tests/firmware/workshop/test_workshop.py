"""What a technician puts on a board: in which order, what is refused, and what a board's readings say."""

import hashlib
import os

import pytest

from firmware import update
from firmware.board import boot
from firmware.device import class_of
from firmware.workshop import layout, pole_file, release, stock, verdict
from firmware.workshop.application import beside
from firmware.workshop.release import Release
from soundpost import keys

KEY = bytes(range(32))
CONTENTS = {"firmware/node.mpy": b"node", "dsp/fixed/kernel.mpy": b"kernel"}
ROWS = tuple(update.file_of(path, content) for path, content in CONTENTS.items())
MANIFEST = update.Manifest(7, class_of("rp2350", 7), 0, ROWS)
RELEASE = Release(update.seal(MANIFEST, KEY), MANIFEST, CONTENTS, "rp2350", "armv7emsp")
DUE = layout.wanted(RELEASE, beside(), {"/node.json": b"{}", "/node.key": b"secret"})
GOOD = {"s": 5, "low": -900, "high": 900, "pulses": 3, "fix": True, "words": 1, "up": True}
POLE = """
node = "n17"
chip = "rp2350"
xyz_m = [12.0, 40.5, 6.2]
key_file = "n17.key"
update_key_file = "fleet.key"
uplink = { kind = "serial" }
"""


def carried_out(there, n=None):
    """What lies on a flash after the first n steps."""
    there = dict(there)
    for step in layout.steps({path: layout.digest(content) for path, content in there.items()}, DUE)[:n]:
        if step.content is None:
            there.pop(step.path, None)
        else:
            there[step.path] = step.content
    return there


def is_whole(there):
    """Whether what boot.py would start from slot a, if anything, is what its manifest says."""
    state = boot.read(there[boot.STATE].decode()) if boot.STATE in there else None
    if state is None and "/a/manifest" not in there:
        return True
    rows = update.open(there["/a/manifest"], KEY).files
    return all(update.file_of(row.path, there.get(f"/a/{row.path}", b"")) == row for row in rows)


def sealed(sequence, contents):
    rows = tuple(update.file_of(path, content) for path, content in contents.items())
    return update.seal(update.Manifest(sequence, MANIFEST.class_id, 0, rows), KEY)


OLD = {"firmware/node.mpy": b"old", "firmware/more.mpy": b"more"}
OLD_BOARD = {
    **DUE,
    **{f"/a/{path}": content for path, content in OLD.items()},
    "/a/manifest": sealed(6, OLD),
    boot.STATE: boot.write(boot.State("a", "", 0, 6, 0)).encode(),
}


@pytest.mark.parametrize("there", [{}, OLD_BOARD, {**DUE, "/b/old.mpy": b"", "/b/manifest": b""}])
def test_after_any_step_nothing_half_written_is_started(there):
    n = len(layout.steps({path: layout.digest(content) for path, content in there.items()}, DUE))

    assert all(is_whole(carried_out(there, k)) for k in range(n + 1))
    assert carried_out(there) == DUE


def test_what_is_right_is_not_written_again_and_what_the_node_keeps_is_left_alone():
    there = {path: layout.digest(content) for path, content in DUE.items()}

    assert layout.steps({**there, "/outbox/s1": "", "/boot.txt": ""}, DUE) == []
    assert [step.path for step in layout.steps({**there, "/node.json": ""}, DUE)] == ["/node.json"]
    assert [step.path for step in layout.steps({**there, "/broker.key": ""}, DUE)] == ["/broker.key"]


def test_what_differs_is_named():
    there = {path: layout.digest(content) for path, content in DUE.items()}
    del there["/main.py"]
    there |= {"/node.json": "", "/b/manifest": ""}

    said = layout.differences(there, DUE)

    assert said == ["/main.py is missing", "/node.json is another", "/b/manifest should not be there"]


def test_a_healthy_board_passes_and_each_fault_has_its_own_next_action():
    assert all(finding.is_good for finding in verdict.judge([GOOD], "1234abcd"))
    for name, change, words in (
        ("microphone", {"low": 0, "high": 0}, "silent"),
        ("microphone", {"low": -5, "high": -5}, "stuck"),
        ("microphone", {"low": -20, "high": 20}, "silent"),
        ("microphone", {"low": None, "high": None}, "no sound comes"),
        ("pps", {"pulses": 0}, "0 pulses"),
        ("pps", {"pulses": 2}, "2 pulses"),
        ("gnss", {"fix": None}, "says nothing"),
        ("gnss", {"fix": False}, "no fix"),
        ("gateway", {"words": 0}, "no ack"),
        ("gateway", {"words": 0, "up": False}, "no line"),
    ):
        (bad,) = [each for each in verdict.judge([GOOD | change], "1234abcd") if not each.is_good]
        assert (bad.name, words in bad.figure, bad.next_action != "") == (name, True, True), bad


def test_a_node_that_cannot_be_built_says_why():
    for readings, words in (([{"error": "node.key must hold a key"}], "node.key"), ([], "said nothing")):
        (finding,) = verdict.judge(readings, "1234abcd")
        assert words in finding.figure
        assert "provision" in finding.next_action


def test_a_release_reads_back_and_a_damaged_or_foreign_one_is_named():
    image = update.image(MANIFEST, KEY, CONTENTS)

    assert release.read(image, "r7", KEY) == RELEASE
    for wrong, key, words in (
        (image, bytes(32), "not sealed with this update key"),
        (image[:-1], KEY, "copy the file again"),
        (image + b"x", KEY, "copy the file again"),
        (image[:-1] + b"x", KEY, "kernel.mpy is not what"),
        (b"what is this", KEY, "is no release of ours"),
        (b"", KEY, "is no release of ours"),
    ):
        with pytest.raises(ValueError, match=words) as caught:
            release.read(wrong, "r7", key)
        assert str(caught.value).startswith("r7: ")


@pytest.fixture
def desk(tmp_path):
    """A folder with keys."""
    keys.make_keys(["n17", "fleet"], tmp_path)
    return tmp_path


def read_pole(desk, text):
    (desk / "n17.toml").write_text(text)
    return pole_file.read(desk / "n17.toml")


def test_a_pole_file_makes_the_files_of_a_board_and_never_shows_a_key(desk):
    pole = read_pole(desk, POLE)

    assert set(pole.files) == {"/node.json", "/pole.json", "/node.key", "/update.key"}
    assert (desk / "n17.key").read_text().strip() not in repr(pole)
    assert pole.fingerprint == keys.fingerprints(desk / "n17.key")["n17"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (('node = "n17"', 'node = "n 17"'), "node must be 1 to 32"),
        (('chip = "rp2350"', 'chip = "esp8266"'), "chip must be one of esp32s3, rp2350"),
        (('chip = "rp2350"', ""), "chip: is missing"),
        (("[12.0, 40.5, 6.2]", "[12.0, 40.5]"), "xyz_m must be three numbers"),
        (("[12.0, 40.5, 6.2]", "[nan, 40.5, 6.2]"), "xyz_m must be three numbers"),
        (('"fleet.key"', '"n17.key"'), "hold the same key"),
        (('"n17.key"', '"n17.toml"'), "n17.toml: "),
        (('"n17.key"', '"none.key"'), "none.key"),
        (("serial", "pigeon"), "uplink.kind must be serial or mqtt"),
        (('"serial" }', '"serial", host = "h" }'), "uplink.host: unknown key"),
        (('"serial" }', '"serial", baud = 1 }'), "baud must be"),
        (('"serial" }', '"mqtt", host = "h" }'), "broker_key_file must name a file"),
        (("uplink =", "colour = 3\nuplink ="), "colour: unknown key"),
        (("xyz_m", "xyz_m = ["), "is no TOML"),
    ],
)
def test_what_is_wrong_with_a_pole_file_is_one_line(desk, change, says):
    with pytest.raises((ValueError, OSError), match=says) as caught:
        read_pole(desk, POLE.replace(*change, 1))
    assert "\n" not in str(caught.value)
    assert (desk / "n17.key").read_text().strip() not in str(caught.value)


ESP = bytes([0xE9, 1]) + bytes(10) + (9).to_bytes(2, "little") + os.urandom(50)
UF2 = stock.UF2_MAGIC + bytes(20) + 0xE48BFF59.to_bytes(4, "little") + bytes(480)


def write_images(folder, image, sha256=None):
    (folder / "image").write_bytes(image)
    pinned = sha256 or hashlib.sha256(image).hexdigest()
    (folder / "images.toml").write_text(f'[esp32s3]\npath = "image"\nsha256 = "{pinned}"\n')
    return folder / "images.toml"


def test_an_image_is_taken_when_its_hash_is_pinned_and_its_chip_is_right(tmp_path):
    assert stock.read(write_images(tmp_path, ESP), "esp32s3").content == ESP
    assert (stock.chip_of(UF2), stock.chip_of(b"")) == ("rp2350", "")
    for image, sha256, says in (
        (ESP, "00" * 32, "wrong image hash"),
        (UF2, None, "is an image for rp2350, not for esp32s3"),
        (b"\xe9" + bytes(60), None, "no chip of ours"),
        (ESP, "secret", "64 hexadecimal digits"),
    ):
        with pytest.raises(ValueError, match=says):
            stock.read(write_images(tmp_path, image, sha256), "esp32s3")
    with pytest.raises(ValueError, match=r"\[rp2350\] must be there"):
        stock.read(write_images(tmp_path, ESP), "rp2350")


def test_a_board_is_known_by_what_it_calls_itself():
    assert stock.chip_named("Generic ESP32S3 module with ESP32S3") == "esp32s3"
    assert stock.chip_named("ESP32-S3 (QFN56) (revision v0.2)") == "esp32s3"
    assert stock.chip_named("Raspberry Pi Pico2 with RP2350") == "rp2350"
    assert stock.chip_named("Raspberry Pi Pico with RP2040") == ""
