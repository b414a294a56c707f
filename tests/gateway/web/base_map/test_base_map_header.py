import gzip
import os
import random

import pytest
from pmtiles.tile import Compression, TileType
from pmtiles.writer import Writer

from gateway.web.base_map.header import read_head


@pytest.fixture
def whole(tmp_path):
    path = tmp_path / "city.pmtiles"
    kind = {"tile_type": TileType.MVT, "tile_compression": Compression.GZIP, "min_lon_e7": 249_400_000,
            "min_lat_e7": 601_670_000, "max_lon_e7": 249_460_000, "max_lat_e7": 601_710_000, "center_zoom": 15,
            "center_lon_e7": 249_430_000, "center_lat_e7": 601_690_000}  # fmt: skip
    with path.open("wb") as file:
        writer = Writer(file)
        writer.write_tile(5_000_000, b"tile")
        writer.finalize(kind, {"attribution": "whoever"})
    return path


def test_a_whole_file_tells_its_bounds_and_whom_to_name(whole):
    head = read_head(whole)

    assert head.bounds_deg == (24.94, 60.167, 24.946, 60.171)
    assert head.attribution == "whoever"
    assert head.size == whole.stat().st_size


def test_a_file_that_is_cut_off_anywhere_is_said_in_one_line(whole):
    content = whole.read_bytes()
    for length in range(0, len(content), 7):
        whole.write_bytes(content[:length])

        with pytest.raises(
            ValueError, match=r"city\.pmtiles: is no base map of `soundpost map build`, or is damaged"
        ) as told:
            read_head(whole)
        assert "\n" not in str(told.value)


def test_no_bytes_raise_anything_else(whole):
    content, dice = whole.read_bytes(), random.Random(15)
    for _ in range(2000):
        broken = bytearray(content)
        for _ in range(dice.randint(1, 6)):
            broken[dice.randrange(len(broken))] = dice.randrange(256)
        whole.write_bytes(bytes(broken))
        try:
            head = read_head(whole)
        except ValueError:
            continue
        assert head.size == len(content)


def test_a_directory_that_unpacks_to_a_gigabyte_is_not_unpacked(whole):
    bomb = gzip.compress(bytes(50_000_000))
    content = bytearray(whole.read_bytes())
    content[8:16], content[16:24] = len(content).to_bytes(8, "little"), len(bomb).to_bytes(8, "little")
    whole.write_bytes(bytes(content) + bomb)

    with pytest.raises(ValueError, match="does not unpack"):
        read_head(whole)


def test_a_file_that_is_not_there_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_head(tmp_path / "none.pmtiles")


def test_a_folder_is_an_os_error(tmp_path):
    with pytest.raises(OSError, match=os.strerror(21)):
        read_head(tmp_path)
