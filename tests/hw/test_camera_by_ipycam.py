"""Our driver at a virtual camera that nobody here wrote (ipycam 1.3.0), where that is installed."""

import importlib.util
import subprocess
import sys

import pytest

from hw.onvif_camera import OnvifCamera
from simulators.ports import free_ports

pytestmark = pytest.mark.skipif(importlib.util.find_spec("ipycam") is None, reason="needs ipycam")

CAMERA = """
import os, sys
import ipycam
ports = [int(port) for port in sys.argv[1:]]
config = ipycam.CameraConfig(
    local_ip="127.0.0.1", onvif_port=ports[0], rtsp_port=ports[1], web_port=ports[2], main_width=320, main_height=180,
    main_fps=5, hw_accel="cpu", username="op", password="secret")
ipycam.IPCamera(config).start()
print("up", flush=True)
sys.stdin.read()
os._exit(0)  # its threads do not end by themselves
"""


@pytest.fixture
def url():
    ports = [str(each) for each in free_ports(3)]
    camera = subprocess.Popen(
        [sys.executable, "-c", CAMERA, *ports],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        while "up" not in (line := camera.stdout.readline()):
            assert line, "ipycam did not start"
        yield f"http://127.0.0.1:{ports[0]}"
    finally:
        camera.kill()
        camera.wait(10)


async def test_it_turns_zooms_says_where_it_looks_and_what_it_is(url):
    camera = OnvifCamera(url, "op", "secret", pan_span_deg=(-180, 180), tilt_span_deg=(-90, 90))
    how = await camera.aim(30, -10, 0.5)
    look = await camera.read_look()
    about = await camera.about()
    await camera.close()

    assert how == "angles"
    assert (look.pan_deg, look.tilt_deg, look.zoom) == pytest.approx((30, -10, 0.5), abs=1e-3)
    assert about.identity["Manufacturer"] == "PythonCam"
    assert about.stream.startswith("rtsp://127.0.0.1:")


async def test_a_wrong_password_is_refused(url):
    camera = OnvifCamera(url, "op", "wrong", pan_span_deg=(-180, 180), tilt_span_deg=(-90, 90))
    with pytest.raises(OSError, match="the camera refuses"):
        await camera.aim(30, -10)
    await camera.close()
