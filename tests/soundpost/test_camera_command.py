"""`soundpost camera`: what cameras can and say of themselves, and how a mount stands."""

import asyncio
import json
import threading
import time

import pytest

from dsp.geodesy import Site, bearing
from gateway.street import Mount
from simulators.peers import onvif_soap
from simulators.peers.camera import VirtualCamera
from simulators.peers.head import Model, Pose
from soundpost.__main__ import main

SITE = Site(38.9, -77.0, 20.0)
SECRET = "correct-horse-battery"
CONFIG = """
journal = "street.journal"
keys_file = "keys.toml"
site = { lat_deg = 38.9, lon_deg = -77.0, h_m = 20 }
pole = [{ node = "n1", xyz_m = [0, 0, 6] }, { node = "n2", xyz_m = [50, 0, 6] },
        { node = "n3", xyz_m = [50, 50, 6] }, { node = "n4", xyz_m = [0, 50, 6] }]
serial = [{ port = "/dev/ttyUSB0" }]
"""
CAMERA = """
[[camera]]
name = "{name}"
url = "{url}"
user = "soundpost"
password_file = "password"
xyz_m = [25, -10, 6]
bearing_deg = 137
"""


@pytest.fixture
def street(tmp_path):
    """write(name=url...) writes a gateway.toml and comes back with its path."""
    (tmp_path / "password").write_text(SECRET)
    (tmp_path / "password").chmod(0o600)

    def write(**cameras):
        path = tmp_path / "gateway.toml"
        path.write_text(CONFIG + "".join(CAMERA.format(name=name, url=url) for name, url in cameras.items()))
        return str(path)

    return write


@pytest.fixture
def virtual():
    """open(model, ...) -> a virtual camera that listens, in a loop of its own."""
    loop, opened = asyncio.new_event_loop(), []
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def wait(work):
        return asyncio.run_coroutine_threadsafe(work, loop).result(10)

    def start(model=None, **more):
        camera = VirtualCamera(password=SECRET, model=model, **more)
        wait(camera.open())
        opened.append(camera)
        return camera

    yield start
    for camera in opened:
        wait(camera.close())
    loop.call_soon_threadsafe(loop.stop)
    thread.join(5)
    loop.close()


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr("soundpost.camera.check.STILL_S", 0.01)


def test_what_a_camera_can_and_says_of_itself_is_told(street, virtual, capsys):
    place = SITE.to_geodetic(28, -6, 6)
    model = Model(view=((0.0, 60.0), (1.0, 3.0)), pose=Pose(*place, 120.0), home_deg=(0, 0), presets={"gate": (5, 0)})
    there = virtual(
        model, announced="http://192.0.2.7:8080", stream_uri=f"rtsp://op:hunter2@192.0.2.7/cam?password={SECRET}"
    )

    assert main(["camera", "check", "--config", street(corner=there.url)]) == 0
    told = capsys.readouterr().out
    for words in (
        "corner\n",
        "Manufacturer Soundpost, Model virtual",
        "places (GeoMove), angles (AbsoluteMove), zoom, home, presets gate",
        "pan -180 to 180, tilt -90 to 90 degrees",
        "rtsp://192.0.2.7/cam?password=***",
        f"its answers point to http://192.0.2.7:8080; it is spoken to at {there.url} only (NAT?)",
        "it zooms; give view_deg",
        "it gives 120.0 degrees as its yaw, its survey 137.0",
    ):
        assert words in told
    assert "hunter2" not in told and SECRET not in told
    assert there.notebook.entries == []


