"""Words in a picture: the recogniser itself, where the extra `lpr` is installed."""

import importlib.util
import io

import pytest

from hw.plate_ocr import PlateOcr

IS_THERE = importlib.util.find_spec("rapidocr") is not None


@pytest.mark.skipif(IS_THERE, reason="the extra `lpr` is installed")
def test_without_its_extra_it_says_which():
    with pytest.raises(OSError, match=r"needs the extra `lpr`"):
        PlateOcr()


@pytest.mark.skipif(not IS_THERE, reason="needs the extra `lpr`")
def test_a_drawn_plate_is_read_with_no_network_and_noise_is_an_error(monkeypatch):
    def no_network(*given):
        raise OSError("nothing is sent anywhere")

    drawing, font = pytest.importorskip("PIL.ImageDraw"), pytest.importorskip("PIL.ImageFont")
    monkeypatch.setattr("socket.socket.connect", no_network)
    picture = pytest.importorskip("PIL.Image").new("RGB", (640, 360), (90, 90, 90))
    draw = drawing.Draw(picture)
    draw.rectangle((200, 150, 440, 210), fill="white")
    draw.text((215, 160), "AB12 CDE", fill="black", font=font.load_default(44))
    picture.save(jpeg := io.BytesIO(), "JPEG")
    ocr = PlateOcr()
    ((text, sure),) = ocr.read(jpeg.getvalue())

    assert text.replace(" ", "") == "AB12CDE"
    assert 0.6 < sure <= 1.0
    with pytest.raises(OSError, match="cannot be read"):
        ocr.read(b"no picture")
