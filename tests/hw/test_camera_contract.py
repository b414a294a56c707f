"""What every Camera driver does (hw/ports.py): one test over the fake and over ONVIF to the virtual camera."""

import contextlib

import pytest

from hw.fake import FakeCamera
from hw.onvif_camera import OnvifCamera
from simulators.peers.camera import VirtualCamera

PAN_SPAN_DEG, TILT_SPAN_DEG = (-170.0, 170.0), (-30.0, 90.0)


@contextlib.asynccontextmanager
async def fake():
    yield FakeCamera(PAN_SPAN_DEG, TILT_SPAN_DEG)


@contextlib.asynccontextmanager
async def declared():
    async with virtual() as url:
        camera = OnvifCamera(url, "soundpost", "street")
        yield camera
        await camera.close()


@contextlib.asynccontextmanager
async def configured():
    async with virtual() as url:
        camera = OnvifCamera(url, "soundpost", "street", pan_span_deg=PAN_SPAN_DEG, tilt_span_deg=TILT_SPAN_DEG)
        yield camera
        await camera.close()


@contextlib.asynccontextmanager
async def virtual():
    camera = VirtualCamera(pan_span_deg=PAN_SPAN_DEG, tilt_span_deg=TILT_SPAN_DEG)
    await camera.open()
    try:
        yield camera.url
    finally:
        await camera.close()


@pytest.fixture(params=[fake, declared, configured], ids=lambda kind: kind.__name__)
async def camera(request):
    async with request.param() as driver:
        yield driver


async def test_a_camera_looks_where_it_was_aimed(camera):
    for aim_deg in ((0.0, 0.0), (123.4, -17.25), (-170.0, 90.0), (170.0, -30.0)):
        await camera.aim(*aim_deg)

        assert await camera.read_aim() == pytest.approx(aim_deg, abs=1e-4)


@pytest.mark.parametrize(("asked_deg", "same_deg"), [(350, -10), (-350, 10), (260, -100), (730, 10)])
async def test_a_pan_may_be_given_any_turn_round(camera, asked_deg, same_deg):
    await camera.aim(asked_deg, 5)

    assert await camera.read_aim() == pytest.approx((same_deg, 5), abs=1e-4)


@pytest.mark.parametrize(
    ("pan_deg", "tilt_deg", "says"),
    [
        (175, 0, "pan 175 degrees: this camera turns -170 to 170"),
        (0, 91, "tilt 91 degrees: this camera turns -30 to 90"),
        (float("nan"), 0, "pan nan degrees"),
        (0, float("inf"), "tilt inf degrees"),
    ],
)
async def test_an_angle_out_of_reach_names_the_reach_and_moves_nothing(camera, pan_deg, tilt_deg, says):
    await camera.aim(20, 10)

    with pytest.raises(ValueError, match=says):
        await camera.aim(pan_deg, tilt_deg)
    assert await camera.read_aim() == pytest.approx((20, 10), abs=1e-4)
