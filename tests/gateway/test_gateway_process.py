"""The gateway as a process: real ptys, a real broker, a real Modbus bank, a real ONVIF conversation, real kills."""

import asyncio
import contextlib
import json
import signal
import subprocess
import sys
import time

import aiomqtt
import pytest

from dsp.geodesy import bearing
from firmware import wire
from gateway.journal.chain import verify
from gateway.journal.rows import kept, reading
from hw.serial_line import open_serial_line
from simulators.peers.cable import Cable
from simulators.peers.camera import VirtualCamera
from simulators.peers.lamp_bank import LampBank
from simulators.peers.mosquitto import Mosquitto
from simulators.peers.peer import opened
from soundpost.replay_journal import replay_journal

LIMIT_S = 20
SHOT = (45.0, 30.0, 1.5)


def now_us():
    return time.time_ns() // 1000


class Gateway:
    """A running `soundpost gateway --json`, and what it has said."""

    def __init__(self, folder):
        self.folder = folder
        self.said = []

    async def start(self):
        command = (sys.executable, "-m", "soundpost", "gateway", "--config", self.folder / "gateway.toml", "--json")
        self._process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=(self.folder / "log").open("ab")
        )
        await self.until("ready")
        return self

    async def until(self, what, **fields):
        """The next line of this kind, with these fields, that it says."""
        async with asyncio.timeout(LIMIT_S):
            while line := await self._process.stdout.readline():
                self.said.append(json.loads(line))
                if self.said[-1]["what"] == what and fields.items() <= self.said[-1].items():
                    return self.said[-1]
        raise AssertionError(f"ended without saying {what}: {(self.folder / 'log').read_text()}")

    def is_running(self):
        return self._process.returncode is None

    async def stop(self, number=signal.SIGTERM):
        self._process.send_signal(number)
        async with asyncio.timeout(LIMIT_S):
            return await self._process.wait()


@pytest.fixture
async def start():
    """Starts gateways (a folder) and brokers (anything with `start` and `stop`), and ends what a test left running."""
    started = []

    async def start(peer):
        started.append(peer)
        return await peer.start()

    yield start
    for peer in started:
        if peer.is_running():
            await peer.stop(signal.SIGKILL)


@pytest.fixture
def write_config(tmp_path, small_street):
    """Writes gateway.toml and keys.toml for the small street; `more` are further tables."""

    def write(more, top=""):
        poles = "".join(
            f'[[pole]]\nnode = "{pole.node}"\nxyz_m = {list(pole.xyz_m)}\n' for pole in small_street.poles.values()
        )
        (tmp_path / "gateway.toml").write_text(
            f'journal = "street.journal"\nkeys_file = "keys.toml"\n{top}\n'
            f"site = {{ lat_deg = 38.9, lon_deg = -77.0, h_m = 20 }}\nair = {{ temperature_c = 12 }}\n{poles}\n{more}"
            "[policy.lights]\nonly_when_dark = false\n"
        )
        keys = "".join(f'{node} = "{key.hex()}"\n' for node, key in small_street.keys.items())
        (tmp_path / "keys.toml").touch(0o600)
        (tmp_path / "keys.toml").write_text(keys)
        return tmp_path

    return write


@pytest.fixture
async def cable():
    with Cable() as cable:
        yield cable


def stored(folder):
    with reading(folder / "street.journal") as connection:
        return [(each.row.node, each.row.boot, each.row.sequence) for each in kept(connection, "frame")]


def acked(street, frame):
    """(node, boot, sequence) of all that an ack names; empty for what is not for any of these nodes."""
    for node, key in street.keys.items():
        with contextlib.suppress(wire.BadFrame):
            spans = wire.open(frame, key).record.spans
            return {(node, boot, each) for boot, first, last in spans for each in range(first, last + 1)}
    return set()


async def gather_acks(street, frames, wanted):
    """Take frames from the gateway until all of `wanted` are acked."""
    found = set()
    async with asyncio.timeout(LIMIT_S):
        async for frame in frames:
            found |= acked(street, frame)
            if found >= wanted:
                return found
    return found


def run_to_end(folder, *options):
    command = (sys.executable, "-m", "soundpost", "gateway", "--config", folder / "gateway.toml", *options)
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=LIMIT_S)


