"""The evidence process beside a real gateway: real RTSP cameras, a real broker, real readers, a shot. What comes of it:
a clip that plays, a still, plates, rows, an export whose access was written down first; kills and bad folders."""

import asyncio
import json
import shutil
import signal
import subprocess
import sys
import time

import pytest

from gateway.evidence.seal import MAGIC
from gateway.journal.rows import kept, reading
from hw.serial_line import open_serial_line
from simulators.peers.cable import Cable
from simulators.peers.mosquitto import Mosquitto
from simulators.peers.peer import opened
from simulators.peers.plate_reader import PLATES, PlateReader
from simulators.peers.rtsp_picture import RtspPicture

pytest.importorskip("av")
LIMIT_S = 90
SHOT = (45.0, 30.0, 1.5)
KEYS = {"evidence": "11" * 32, "desk": "22" * 32}
SECRETS = {
    "evidence.key": "11" * 32,
    "desk.key": "22" * 32,
    "shelf.key": "33" * 32,
    "password": "street",
    "token": "in",
}


def now_us():
    return time.time_ns() // 1000


class Program:
    """A running `soundpost ...`."""

    def __init__(self, folder, *words):
        self.folder, self.words = folder, words
        self.process = None

    async def start(self):
        command = (sys.executable, "-m", "soundpost", *self.words, "--config", self.folder / "gateway.toml", "--json")
        errors = (self.folder / f"{self.words[0]}.err").open("ab")
        self.process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, stderr=errors)
        await self.until(lambda said: said["what"] == "ready")
        return self

    async def until(self, is_it):
        async with asyncio.timeout(LIMIT_S):
            while line := await self.process.stdout.readline():
                if is_it(said := json.loads(line)):
                    return said
        raise AssertionError(f"{self.words[0]} ended: {(self.folder / (self.words[0] + '.err')).read_text()}")

    async def stop(self, number=signal.SIGTERM):
        if self.process is None or self.process.returncode is not None:
            return None
        self.process.send_signal(number)
        async with asyncio.timeout(LIMIT_S):
            return await self.process.wait()


class Stage:
    """A gateway, cameras, readers and the evidence process of one test."""

    def __init__(self, folder, street):
        self.folder, self.street = folder, street
        self.cable = Cable()
        self.gateway, self.evidence = Program(folder, "gateway"), Program(folder, "evidence")

    def write(self, *tables, **more):
        for name, text in SECRETS.items():
            _secret(self.folder / name, text)
        _secret(
            self.folder / "keys.toml", "\n".join(f'{node} = "{key.hex()}"' for node, key in self.street.keys.items())
        )
        _secret(self.folder / "reviewers.toml", "\n".join(f'{who} = "{key}"' for who, key in KEYS.items()))
        (self.folder / "evidence").mkdir(exist_ok=True)
        settings = {"after_s": 3, "sightings_after_s": 4, "least_free_mb": 1, "before_s": 3, "nice": 0, **more}
        poles = "".join(
            f'[[pole]]\nnode = "{each.node}"\nxyz_m = {list(each.xyz_m)}\n' for each in self.street.poles.values()
        )
        (self.folder / "gateway.toml").write_text(
            'journal = "street.journal"\nkeys_file = "keys.toml"\nrequests_keys_file = "reviewers.toml"\n'
            "site = { lat_deg = 38.9, lon_deg = -77.0, h_m = 20 }\nair = { temperature_c = 12 }\n"
            f'{poles}[[serial]]\nport = "{self.cable.a}"\n'
            '[evidence]\nkey_file = "shelf.key"\nrequest_key_file = "evidence.key"\n'
            + "".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items())
            + "".join(tables)
        )

    async def shoot(self):
        """Fire, and let the gateway hear it. Comes back: when, and the incident's name."""
        t_us = now_us() - 400_000
        line = await open_serial_line(self.cable.b, 115200)
        for _, frame in self.street.frames_of(SHOT, t_us):
            await line.write_frame(frame)
        told = await self.gateway.until(lambda said: said["what"] == "incident")
        await line.close()
        return t_us, told["incident"]

    async def row(self, did, **fields):
        """The first row of a deed with these fields, waited for."""
        async with asyncio.timeout(LIMIT_S):
            while True:
                for body in self.rows():
                    if body["did"] == did and fields.items() <= body.items():
                        return body
                await asyncio.sleep(0.1)

    def rows(self):
        with reading(self.folder / "street.journal") as journal:
            asked = [json.loads(each.row.body) for each in kept(journal, "request")]
        return [each["body"] for each in asked if each["ask"] == "evidence"]

    async def run(self, *words):
        command = (sys.executable, "-m", "soundpost", *words, "--config", str(self.folder / "gateway.toml"))
        return await asyncio.to_thread(
            subprocess.run, command, check=False, capture_output=True, text=True, timeout=LIMIT_S
        )