def test_a_clock_that_is_an_hour_off_is_told_for_programs(street, virtual, capsys):
    there = virtual(now_us=lambda: time.time_ns() // 1000 + 3_600_000_000)

    assert main(["camera", "check", "--config", street(corner=there.url), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["clock_ahead_s"] == pytest.approx(3600, abs=2)
    assert told["takes"] == {"place": False, "angles": True, "zoom": False, "home": False, "presets": []}
    assert any("its clock is wrong" in each for each in told["notes"])
    assert told["look"] == {"pan_deg": pytest.approx(0), "tilt_deg": pytest.approx(0), "zoom": None}


def test_a_camera_far_from_where_it_believes_to_stand_is_told(street, virtual, capsys):
    there = virtual(Model(pose=Pose(38.91, -77.0, 20.0, 137.0)))

    main(["camera", "check", "--config", street(corner=there.url)])
    assert "it believes that it stands 11" in capsys.readouterr().out  # a hundredth of a degree: 1.1 km


def test_one_that_cannot_be_used_is_told_beside_one_that_can_and_the_status_is_1(street, virtual, capsys):
    good, bad = virtual(), virtual(user="another")

    assert main(["camera", "check", "--config", street(good=good.url, bad=bad.url, gone="http://127.0.0.1:9")]) == 1
    told = capsys.readouterr().out
    assert f"cannot be used  {bad.url}: the camera refuses" in told
    assert "gone\n  cannot be used  http://127.0.0.1:9: the camera cannot be reached" in told
    assert "angles (AbsoluteMove)" in told
    assert SECRET not in told


def test_what_a_hostile_camera_says_of_itself_is_one_line_of_letters(street, virtual, capsys):
    there = virtual()
    there.answers["GetDeviceInformation"] = lambda camera, request: onvif_soap.ABOUT.replace(
        "virtual", "\u202ex&#10;corner  \u200bgood" + "a" * 5000
    )
    there.answers["GetStreamUri"] = lambda camera, request: onvif_soap.STREAM.format(uri="rtsp://u:p@[bad/cam")

    assert main(["camera", "check", "--config", street(corner=there.url)]) == 0
    told = capsys.readouterr().out
    assert "\u202e" not in told and "\u200b" not in told
    assert max(map(len, told.splitlines())) < 250
    assert "tells none" in told


def test_a_camera_that_is_not_in_the_config_is_named(street, capsys):
    assert main(["camera", "check", "--config", street(corner="http://127.0.0.1:9"), "mall"]) == 1
    assert "camera 'mall': there is none of that name" in capsys.readouterr().err
    assert main(["camera", "check", "--config", street()]) == 1
    assert "names no camera" in capsys.readouterr().err


# --- survey


def landmarks(path, *changes):
    mount = Mount("corner", (25, -10, 6), 142.5, tilt_zero_deg=-1.25, lean_deg=1.5, lean_to_deg=80.0)
    text = ""
    for index, place in enumerate([(60, 40, 2), (-30, 50, 12), (-20, -70, 1), (80, -30, 8)]):
        pan, tilt = mount.pan_tilt(*bearing(mount.xyz_m, place)[:2])
        text += f'[[landmark]]\nname = "m{index}"\nxyz_m = {list(place)}\npan_deg = {pan:.2f}\ntilt_deg = {tilt:.2f}\n'
    for old, new in changes:
        text = text.replace(old, new)
    path.write_text(text)
    return str(path)


def test_a_survey_prints_what_to_write_and_the_residuals(street, tmp_path, capsys):
    args = ["--camera", "corner", "--config", street(corner="http://127.0.0.1:9")]

    assert main(["camera", "survey", landmarks(tmp_path / "l.toml"), *args]) == 0
    told = capsys.readouterr().out
    for line in ("bearing_deg = 142.5", "tilt_zero_deg = -1.2", "lean_deg = 1.5", "lean_to_deg = ", "\nm3 ", "rms 0.0"):
        assert line in told


def test_a_survey_for_programs_and_a_landmark_that_is_off(street, tmp_path, capsys):
    args = ["--camera", "corner", "--config", street(corner="http://127.0.0.1:9"), "--json"]
    wrong = landmarks(tmp_path / "l.toml", ("[60, 40, 2]", "[60, 45, 2]"))

    assert main(["camera", "survey", wrong, *args]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["rms_deg"] > 1
    assert [each["landmark"] for each in told["residuals"]] == ["m0", "m1", "m2", "m3"]
    assert "degrees off: was it mistaken" in told["notes"][-1]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ([("pan_deg", "pan")], r"landmark 1 (m0).pan: unknown key"),
        ([("[60, 40, 2]", "[60, 40]")], "landmark 1 (m0).xyz_m"),
        ([("[[landmark]]", "[landmark]")], "l.toml: "),
        ([("[60, 40, 2]", "[25, -10, 6]")], "landmark m0: stands less than 1 m from the camera"),
        ([("tilt_deg = ", "tilt_deg = 100.0 #")], "landmark 1 (m0).tilt_deg"),
        ([('"m0"', '"m\\u001b[2J"')], "landmark 1.name: must be of printable letters"),
        ([('"m0"', '"m\\n0"')], "landmark 1.name: must be of printable letters"),
        ([("[60, 40, 2]", "[-60, -80, 2]")], "l.toml: no mount fits these landmarks: rms "),
        ([("[60, 40, 2]", "[-60, -80, 2]")], "the worst is m"),
    ],
)
def test_bad_landmarks_are_one_line(street, tmp_path, capsys, changes, says):
    args = ["--camera", "corner", "--config", street(corner="http://127.0.0.1:9")]

    status = main(["camera", "survey", landmarks(tmp_path / "l.toml", *changes), *args])
    told = capsys.readouterr().err
    assert status == 1 and told.count("\n") == 1
    assert says in told


@pytest.mark.parametrize(("lean_deg", "zero_deg", "says"), [(27.0, 0.0, "lean_deg comes out as 27.0, must be 0 to 20"),
                                                           (0.0, 50.0, "tilt_zero_deg comes out as 50.0")])  # fmt: skip
def test_a_mount_that_gateway_toml_would_not_take_is_refused(street, tmp_path, capsys, lean_deg, zero_deg, says):
    mount = Mount("corner", (25, -10, 6), 0.0, tilt_deg=(-90, 90), tilt_zero_deg=zero_deg, lean_deg=lean_deg)
    text = ""
    for index, place in enumerate([(60, 40, 2), (-30, 50, 12), (-20, -70, 1), (80, -30, 8)]):
        pan, tilt = mount.pan_tilt(*bearing(mount.xyz_m, place)[:2])
        text += f'[[landmark]]\nname = "m{index}"\nxyz_m = {list(place)}\npan_deg = {pan:.3f}\ntilt_deg = {tilt:.3f}\n'
    (tmp_path / "l.toml").write_text(text)
    config = street(corner="http://127.0.0.1:9")

    status = main(["camera", "survey", str(tmp_path / "l.toml"), "--camera", "corner", "--config", config])
    said = capsys.readouterr()
    assert (status, said.out, said.err.count("\n")) == (1, "", 1)
    assert says in said.err