async def test_a_shot_over_the_serial_line_lights_lamps_turns_the_camera_and_is_in_the_journal(
    write_config, small_street, cable, start
):
    bank, camera = LampBank(("127.0.0.1", 0), 4, 30), VirtualCamera(tilt_span_deg=(-90, 90))
    async with opened(bank, camera):
        lamps = ", ".join(
            f'{{ name = "{lamp.name}", channel = {i}, xyz_m = {list(lamp.xyz_m)} }}'
            for i, lamp in enumerate(small_street.lamps)
        )
        folder = write_config(
            f'[[serial]]\nport = "{cable.a}"\n[[lamp_bank]]\nurl = "{bank.url}"\nlamps = [{lamps}]\n'
            f'[[camera]]\nname = "c1"\nurl = "{camera.url}"\nuser = "soundpost"\npassword_file = "password"\n'
            "xyz_m = [60, -20, 5]\nbearing_deg = 30\npan_span_deg = [-180, 180]\ntilt_span_deg = [-90, 90]\n"
        )
        (folder / "password").touch(0o600)
        (folder / "password").write_text("street\n")
        gateway = await start(Gateway(folder))
        line = await open_serial_line(cable.b, 115200)
        frames = [frame for _, frame in small_street.frames_of(SHOT, now_us() - 400_000)]
        for frame in frames:
            await line.write_frame(frame)
        wanted = {(node, 5, sequence) for node, sequence in zip(_nodes(frames), range(1, 8), strict=True)}
        acks = await gather_acks(small_street, line.frames(), wanted)
        incident = await gateway.until("incident")
        for lamp in small_street.lamps:
            await gateway.until("light", device=lamp.name, done=True)
        while not any("looks there" in each.get("note", "") for each in gateway.said):
            await gateway.until("aim", done=True)
        levels, looks = list(bank.levels), camera.looks()
        status = await gateway.stop()
        await line.close()
    azimuth_deg, elevation_deg, _ = bearing((60, -20, 5), (*SHOT[:2], 1.5))

    assert acks == wanted == set(stored(folder))
    assert (incident["e_m"], incident["n_m"]) == pytest.approx(SHOT[:2], abs=3)
    assert (incident["grade"], incident["historic"]) == ("A", False)
    assert levels == [100] * 4
    assert looks[0] % 360 == pytest.approx((azimuth_deg - 30) % 360, abs=3)
    assert looks[1] == pytest.approx(elevation_deg, abs=1)
    assert status == 0
    assert verify(folder / "street.journal") is None
    assert "street" not in (folder / "log").read_text()
    assert not any(str(list(pole.xyz_m)) in json.dumps(gateway.said) for pole in small_street.poles.values())


def _nodes(frames):
    return [wire.split(frame).kid.decode() for frame in frames]


async def test_a_gateway_whose_disk_is_bad_at_the_start_places_shots_and_acks_when_the_disk_is_back(
    write_config, small_street, cable, start
):
    folder = write_config(f'[[serial]]\nport = "{cable.a}"\n')
    (folder / "street.journal-wal").mkdir()
    gateway = await start(Gateway(folder))
    line = await open_serial_line(cable.b, 115200)
    frames = [frame for _, frame in small_street.frames_of(SHOT, now_us() - 400_000)]
    for frame in frames:
        await line.write_frame(frame)
    incident = await gateway.until("incident")
    (folder / "street.journal-wal").rmdir()
    wanted = {(node, 5, sequence) for node, sequence in zip(_nodes(frames), range(1, 8), strict=True)}
    acks = await gather_acks(small_street, line.frames(), wanted)
    await gateway.until("journal")
    status = await gateway.stop()
    await line.close()

    assert any("cannot be written" in each.get("note", "") for each in gateway.said)
    assert (incident["e_m"], incident["n_m"]) == pytest.approx(SHOT[:2], abs=3)
    assert acks == wanted == set(stored(folder))
    assert "street.journal cannot be written" in (folder / "log").read_text()
    assert status == 0
    assert verify(folder / "street.journal") is None


async def test_what_was_acked_outlives_a_kill_at_any_moment_and_is_there_once(write_config, small_street, cable, start):
    folder = write_config(f'[[serial]]\nport = "{cable.a}"\n')
    frames = {("n0", 5, i + 1): small_street.frame("n0", small_street.health(now_us())) for i in range(400)}
    line = await open_serial_line(cable.b, 115200)
    acks = set()

    async def listen():
        async for frame in line.frames():
            acks.update(acked(small_street, frame))
            heard.set()

    async def send(keys):
        for key in keys:
            await line.write_frame(frames[key])
            await asyncio.sleep(0.001)

    heard = asyncio.Event()
    listening = asyncio.create_task(listen())
    for goal in (60, 200):
        gateway = await start(Gateway(folder))
        sending = asyncio.create_task(send([key for key in frames if key not in acks]))
        async with asyncio.timeout(LIMIT_S):
            while len(acks) < goal:
                heard.clear()
                await heard.wait()
        await gateway.stop(signal.SIGKILL)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        assert verify(folder / "street.journal") is None
        assert acks <= set(stored(folder))
    gateway = await start(Gateway(folder))
    await send([key for key in frames if key not in acks])
    async with asyncio.timeout(LIMIT_S):
        while acks < frames.keys():
            heard.clear()
            await heard.wait()
    status = await gateway.stop()
    listening.cancel()
    await line.close()

    assert status == 0
    assert sorted(stored(folder)) == sorted(frames)
    assert verify(folder / "street.journal") is None