def _secret(path, text):
    path.touch(0o600)
    path.write_text(text + "\n")


def stream(picture, **more):
    told = {"camera": "corner", "url": picture.url, "xyz_m": [60, -20, 5], "range_m": 150, **more}
    return "[[evidence.stream]]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in told.items())


@pytest.fixture
async def stage(tmp_path, small_street):
    made = Stage(tmp_path, small_street)
    yield made
    await made.evidence.stop(signal.SIGKILL)
    await made.gateway.stop(signal.SIGKILL)
    made.cable.close()


async def until(is_it):
    """Wait for what other programs do."""
    async with asyncio.timeout(LIMIT_S):
        while not is_it():  # noqa: ASYNC110 (no event comes from another program)
            await asyncio.sleep(0.05)


async def filmed(picture, seconds):
    """Until a camera has shown that much of its video, at its own pace."""
    least = picture.n_shown + 15 * seconds
    await until(lambda: picture.n_shown >= least)


def probed(program, path):
    command = (program("ffprobe"), "-v", "error", "-count_frames", "-of", "json", "-show_entries",
               "format=duration:stream=codec_name,width,height,nb_read_frames", path)  # fmt: skip
    told = json.loads(subprocess.run(command, check=True, capture_output=True, timeout=LIMIT_S).stdout)
    return told["streams"][0], float(told["format"]["duration"])


async def test_a_shot_leaves_a_clip_that_plays_a_still_and_plates_and_an_export_is_written_down_first(
    stage, program, tmp_path
):
    broker = Mosquitto(program("mosquitto"), tmp_path)
    await broker.start()
    picture = RtspPicture(user="soundpost", password="street")
    gate, eye = (
        PlateReader(broker=broker.port, topic="gate", every_s=0.3),
        PlateReader(broker=broker.port, topic="eye", objects=True),
    )
    async with opened(picture, gate, eye):
        stage.write(
            stream(picture, user="soundpost", password_file="password"),
            f'[[evidence.reader]]\nname = "gate"\nxyz_m = [30, 0, 4]\ntopic = "gate"\n'
            f'trigger = {{ kind = "onvif", url = "{gate.url}", relay = "r1", pulse_s = 0.1 }}\n'
            '[[evidence.reader]]\nname = "eye"\nxyz_m = [30, 0, 4]\ntopic = "eye"\nplates = false\nobjects = true\n'
            f'[evidence.mqtt]\nhost = "127.0.0.1"\nport = {broker.port}\ntls = false\n',
        )
        await stage.gateway.start()
        await stage.evidence.start()
        await filmed(picture, 4)
        t_us, incident = await stage.shoot()
        clip = await stage.row("kept", what="clip", incident=incident)
        still = await stage.row("kept", what="still", incident=incident)
        await stage.row("kept", what="sightings", incident=incident)
        await stage.row("triggered", camera="gate", note="told to read")
        await asyncio.sleep(3)  # sightings go on a little longer than the clip, and are written once more
        out = tmp_path / "out"
        shown = await stage.run("evidence", "show", incident, "--by", "desk", "--key", str(tmp_path / "desk.key"))
        words = (
            "export",
            incident,
            "--by",
            "desk",
            "--key",
            str(tmp_path / "desk.key"),
            "--out",
            str(out),
            "--note",
            "case 17",
        )
        exported = await stage.run("evidence", *words)
        status = await stage.evidence.stop()
        log = (tmp_path / "evidence.err").read_text()
    await broker.stop()

    assert (shown.returncode, exported.returncode, status) == (0, 0, 0), (shown.stderr, exported.stderr, log)
    video, duration_s = probed(program, out / clip["file"])
    assert (video["codec_name"], video["width"], video["height"]) == ("h264", 640, 360)
    assert duration_s >= 5.0
    assert int(video["nb_read_frames"]) == pytest.approx(15 * duration_s, abs=15 * duration_s * 0.5)
    assert clip["from_us"] < t_us - 1_000_000
    assert t_us + 2_000_000 < clip["until_us"] < t_us + 4_000_000
    assert probed(program, out / still["file"])[0]["codec_name"] == "mjpeg"
    assert abs(still["from_us"] - t_us) < 10_000_000
    seen = json.loads((out / "sightings.json").read_text())["sightings"]
    assert {each["plate"] for each in seen if "plate" in each} <= set(PLATES)
    assert {each["plate"] for each in seen if "plate" in each}
    assert {each["object"] for each in seen if "object" in each} == {"person", "vehicle"}
    assert gate.n_told == 2  # on, and off again
    deeds = [body["did"] for body in stage.rows()]
    assert deeds.count("access") == 2
    for text in (path.read_bytes() for path in (tmp_path / "evidence").rglob("*.sealed")):
        assert text.startswith(MAGIC)
        assert b"ftyp" not in text[:100]
    journal = (tmp_path / "street.journal").read_bytes() + log.encode()
    assert not any(plate.encode() in journal for plate in PLATES)
    assert "33" * 32 not in log
    assert "street" not in log.replace("street.journal", "")


