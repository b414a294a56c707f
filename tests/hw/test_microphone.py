"""The microphone, for real: both PortAudio back ends listen to a recording through ALSA's `file` plug-in."""

import importlib.util
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis.strategies import booleans, integers, lists, tuples

from hw.linux.microphone import BACKENDS, Microphone, Ticks, choose
from hw.linux.portaudio import Input

RATE_HZ, N_CHANNELS, N_SAMPLES = 48_000, 4, 144_000

CARD = """</usr/share/alsa/alsa.conf>
pcm.gunfire {{
  type file
  slave.pcm "null"
  file "/dev/null"
  infile "{path}"
  format "raw"
  hint {{ show on description "file mic" }}
}}
"""

LISTENER = """
import asyncio, sys
import numpy as np
from hw.linux.microphone import Microphone

async def main(backend, path):
    want = np.fromfile(path, np.float32).reshape(-1, 4)
    microphone = Microphone(backend, "gunfire", 48_000, 4)
    await microphone.open()
    heard, true = 0, True
    async with asyncio.timeout(20):
        async for block in microphone.blocks():
            end = block.tick + len(block.samples)
            if end > len(want) or heard > 48_000:
                break
            true = true and np.array_equal(block.samples, want[block.tick : end])
            heard += len(block.samples)
    await microphone.close()
    print(heard, bool(true))

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture
def card(tmp_path):
    """Environment in which ALSA has a card `gunfire` that plays a recording, and that recording."""
    path, config = tmp_path / "mic.raw", tmp_path / "asound.conf"
    sound = np.random.default_rng(0).uniform(-0.9, 0.9, (N_SAMPLES, N_CHANNELS))
    sound.astype(np.float32).tofile(path)  # the plug-in hands out bytes in whatever format it is asked for: ours
    config.write_text(CARD.format(path=path))
    return {**os.environ, "ALSA_CONFIG_PATH": str(config)}, path


@pytest.fixture(params=BACKENDS)
def backend(request):
    """Each back end's name. Where its library is missing: a failure in CI, a skip that names it elsewhere."""
    if importlib.util.find_spec(request.param) is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{request.param} is not installed")
    return request.param


def listen(code, environment, *arguments):
    # PortAudio reads ALSA's configuration when it is loaded: hence a process of its own.
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_every_block_heard_is_the_recording_at_its_tick(backend, card):
    environment, path = card
    ran = listen(LISTENER, environment, backend, path)
    heard, true = ran.stdout.split()

    assert true == "True", ran.stderr
    assert int(heard) >= 20_000


OPENER = """
import asyncio, sys
from hw.linux.microphone import Microphone
try:
    asyncio.run(Microphone(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])).open())
except OSError as error:
    print(error)
"""


def test_a_device_that_is_not_there_is_named_with_those_that_are(backend, card):
    said = listen(OPENER, card[0], backend, "no such card", RATE_HZ, 1).stdout

    assert said.startswith(f"microphone no such card ({backend}): no such input; there are: ")
    assert "'gunfire'" in said
    assert said.count("\n") == 1


def test_where_there_is_no_microphone_one_line_says_so_and_alsa_says_nothing(backend):
    ran = listen(OPENER.replace("sys.argv[2]", "None"), os.environ, backend, "", RATE_HZ, 1)

    assert ran.stdout.count("\n") == 1
    assert "there are: " in ran.stdout
    assert ran.stderr == ""


def test_the_microphones_are_listed_for_a_technician(backend, card):
    ran = listen("from soundpost.__main__ import main; main(['node', '--devices'])", card[0])
    (line,) = (line for line in ran.stdout.splitlines() if line.startswith(f"{backend}: "))

    assert "'gunfire'" in line
    assert ran.stderr == ""


WITHOUT = """
import asyncio, sys
sys.modules[sys.argv[1]] = None
from hw.linux.microphone import Microphone
try:
    asyncio.run(Microphone(sys.argv[1]).open())
except OSError as error:
    print(error)
"""


@pytest.mark.parametrize("name", BACKENDS)
def test_without_the_library_one_line_says_what_to_install(name):
    said = listen(WITHOUT, os.environ, name).stdout

    assert said == f"microphone backend {name} is not installed: {BACKENDS[name][1]}\n"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"backend": "jack"}, "microphone backend 'jack': must be pyaudio or sounddevice"),
        ({"rate_hz": 192_000}, "microphone rate 192000 Hz: must be 8000 to 96000"),
        ({"n_channels": 0}, "microphone channels 0: must be 1 to 64"),
        ({"block_s": 2}, r"microphone block_s 2: must be 0\.001 to 1 s"),
    ],
)
def test_senseless_settings_name_the_legal_range(wrong, says):
    with pytest.raises(ValueError, match=says):
        Microphone(**wrong)


def test_without_overflow_ticks_follow_on_whatever_the_converter_clock_says():
    ticks = Ticks(48_000)

    assert [ticks.next(960, adc_s, False) for adc_s in (5.0, 0.0, 9.0)] == [0, 960, 1920]


def test_an_overflow_jumps_by_what_the_converter_clock_misses():
    ticks = Ticks(48_000)
    ticks.next(960, 1.0, False)

    assert ticks.next(960, 1.02 + 0.5, True) == 960 + 24_000


@given(lists(tuples(integers(1, 4_800), integers(-5, 5), booleans()), max_size=30))
def test_an_overflow_is_always_a_gap_and_nothing_else_is(blocks):
    ticks, end = Ticks(48_000), None
    for n_frames, adc_s, overflowed in blocks:
        tick = ticks.next(n_frames, adc_s, overflowed)
        if end is not None:
            assert (tick > end) if overflowed else (tick == end)
        end = tick + n_frames


INPUTS = [Input(0, "USB mic (hw:1,0)"), Input(3, "USB array (hw:2,0)"), Input(7, "default"), Input(8, "default 2")]


@pytest.mark.parametrize(
    ("wanted", "index"), [("3", 3), ("array", 3), ("usb MIC", 0), ("default", 7), ("default 2", 8)]
)
def test_an_input_is_found_by_number_name_or_part_of_a_name(wanted, index):
    assert choose(INPUTS, wanted) == index


@pytest.mark.parametrize(("wanted", "says"), [("USB", "more than one such input"), ("jack", "no such input")])
def test_an_unclear_input_is_refused_with_the_list(wanted, says):
    with pytest.raises(OSError, match=rf"{says}; there are: 0 'USB mic \(hw:1,0\)', 3 "):
        choose(INPUTS, wanted)
