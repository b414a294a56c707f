"""esptool as it is called, its answers as its source has them, the real one where no chip answers; a UF2's drive."""

import os
import sys
import tty

import pytest

from hw.chip_flash import EspChip, copy_uf2

SCRIPT = """
import pathlib, sys
here = pathlib.Path(__file__).parent
with (here / "calls").open("a") as calls:
    calls.write(" ".join(sys.argv[1:]) + "\\n")
verb, flash = sys.argv[3], here / "flash"
if verb == "chip-id":
    print("Chip type:          ESP32-S3 (QFN56) (revision v0.2)")
elif verb == "write-flash" and not (here / "worn").exists():
    flash.write_bytes(pathlib.Path(sys.argv[5]).read_bytes())
elif verb == "verify-flash":
    if not flash.exists() or flash.read_bytes() != pathlib.Path(sys.argv[5]).read_bytes():
        print("A fatal error occurred: Verification failed.")
        sys.exit(2)
"""


@pytest.fixture
def chip(tmp_path):
    """A chip behind a program that answers as esptool does."""
    (tmp_path / "esptool.py").write_text(SCRIPT)
    (tmp_path / "image.bin").write_bytes(b"image")
    return EspChip("/dev/ttyX", lambda line: None, (sys.executable, str(tmp_path / "esptool.py")))


def test_an_image_is_written_when_it_is_not_there_and_read_back(chip, tmp_path):
    image = tmp_path / "image.bin"

    assert chip.name().startswith("ESP32-S3")
    assert not chip.holds(image)
    chip.write(image)
    assert chip.holds(image)
    calls = (tmp_path / "calls").read_text().splitlines()
    verify, write = (f"--port /dev/ttyX {verb} 0x0 {image}" for verb in ("verify-flash", "write-flash"))
    assert calls == ["--port /dev/ttyX chip-id", verify, write, verify, verify]


def test_a_flash_that_keeps_nothing_is_named(chip, tmp_path):
    (tmp_path / "worn").touch()

    with pytest.raises(OSError, match="does not read back"):
        chip.write(tmp_path / "image.bin")


def test_the_real_esptool_with_nobody_at_the_port_says_what_to_hold():
    far, near = os.openpty()
    tty.setraw(near)
    said = []
    try:
        with pytest.raises(OSError, match="hold BOOT, press RESET"):
            EspChip(os.ttyname(near), said.append, (sys.executable, "-m", "esptool", "--connect-attempts", "1")).name()
    finally:
        os.close(far)
        os.close(near)

    assert any("esptool v5" in line for line in said)
    assert any("Failed to connect" in line for line in said)


def test_a_uf2_goes_on_the_boot_loaders_drive_and_on_no_other(tmp_path):
    image, drive = tmp_path / "image.uf2", tmp_path / "drive"
    image.write_bytes(b"uf2")
    drive.mkdir()
    with pytest.raises(OSError, match="hold BOOTSEL"):
        copy_uf2(image, drive, "rp2350")
    (drive / "INFO_UF2.TXT").write_text("UF2 Bootloader v1.0\nModel: Raspberry Pi RP2\nBoard-ID: RPI-RP2\n")
    with pytest.raises(OSError, match="wrong chip: Board-ID: RPI-RP2"):
        copy_uf2(image, drive, "rp2350")
    (drive / "INFO_UF2.TXT").write_text("UF2 Bootloader v1.0\nModel: Raspberry Pi RP2350\nBoard-ID: RP2350\n")
    copy_uf2(image, drive, "rp2350")

    assert (drive / "image.uf2").read_bytes() == b"uf2"