async def test_what_was_changed_on_the_disk_is_not_exported_and_without_a_gateway_nobody_is_shown_anything(
    stage, tmp_path
):
    picture = RtspPicture()
    async with opened(picture):
        stage.write(stream(picture))
        await stage.gateway.start()
        await stage.evidence.start()
        await filmed(picture, 1)
        _, incident = await stage.shoot()
        clip = await stage.row("kept", what="clip")
    path = tmp_path / "evidence" / incident / (clip["file"] + ".sealed")
    whole = path.read_bytes()
    path.write_bytes(whole[:-100] + bytes(100))
    key = ("--by", "desk", "--key", str(tmp_path / "desk.key"))
    changed = await stage.run("evidence", "export", incident, *key, "--out", str(tmp_path / "a"))
    stranger = await stage.run("evidence", "show", incident, "--by", "desk", "--key", str(tmp_path / "shelf.key"))
    path.write_bytes(whole)
    await stage.gateway.stop()
    alone = await stage.run("evidence", "show", incident, *key)
    listed = await stage.run("evidence", "list", "--json")

    assert changed.returncode == 1
    assert "is not what was sealed" in changed.stderr
    assert not (tmp_path / "a" / clip["file"]).exists()
    assert (stranger.returncode, stranger.stdout) == (1, "")
    assert "signed by nobody" in stranger.stderr
    assert (alone.returncode, alone.stdout) == (1, "")
    assert "no gateway answers" in alone.stderr
    assert json.loads(listed.stdout)["incident"] == incident


async def test_a_kill_in_the_middle_of_a_clip_leaves_no_half_file_and_is_told(stage, tmp_path):
    picture = RtspPicture()
    async with opened(picture):
        stage.write(stream(picture), after_s=20)
        await stage.gateway.start()
        await stage.evidence.start()
        await filmed(picture, 1)
        _, incident = await stage.shoot()
        await until(lambda: list((tmp_path / "evidence").rglob("*.mp4*.part")))
        await stage.evidence.stop(signal.SIGKILL)
        again = Program(tmp_path, "evidence")
        await again.start()
        lost = await stage.row("lost", incident=incident)
        await filmed(picture, 1)
        begun = tmp_path / "evidence" / incident
        await until(lambda: list(begun.glob("corner-1.mp4*")))  # its time is not over: it goes on
        await again.stop()
        kept_ = await stage.row("kept", what="clip", incident=incident)

    assert (lost["file"], "killed" in lost["note"]) == ("corner-1.mp4", True)
    assert list(begun.rglob("*.part")) == []
    assert kept_["file"] == "corner-1.mp4"
    assert kept_["until_us"] > kept_["from_us"]