async def publish_until_acked(street, port, frames, wanted, flowing=None):
    """What nodes do: (re)connect, send what is not acked, and again where no ack comes. `flowing`: set at ten acks."""
    found = set()
    async with asyncio.timeout(LIMIT_S):
        while not found >= wanted:
            with contextlib.suppress(aiomqtt.MqttError, TimeoutError):
                async with aiomqtt.Client("127.0.0.1", port, protocol=aiomqtt.ProtocolVersion.V5, timeout=2) as client:
                    await client.subscribe("cmd/+", qos=1)
                    for key in wanted - found:
                        await client.publish(f"det/{key[0]}", frames[key], qos=1)
                    while not found >= wanted:
                        message = await asyncio.wait_for(anext(client.messages), 1)
                        found |= acked(street, message.payload)
                        if flowing and len(found) >= 10:
                            flowing.set()
            await asyncio.sleep(0.05)
    return found


async def test_a_broker_that_is_killed_while_frames_flow_loses_nothing_that_was_acked(
    write_config, small_street, tmp_path, program, start
):
    broker = Mosquitto(program("mosquitto"), tmp_path)
    await start(broker)
    folder = write_config(f'[mqtt]\nhost = "127.0.0.1"\nport = {broker.port}\n')
    gateway = await start(Gateway(folder))
    frames = {
        (f"n{i % 7}", 5, i + 1): small_street.frame(f"n{i % 7}", small_street.health(now_us())) for i in range(200)
    }
    keys = set(frames)
    early = {key for key in keys if key[2] <= 50}
    first = await publish_until_acked(small_street, broker.port, frames, early)
    flowing = asyncio.Event()
    publishing = asyncio.create_task(publish_until_acked(small_street, broker.port, frames, keys, flowing))
    async with asyncio.timeout(LIMIT_S):
        await flowing.wait()
    await broker.stop()
    await start(broker)
    second = await publishing
    status = await gateway.stop()
    await broker.stop()

    assert first >= early
    assert second == keys == set(stored(folder))
    assert len(stored(folder)) == len(keys)
    assert status == 0
    assert verify(folder / "street.journal") is None
    assert (folder / "log").read_text().count("broker lost") <= 2


async def test_a_shot_whose_fourth_pole_comes_late_is_placed_live_and_from_the_journal(
    write_config, small_street, tmp_path, program, start
):
    broker = Mosquitto(program("mosquitto"), tmp_path)
    await start(broker)
    folder = write_config(f'[mqtt]\nhost = "127.0.0.1"\nport = {broker.port}\n')
    gateway = await start(Gateway(folder))
    for is_last in (False, True):
        fired_us = now_us() - 700_000
        heard = [(wire.split(frame), frame) for _, frame in small_street.frames_of(SHOT, fired_us)]
        frames = {(each.kid.decode(), each.boot, each.sequence): frame for each, frame in heard}
        of_four = {key: frame for key, frame in frames.items() if key[0] in ("n0", "n1", "n3", "n4")}
        fourth = max(of_four)
        await publish_until_acked(small_street, broker.port, of_four, of_four.keys() - {fourth})
        unplaced = await gateway.until("area")  # of three poles, and no fix

        assert sorted(unplaced["nodes"]) == ["n0", "n1", "n3"]
        if is_last:  # this one never comes
            break
        await publish_until_acked(small_street, broker.port, of_four, {fourth})
        incident = await gateway.until("incident")

        assert abs(incident["t_us"] - fired_us) < 10_000
        assert not incident["historic"]
    status = await gateway.stop()
    await broker.stop()
    replayed = replay_journal(folder / "street.journal", folder / "gateway.toml")

    assert status == 0
    assert replayed.differs == ""
    assert [line.get("no_fix") for line in replayed.lines] == [None, unplaced["why"]]


