"""A gateway lives on where nobody takes what it says: a full disk, a reader who has gone."""

import asyncio
import contextlib
import io
import json
import os
import pathlib
import signal
import sys

import pytest

from gateway.journal.journal import Journal
from simulators.peers.cable import Cable
from soundpost.keys import make_keys, rotate_keys
from soundpost.lasting_output import lasting_output

LIMIT_S = 30


@pytest.fixture
async def folder(tmp_path):
    """A folder with gateway.toml, keys for all poles but one, which is logged, a journal, and a cable."""
    make_keys(["n1", "n2", "n3"], tmp_path / "keys")
    Journal(tmp_path / "street.journal").close()
    poles = "".join(f'[[pole]]\nnode = "n{i}"\nxyz_m = [{60 * i}, {60 * (i // 3)}, 6]\n' for i in range(1, 5))
    with Cable() as cable:
        (tmp_path / "gateway.toml").write_text(
            'journal = "street.journal"\nkeys_file = "keys/keys.toml"\n'
            f'site = {{ lat_deg = 38.9, lon_deg = -77.0, h_m = 20 }}\n{poles}[[serial]]\nport = "{cable.a}"\n'
        )
        yield tmp_path


@pytest.fixture
def full():
    """A file that takes nothing."""
    with pathlib.Path("/dev/full").open("wb") as full:
        yield full


@contextlib.asynccontextmanager
async def running(folder, **streams):
    command = (sys.executable, "-m", "soundpost", "gateway", "--config", folder / "gateway.toml")
    gateway = await asyncio.create_subprocess_exec(*command, **streams)
    try:
        yield gateway
    finally:
        if gateway.returncode is None:
            gateway.kill()
            await gateway.wait()


async def ended(gateway):
    gateway.send_signal(signal.SIGTERM)
    return await asyncio.wait_for(gateway.wait(), LIMIT_S)


async def keys_are_taken_over(folder):
    """Twice a thing to tell and to write down: both come to stand in the journal."""
    command = (sys.executable, "-m", "soundpost", "journal", "follow", folder / "street.journal", "--json", "--from=1")
    follower = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        async with asyncio.timeout(LIMIT_S):
            await _until(follower, "config")
            for _ in range(2):
                rotate_keys(["n1"], folder / "keys")
                await _until(follower, "keys")
    finally:
        follower.kill()
        await follower.wait()


async def _until(follower, kind):
    while json.loads(await follower.stdout.readline())["kind"] != kind:
        pass


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
async def test_a_gateway_on_a_full_disk_works_and_writes_down_what_it_cannot_say(folder, full, stream):
    async with running(folder, **{stream: full}) as gateway:
        await keys_are_taken_over(folder)
        status = await ended(gateway)

    assert status == 0


async def test_a_gateway_whose_reader_has_enough_works_on(folder):
    reads, writes = os.pipe()
    async with running(folder, stdout=writes, stderr=asyncio.subprocess.PIPE) as gateway:
        os.close(writes)
        first = await asyncio.to_thread(os.read, reads, 100)
        os.close(reads)
        await keys_are_taken_over(folder)
        status = await ended(gateway)
        logged = (await gateway.stderr.read()).decode()

    assert first.startswith(b"ready")
    assert status == 0
    assert "Traceback" not in logged


class Disk(io.RawIOBase):
    """Takes `room` bytes, then nothing."""

    def __init__(self, room):
        super().__init__()
        self.room, self.written = room, b""

    def writable(self):
        return True

    def write(self, text):
        taken = bytes(text)[: self.room]
        if not taken:
            raise OSError(28, "No space left on device")
        self.room -= len(taken)
        self.written += taken
        return len(taken)


def test_lines_that_were_lost_are_counted_and_said_once(monkeypatch):
    out, err = Disk(7), Disk(1000)
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BufferedWriter(out)))
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(io.BufferedWriter(err)))
    with lasting_output():
        for word in ("one", "two", "three"):
            print(word, flush=True)
        out.room = 100
        for word in ("four", "five"):
            print(word, flush=True)

    assert out.written == b"one\ntwo\nfour\nfive\n"
    assert err.written == b"2 lines of standard output could not be written\n"


def test_a_pipe_that_breaks_in_a_gateway_is_no_reader_who_has_enough():
    with pytest.raises(OSError, match="port: Broken pipe") as error, lasting_output():
        raise BrokenPipeError(32, "Broken pipe", "port")

    assert not isinstance(error.value, BrokenPipeError)