async def test_a_camera_that_changes_its_form_or_breaks_gets_a_clip_of_each_and_one_without_keys_is_said(
    stage, tmp_path
):
    picture, keyless = RtspPicture(), RtspPicture()
    keyless.with_keys = False
    async with opened(picture, keyless):
        stage.write(stream(picture), stream(keyless, camera="dull"), after_s=12)
        await stage.gateway.start()
        await stage.evidence.start()
        await filmed(picture, 2)
        _, incident = await stage.shoot()
        clips = stage.folder / "evidence" / incident
        await until(lambda: list(clips.glob("corner-1.mp4*")))
        picture.size = (1280, 720)
        await until(lambda: list(clips.glob("corner-2.mp4*")))
        picture.hang_up()
        first = [await stage.row("kept", file=f"corner-{number}.mp4", incident=incident) for number in (1, 2, 3)]
        lost = await stage.row("lost", file="dull", incident=incident)
        said = await stage.row("fault", camera="dull")

    assert [each["camera"] for each in first] == ["corner"] * 3
    assert "no picture came that a clip could begin with" in lost["note"]
    assert "sends no key picture for 15 s" in said["note"]
    assert any("another form" in body.get("note", "") for body in stage.rows())


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda folder: shutil.rmtree(folder / "evidence"), "no such folder for clips"),
        (lambda folder: (folder / "shelf.key").write_text("no key\n"), "shelf.key: is no key: 64 hexadecimal digits"),
        (lambda folder: (folder / "shelf.key").chmod(0o644), "shelf.key: mode 0644 lets others read it"),
        (lambda folder: _change(folder, "shelf.key", "evidence/vault/shelf.key"), "lies in evidence.folder"),
        (lambda folder: _change(folder, '"evidence.key"', '"evidence/evidence.key"'), "evidence.request_key_file: "),
        (lambda folder: _change(folder, '"shelf.key"', '"evidence/../evidence/k"'), "lies in evidence.folder"),
        (lambda folder: (folder / "evidence.key").write_text("44" * 32 + "\n"), "evidence has another key in"),
        (lambda folder: _change(folder, "range_m = 150\n", ""), "give xyz_m and range_m together"),
        (lambda folder: _change(folder, 'url = "rtsp', 'url = "http'), "must be rtsp://HOST:PORT/PATH or rtsps://"),
        (lambda folder: _change(folder, "rtsp://", "rtsp://me:secret@"), "must not hold a user or password"),
        (lambda folder: _change(folder, 'requests_keys_file = "reviewers.toml"\n', ""), "needs requests_keys_file"),
        (lambda folder: _change(folder, "xyz_m = [60, -20, 5]\nrange_m = 150\n", ""), "corner is none of [[camera]]"),
        (lambda folder: _change(folder, "before_s = 3", "before_s = 3000"), "before_s"),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_one_line_of_check_and_of_a_start(stage, tmp_path, spoil, says):
    stage.write(
        '[[evidence.stream]]\ncamera = "corner"\nurl = "rtsp://127.0.0.1:1/x"\nxyz_m = [60, -20, 5]\nrange_m = 150\n'
    )
    spoil(tmp_path)
    checked = await stage.run("gateway", "--check")
    started = await stage.run("evidence")

    for ran in (checked, started):
        assert ran.returncode == 1
        assert says in ran.stderr
        assert ran.stderr.count("\n") == 1
        assert "secret" not in ran.stderr


async def test_a_folder_where_nothing_can_be_written_is_named_by_check(stage):
    """/proc takes no file, not even root's."""
    stage.write(
        '[[evidence.stream]]\ncamera = "corner"\nurl = "rtsp://127.0.0.1:1/x"\nxyz_m = [0, 0, 5]\nrange_m = 9\n',
        folder="/proc",
    )
    checked = await stage.run("gateway", "--check")

    assert checked.returncode == 1
    assert "/proc/" in checked.stderr
    assert checked.stderr.count("\n") == 1


def _change(folder, good, bad):
    text = (folder / "gateway.toml").read_text()
    assert good in text
    (folder / "gateway.toml").write_text(text.replace(good, bad, 1))