async def test_a_gateway_without_its_broker_says_so_and_works_once_it_is_there(
    write_config, small_street, tmp_path, program, start
):
    broker = Mosquitto(program("mosquitto"), tmp_path)
    folder = write_config(f'[mqtt]\nhost = "127.0.0.1"\nport = {broker.port}\n')
    gateway = await start(Gateway(folder))
    await start(broker)
    frames = {("n0", 5, 1): small_street.frame("n0", small_street.health(now_us()))}
    found = await publish_until_acked(small_street, broker.port, frames, set(frames))
    await gateway.stop()
    await broker.stop()

    assert gateway.said[0]["links"] == [f"mqtt://127.0.0.1:{broker.port} (not there yet)"]
    assert found >= set(frames)
    assert "broker is back" in (folder / "log").read_text()


async def test_keys_that_change_are_in_force_in_a_running_gateway_and_after_its_next_start(
    write_config, small_street, cable, start
):
    folder = write_config(f'[[serial]]\nport = "{cable.a}"\n')
    gateway = await start(Gateway(folder))
    line = await open_serial_line(cable.b, 115_200)
    began_s = time.monotonic()
    await keys("rotate", "n0", folder)
    rotated = await gateway.until("keys")
    await keys("remove", "n1", folder)
    removed = await gateway.until("keys")
    took_s = time.monotonic() - began_s
    for start_again in (False, True):
        if start_again:
            await gateway.stop()
            gateway = await start(Gateway(folder))
        await line.write_frame(small_street.frame("n0", small_street.health(now_us())))  # under the key of before
        await line.write_frame(small_street.frame("n1", small_street.health(now_us())))
        new = bytes.fromhex((folder / "n0.key").read_text())
        frame = small_street.frame("n0", small_street.health(now_us()), key=new)
        small_street.keys["n0"], old = new, small_street.keys["n0"]
        await line.write_frame(frame)
        await gather_acks(small_street, line.frames(), {("n0", 5, small_street.sequence)})
        small_street.keys["n0"] = old
    await line.close()
    await gateway.stop()

    assert (rotated["note"], removed["note"]) == ("keys: n0 rotated", "keys: n1 removed")
    assert took_s < 10
    assert {node for node, _, _ in stored(folder)} == {"n0"}
    assert len(stored(folder)) == 2
    assert "node n1 has no key" in (folder / "log").read_text()
    assert "n1 has no key" in run_to_end(folder, "--check").stderr


async def keys(verb, node, folder):
    """`soundpost keys` as people run it, while everything else goes on."""
    command = (sys.executable, "-m", "soundpost", "keys", verb, node, "--out", folder)
    assert await (await asyncio.create_subprocess_exec(*command, stdout=subprocess.DEVNULL)).wait() == 0


async def test_a_second_gateway_on_the_same_journal_is_refused(write_config, cable, start):
    folder = write_config(f'[[serial]]\nport = "{cable.a}"\n')
    gateway = await start(Gateway(folder))
    second = await asyncio.to_thread(run_to_end, folder)
    await gateway.stop()

    assert second.returncode == 1
    assert "street.journal: another gateway is writing this journal (process " in second.stderr
    assert len(second.stderr.splitlines()) == 1


def test_a_port_that_is_not_there_at_the_start_is_one_line(write_config):
    run = run_to_end(write_config('[[serial]]\nport = "/dev/nowhere0"\n'))

    assert run.returncode == 1
    assert "/dev/nowhere0: no such serial port" in run.stderr
    assert len(run.stderr.splitlines()) == 1


def test_check_names_a_folder_of_releases_that_is_not_there(write_config):
    folder = write_config('[[serial]]\nport = "/dev/nowhere0"\n')
    config = folder / "gateway.toml"
    config.write_text('releases = "nowhere"\n' + config.read_text())
    run = run_to_end(folder, "--check")

    assert (run.returncode, run.stdout) == (1, "")
    assert f"releases: {folder / 'nowhere'} is not there" in run.stderr


def test_check_tells_what_a_config_comes_to_and_opens_nothing(write_config, tmp_path):
    (tmp_path / "port").touch()  # no serial port, which nobody would notice who does not open it
    folder = write_config(f'[[serial]]\nport = "{tmp_path / "port"}"\n')
    run = run_to_end(folder, "--check")

    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.strip().endswith(f"good. 7 poles, 0 lamps, 0 cameras, links: {tmp_path / 'port'}")
    assert not (folder / "street.journal").exists()


