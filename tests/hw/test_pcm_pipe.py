"""Raw samples from a pipe, a file and standard input: every sample once, in order, without holding up the loop."""

import asyncio
import itertools
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from hw.linux.pcm_pipe import PcmPipe

PCM = np.random.default_rng(5).integers(-32768, 32767, (5_000, 2), np.int16)
EXPECTED = (PCM / 32768).astype(np.float32)


@pytest.fixture
def fifo(tmp_path):
    path = tmp_path / "mic"
    os.mkfifo(path)
    return str(path)


async def read_all(source):
    async with asyncio.timeout(10):
        blocks = [block async for block in source.blocks()]
    await source.close()
    return blocks


async def feed(path, parts):
    """Write to a named pipe from a thread, as another program would."""

    def write():
        with pathlib.Path(path).open("wb", buffering=0) as pipe:
            for part in parts:
                pipe.write(part)

    await asyncio.to_thread(write)


async def test_every_sample_comes_once_however_it_is_written(fifo):
    source = PcmPipe(fifo, 48_000, 2)
    await source.open()
    stored = PCM.astype("<i2").tobytes()
    cuts = [0, 1, 4, 1_003, 9_999, len(stored)]
    writing = asyncio.create_task(feed(fifo, [stored[a:b] for a, b in itertools.pairwise(cuts)]))
    blocks = await read_all(source)
    await writing

    assert [block.tick for block in blocks] == [0, 960, 1920, 2880, 3840, 4800]
    np.testing.assert_array_equal(np.concatenate([block.samples for block in blocks]), EXPECTED)


async def test_half_a_frame_at_the_end_is_dropped(fifo):
    source = PcmPipe(fifo, 8_000, 2)
    await source.open()
    writing = asyncio.create_task(feed(fifo, [PCM[:3].tobytes() + b"\1\2\3"]))
    blocks = await read_all(source)
    await writing

    assert [block.samples.shape for block in blocks] == [(3, 2)]


async def test_a_pipe_without_a_writer_is_waited_for_and_can_be_closed(fifo):
    source = PcmPipe(fifo, 48_000)
    await source.open()
    waiting = asyncio.create_task(read_all(source))
    await asyncio.sleep(0)
    await source.close()

    async with asyncio.timeout(5):
        assert await waiting == []


async def test_a_file_of_samples_is_read_the_same(tmp_path):
    path = tmp_path / "sound.raw"
    PCM.astype("<i2").tofile(path)
    source = PcmPipe(str(path), 48_000, 2, start_us=7)
    await source.open()

    np.testing.assert_array_equal(np.concatenate([b.samples for b in await read_all(source)]), EXPECTED)
    assert source.start_us == 7


STDIN = """
import asyncio
from hw.linux.pcm_pipe import PcmPipe
async def main():
    source = PcmPipe("-", 48_000, 2)
    await source.open()
    print([(block.tick, len(block.samples)) async for block in source.blocks()][-1])
    await source.close()
asyncio.run(main())
"""


@pytest.mark.parametrize("as_file", [False, True])
def test_standard_input_is_read_to_its_end(tmp_path, as_file):
    (tmp_path / "sound.raw").write_bytes(PCM.tobytes())
    with (tmp_path / "sound.raw").open("rb") as stored:
        given = {"stdin": stored} if as_file else {"input": PCM.tobytes()}
        ran = subprocess.run([sys.executable, "-c", STDIN], capture_output=True, timeout=20, check=True, **given)

    assert ran.stdout.decode() == "(4800, 200)\n"


async def test_a_missing_pipe_is_named(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        await PcmPipe(str(tmp_path / "none"), 48_000).open()

    assert caught.value.filename == str(tmp_path / "none")


async def test_a_folder_is_refused(tmp_path):
    with pytest.raises(IsADirectoryError, match="is a folder"):
        await PcmPipe(str(tmp_path), 48_000).open()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"rate_hz": 7_999}, "mic: sample rate 7999 Hz, must be 8000 to 96000 Hz"),
        ({"n_channels": 0}, "mic: 0 channels, must be 1 to 64"),
        ({"block_s": 0}, r"mic: block_s 0, must be 0\.001 to 10 s"),
    ],
)
def test_senseless_settings_name_the_legal_range(wrong, says):
    with pytest.raises(ValueError, match=says):
        PcmPipe(**{"path": "mic", "rate_hz": 48_000, **wrong})
