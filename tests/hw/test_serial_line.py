"""The serial line: whatever happens to the bytes, a frame comes whole or not at all."""

import asyncio
import os
import tty

import pytest
from hypothesis import given, strategies
from hypothesis.strategies import binary, lists

from hw.serial_line import MAX_FRAME_BYTES, Deframer, enframe, open_serial_line
from simulators.peers.cable import Cable

FRAME = binary(min_size=1, max_size=600)


def cut(stream, data):
    """The stream in pieces, cut wherever hypothesis likes."""
    places = sorted(data.draw(lists(strategies.integers(0, len(stream)), max_size=8)))
    return [stream[a:b] for a, b in zip([0, *places], [*places, len(stream)], strict=True)]


@given(lists(FRAME, max_size=6), strategies.data())
def test_a_stream_gives_the_same_frames_however_it_is_cut(frames, data):
    deframer = Deframer()

    heard = [frame for piece in cut(b"".join(map(enframe, frames)), data) for frame in deframer.feed(piece)]

    assert heard == frames
    assert deframer.dropped == 0


@given(lists(FRAME, min_size=1, max_size=4), strategies.data())
def test_a_corrupted_stream_never_gives_a_wrong_frame(frames, data):
    stream = bytearray(b"".join(map(enframe, frames)))
    for _ in range(data.draw(strategies.integers(1, 6))):
        stream[data.draw(strategies.integers(0, len(stream) - 1))] = data.draw(strategies.integers(0, 255))

    heard = Deframer().feed(bytes(stream))

    assert set(heard) <= set(frames)
    assert len(heard) <= len(frames)


@given(binary(max_size=400), FRAME)
def test_noise_before_a_frame_costs_no_frame(noise, frame):
    deframer = Deframer()

    assert deframer.feed(noise + enframe(frame))[-1:] == [frame]


@given(binary(max_size=2000))
def test_noise_alone_gives_nothing(noise):
    assert Deframer().feed(noise) == []


@pytest.mark.parametrize("size", [1, 253, 254, 255, 1000, MAX_FRAME_BYTES])
def test_every_legal_size_passes(size):
    assert Deframer().feed(enframe(b"\0" * size)) == [b"\0" * size]


@pytest.mark.parametrize("size", [0, MAX_FRAME_BYTES + 1])
def test_an_illegal_size_names_the_legal_range(size):
    with pytest.raises(ValueError, match=f"{size} bytes: a serial line carries 1 to {MAX_FRAME_BYTES}"):
        enframe(b"x" * size)


def test_a_flood_without_an_end_counts_once_and_the_next_frame_is_heard():
    deframer = Deframer()
    for _ in range(100):
        assert deframer.feed(b"\x07" * 1000) == []

    assert deframer.feed(enframe(b"after")) == [b"after"]
    assert deframer.dropped == 1


async def first(line):
    async for frame in line.frames():
        return frame
    return None


async def test_frames_cross_a_real_pty_both_ways():
    with Cable() as cable:
        async with await open_serial_line(cable.a, 115200) as pole, await open_serial_line(cable.b, 115200) as gateway:
            frames = [bytes([i]) * (i * 20 + 1) for i in range(50)]
            await gateway.write_frame(b"hello pole")
            for frame in frames:
                await pole.write_frame(frame)

            async with asyncio.timeout(5):
                assert await first(pole) == b"hello pole"
                heard = []
                async for frame in gateway.frames():
                    heard.append(frame)
                    if len(heard) == len(frames):
                        break
            assert heard == frames
            assert gateway.dropped == 0


async def test_a_slow_reader_loses_nothing_and_the_writer_rests():
    with Cable() as cable:
        async with await open_serial_line(cable.a, 115200) as pole, await open_serial_line(cable.b, 115200) as gateway:
            frames = [bytes([i]) * 3_000 for i in range(1, 100)]
            writing = asyncio.create_task(write_all(pole, frames))
            async with asyncio.timeout(10):
                heard = []
                async for frame in gateway.frames():
                    heard.append(frame)
                    if len(heard) == len(frames):
                        break
                await writing

            assert heard == frames


async def write_all(line, frames):
    for frame in frames:
        await line.write_frame(frame)


async def test_a_line_that_takes_nothing_is_given_up():
    far, near = os.openpty()
    tty.setraw(near)
    async with await open_serial_line(os.ttyname(near), 115200, write_limit_s=0.2) as line:
        async with asyncio.timeout(5):
            with pytest.raises(OSError, match=r"the serial line took nothing for 0\.2 s"):
                await write_all(line, [bytes(8_000)] * 100)
    os.close(near)
    os.close(far)


async def test_a_damaged_frame_is_dropped_and_counted():
    with Cable() as cable:
        async with await open_serial_line(cable.a, 115200) as pole, await open_serial_line(cable.b, 115200) as gateway:
            cable.noise = lambda carried: carried.replace(b"one", b"won")
            await pole.write_frame(b"number one")
            await pole.write_frame(b"number two")

            async with asyncio.timeout(5):
                assert await first(gateway) == b"number two"
            assert gateway.dropped == 1


async def test_a_missing_port_is_named():
    with pytest.raises(OSError, match="/dev/no-such-port: no such serial port"):
        await open_serial_line("/dev/no-such-port", 115200)


async def test_a_port_in_use_is_refused():
    with Cable() as cable:
        async with await open_serial_line(cable.a, 115200):
            with pytest.raises(OSError, match=f"{cable.a}: the serial port is in use"):
                await open_serial_line(cable.a, 115200)


async def test_a_senseless_baud_is_refused():
    with pytest.raises(ValueError, match="baud 0: must be above 0"):
        await open_serial_line("/dev/null", 0)


async def test_a_port_that_goes_away_raises_its_name():
    far, near = os.openpty()
    port = os.ttyname(near)
    line = await open_serial_line(port, 115200)
    os.close(near)
    os.close(far)

    async with asyncio.timeout(5):
        with pytest.raises(OSError, match=f"{port}: the serial line is gone"):
            await first(line)
        with pytest.raises(OSError, match=f"{port}: the serial line is"):
            await line.write_frame(b"anyone?")
        await line.close()


async def test_closing_our_own_end_just_ends_the_frames():
    with Cable() as cable:
        line = await open_serial_line(cable.a, 115200)
        listening = asyncio.create_task(first(line))
        await asyncio.sleep(0)
        await line.close()

        async with asyncio.timeout(5):
            assert await listening is None
