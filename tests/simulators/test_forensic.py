import io
import json
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.recordings.forensic import read_chunk
from simulators.recordings.sources import open_source

SHEET = {
    "serialNumber": "SCP-1",
    "startTimeUTC": "2022-09-18T05:20:54.178Z",
    "geolocation": {"latitude": 41.0, "longitude": -87.0, "elevation": 190.0},
    "weather": {"temperature": 25.0, "relativeHumidity": None, "speed": 6.0, "direction": 210.0},
    "transducers": [{"channel": 0, "fullScale": 93.09}],
}
SOUND = struct.pack("<HHIIHH", 1, 1, 12_000, 24_000, 2, 16)


def chunk(name, body, length=None):
    return name + struct.pack("<I", len(body) if length is None else length) + body + b"\0" * (len(body) % 2)


def wave(*extra):
    body = b"WAVE" + chunk(b"fmt ", SOUND) + chunk(b"data", b"\1\0" * 600) + b"".join(extra)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def sheet(**changes):
    return chunk(b"smj0", zlib.compress(json.dumps(SHEET | changes).encode()))


def refusal(folder, content):
    (folder / "a.wav").write_bytes(wave(sheet()))
    (folder / "b.wav").write_bytes(content)
    with pytest.raises(ValueError, match=r"b\.wav: ") as caught:
        list(open_source(folder))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_whole_sheet_is_read(tmp_path):
    (tmp_path / "a.wav").write_bytes(wave(sheet()))
    (recording,) = open_source(tmp_path)

    assert (recording.tracks[0].node, recording.tracks[0].rate_hz) == ("SCP-1", 12_000)


def test_odd_chunks_before_the_sheet_are_padded_over(tmp_path):
    (tmp_path / "a.wav").write_bytes(wave(chunk(b"junk", b"odd"), sheet()))

    assert len(list(open_source(tmp_path))) == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (wave(), "no smj0 chunk"),
        (b"RIFF", "not a RIFF WAVE file"),
        (b"", "not a RIFF WAVE file"),
        (wave(chunk(b"smj0", b"not zlib")), "chunk smj0 is damaged"),
        (wave(chunk(b"smj0", zlib.compress(b"x" * 999)[:-6])), "its zlib stream is cut off"),
        (wave(chunk(b"smj0", zlib.compress(b"[" * 50_000_000))), "unpacks to more than 1048576 bytes"),
        (wave(chunk(b"smj0", b"short", 900)), "chunk smj0 is cut off: 6 of 900 bytes"),
        (wave(chunk(b"smj0", b"", 0xFFFFFFFF)), "chunk smj0 has 4294967295 bytes, more than 262144"),
        (wave(chunk(b"smj0", zlib.compress(b"[" * 100_000))), "smj0: Invalid JSON"),
        (wave(sheet(geolocation={"latitude": 91.0, "longitude": 0.0, "elevation": 0.0})), "91.0 is outside -90 to 90"),
        (wave(sheet(startTimeUTC="noon")), "smj0: startTimeUTC"),
        (wave(sheet(startTimeUTC="2022-09-18T05:20:54")), "smj0: startTimeUTC"),
        (wave(sheet(startTimeUTC=5)), "smj0: startTimeUTC"),
        (wave(sheet(weather={"temperature": "NaN"})), "smj0: weather.temperature"),
    ],
)
def test_a_hostile_sheet_is_refused_in_one_line(tmp_path, content, said):
    assert said in refusal(tmp_path, content)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes_are_refused_or_hold_no_chunk(noise):
    for content in (noise, wave()[:12] + noise):
        try:
            read_chunk(io.BytesIO(content), b"smj0", 1000)
        except ValueError as error:
            assert "\n" not in str(error)


def test_a_file_of_nothing_but_chunks_ends():
    with pytest.raises(ValueError, match="more than 256 chunks"):
        read_chunk(io.BytesIO(wave(*[chunk(b"junk", b"")] * 1000)), b"smj0", 1000)