class Following:
    """A running `soundpost journal follow --json`, from the first row on."""

    def __init__(self, folder, *options):
        self.command = (sys.executable, "-m", "soundpost", "journal", "follow", folder / "street.journal", *options)
        self.errors = folder / "follow.log"

    async def start(self):
        self._process = await asyncio.create_subprocess_exec(
            *self.command, "--json", stdout=asyncio.subprocess.PIPE, stderr=self.errors.open("ab")
        )
        return self

    async def until(self, kind):
        """The rows up to the next one of this kind."""
        rows = []
        async with asyncio.timeout(LIMIT_S):
            while line := await self._process.stdout.readline():
                rows.append(json.loads(line))
                if rows[-1]["kind"] == kind:
                    return rows
        raise AssertionError(f"ended without a row {kind}: {self.errors.read_text()}")

    def is_running(self):
        return self._process.returncode is None

    async def stop(self, number=signal.SIGTERM):
        self._process.send_signal(number)
        return await self._process.wait()


async def run_command(*arguments):
    """What a command says, and its exit status."""
    command = (sys.executable, "-m", "soundpost", *arguments)
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    return process.returncode, said.decode()


async def test_a_follower_prints_rows_as_they_come_over_kills_of_gateway_and_follower(
    write_config, small_street, cable, start
):
    folder = write_config(f'[[serial]]\nport = "{cable.a}"\n')
    gateway = await start(Gateway(folder))
    following = await start(Following(folder, "--from", "1", "--cursor", folder / "cursor"))
    first = await following.until("config")
    line = await open_serial_line(cable.b, 115_200)
    for number in range(1, 4):
        await line.write_frame(small_street.frame("n0", small_street.health(now_us())))
        await gather_acks(small_street, line.frames(), {("n0", 5, number)})
    frames = [await following.until("frame") for _ in range(3)]
    await following.stop(signal.SIGKILL)
    await gateway.stop(signal.SIGKILL)
    gateway = await start(Gateway(folder))
    following = await start(Following(folder, "--cursor", folder / "cursor"))
    again = await following.until("config")
    await line.close()
    await following.stop()
    await gateway.stop()
    before = [each["row"] for rows in (first, *frames) for each in rows]
    after = [each["row"] for each in again]

    assert before == list(range(1, len(before) + 1))
    assert after == list(range(after[0], after[-1] + 1))
    assert 1 < after[0] <= before[-1] + 1  # what it had just printed when it was killed comes again
    assert (folder / "follow.log").read_text() == ""
    assert not (folder / "street.journal.socket").exists()


async def test_what_a_reviewer_says_is_a_row_and_what_nobody_may_say_is_none(write_config, small_street, cable, start):
    folder = write_config(f'[[serial]]\nport = "{cable.a}"\n', 'requests_keys_file = "reviewers/keys.toml"')
    assert (await run_command("keys", "make", "desk", "--out", folder / "reviewers"))[0] == 0
    assert (await run_command("keys", "make", "desk", "--out", folder / "forged"))[0] == 0
    gateway = await start(Gateway(folder))
    line = await open_serial_line(cable.b, 115200)
    for _, frame in small_street.frames_of(SHOT, now_us() - 400_000):
        await line.write_frame(frame)
    name = (await gateway.until("incident"))["incident"]
    await line.close()
    words = ("no gunshot", "--by", "desk", "--note", "a door", "--key")
    said = ("journal", "review", folder / "street.journal", name, *words)
    async with asyncio.timeout(LIMIT_S):
        while not (folder / "street.journal.socket").exists():  # noqa: ASYNC110 (a file wakes nobody)
            await asyncio.sleep(0.01)
    forged = await run_command(*said, folder / "forged" / "desk.key")
    of_none = await run_command(*said[:3], "i-1", *words, folder / "reviewers" / "desk.key")
    taken = await run_command(*said, folder / "reviewers" / "desk.key")
    told = await gateway.until("request")
    await gateway.stop()
    gone = await run_command(*said, folder / "reviewers" / "desk.key")
    with reading(folder / "street.journal") as connection:
        rows = [json.loads(each.row.body) for each in kept(connection, "request")]

    assert forged == (1, "soundpost journal: the gateway refuses it: signed by nobody who may ask here\n")
    assert of_none == (
        1,
        "soundpost journal: the gateway refuses it: there is no incident 'i-1' in this journal, "
        "of which the newest 100000 are known\n",
    )
    assert taken == (0, f"written down: {name} was no gunshot, says desk\n")
    assert [(row["by"], row["ask"], row["body"]["note"]) for row in rows] == [("desk", "review", "a door")]
    assert rows[0] == told
    assert gone[0] == 1
    assert "no gateway answers there" in gone[1]
