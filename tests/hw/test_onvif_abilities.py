"""What ONVIF cameras can beside angles: zoom, places, presets, a home; with GeoMove and without, behind NAT, by a wrong
clock."""

import contextlib
import time

import pytest

from dsp.geodesy import Site
from hw.onvif_camera import OnvifCamera
from hw.ports import GeoPlace
from simulators.peers import onvif_soap
from simulators.peers.camera import VirtualCamera
from simulators.peers.head import Head, Model, Pose

SITE = Site(38.9, -77.0, 20.0)
VIEW = ((0.0, 60.0), (1.0, 3.0))
POSE = Pose(38.9, -77.0, 25.0, bearing_deg=90.0)
PRESETS = {"gate": (-60.0, -5.0), "door": (10.0, -10.0), "yard": (80.0, -20.0)}


@contextlib.asynccontextmanager
async def camera(model, driver=None, **more):
    """(the virtual camera, our driver of it)."""
    there = VirtualCamera(model=model, **more)
    await there.open()
    ours = OnvifCamera(there.url, "soundpost", "street", **(driver or {}))
    try:
        yield there, ours
    finally:
        await ours.close()
        await there.close()


def place(e, n, up=1.5, width_m=12.0):
    return GeoPlace(*SITE.to_geodetic(e, n, up), width_m, width_m * 9 / 16)


async def test_a_camera_zooms_and_says_how_far():
    async with camera(Model(view=VIEW)) as (there, ours):
        assert await ours.aim(10, -5, 0.25) == "angles"
        look = await ours.read_look()

        assert (look.pan_deg, look.tilt_deg, look.zoom) == pytest.approx((10, -5, 0.25), abs=1e-4)
        await ours.aim(20, -5)
        assert there.head.zoom == pytest.approx(0.25)


async def test_a_camera_that_does_not_zoom_is_not_told_to():
    async with camera(Model()) as (there, ours):
        await ours.aim(10, -5, 0.25)

        assert (await ours.read_look()).zoom is None
        assert there.notebook.entries[0]["pan_deg"] == pytest.approx(10)
        assert "zoom" not in there.notebook.entries[0]


async def test_a_camera_that_takes_places_turns_to_one_and_shows_as_much_as_was_asked():
    async with camera(Model(pose=POSE, view=VIEW)) as (there, ours):
        assert await ours.aim(0, 0, None, place(40.0, 40.0)) == "place"

        assert there.looks() == pytest.approx((-45.0, -3.54), abs=0.01)  # to the north-east; its pan 0 looks east
        assert there.head.look(0).width_deg == pytest.approx(12.1, abs=0.1)
        assert there.notebook.entries[0]["by"] == "GeoMove"


async def test_a_camera_that_takes_no_places_is_told_the_angles():
    async with camera(Model()) as (there, ours):
        assert await ours.aim(7, -5, None, place(40.0, 40.0)) == "angles"

        assert there.looks() == pytest.approx((7, -5), abs=1e-4)


async def test_a_camera_that_refuses_a_place_is_told_the_angles_and_no_more_places():
    asked = []
    async with camera(Model(pose=POSE)) as (there, ours):

        def refuse(camera, request):
            raise onvif_soap.Refused("GeoMoveNotSupported", "not today")

        there.answers["GeoMove"] = refuse
        await ours.read_aim()
        there.delay_s = lambda operation: asked.append(operation) or 0.0
        assert await ours.aim(7, -5, None, place(40.0, 40.0)) == "angles"
        assert await ours.aim(8, -5, None, place(40.0, 40.0)) == "angles"

    assert asked == ["GeoMove", "AbsoluteMove", "AbsoluteMove"]


@pytest.mark.parametrize(("tells", "told"), [(True, None), (False, PRESETS), (True, {"door": (75.0, -18.0)})])
async def test_a_camera_that_takes_no_angles_goes_to_its_nearest_preset(tells, told):
    spans = {"pan_span_deg": (-180, 180), "tilt_span_deg": (-90, 90)} if tells else {}  # it tells shares of its travel
    model = Model(turns=False, presets=PRESETS, tells_presets=tells)
    async with camera(model, {"presets": told, **spans}) as (_, ours):
        how = await ours.aim(75, -18)

        assert how == ("preset door" if told == {"door": (75.0, -18.0)} else "preset yard")
        assert await ours.read_look() is None
        with pytest.raises(ValueError, match="no preset within 30 degrees of pan 170, tilt 0"):
            await ours.aim(170, 0)


async def test_a_camera_goes_to_its_own_home_and_one_without_says_so():
    async with camera(Model(home_deg=(33.0, -3.0))) as (there, ours):
        await ours.aim(10, -5)
        await ours.go_home()

        assert there.looks() == (33.0, -3.0)
    async with camera(Model()) as (_, ours):
        with pytest.raises(ValueError, match="no home of its own"):
            await ours.go_home()


async def test_a_camera_behind_nat_that_gives_another_address_as_its_own_is_spoken_to_where_it_is():
    async with camera(Model(), announced="http://192.0.2.7:8080") as (there, ours):
        await ours.aim(10, -5)

        assert there.looks() == pytest.approx((10, -5), abs=1e-4)


@pytest.mark.parametrize("hours", [-1, 1])
async def test_a_camera_whose_clock_is_an_hour_off_still_takes_places(hours):
    async with camera(Model(pose=POSE), now_us=lambda: time.time_ns() // 1000 + hours * 3_600_000_000) as (there, ours):
        await ours.aim(0, 0, None, place(0.0, 40.0))

        assert there.looks()[0] == pytest.approx(-90.0, abs=0.01)


async def test_zoom_of_a_camera_that_counts_it_in_its_own_way_is_a_share_of_it():
    async with camera(Model(view=VIEW)) as (there, ours):
        there.answers["GetNodes"] = lambda camera, request: onvif_soap.nodes(camera.head.model).replace(
            onvif_soap.ZOOM, onvif_soap.ZOOM.replace("<tt:Max>1<", "<tt:Max>0.5<")
        )
        await ours.aim(10, -5, 0.5)

        assert there.head.zoom == pytest.approx(0.25)
        assert (await ours.read_look()).zoom == pytest.approx(0.5)


@pytest.mark.parametrize(("width_deg", "zoom"), [(100, 0), (60, 0), (3, 1), (1, 1), ((60 * 3) ** 0.5, 0.5)])
def test_a_virtual_head_zooms_to_what_is_asked(width_deg, zoom):
    model = Model(view=VIEW)

    assert model.zoom_for(width_deg) == pytest.approx(zoom, abs=1e-6)
    assert model.width_deg(zoom) == pytest.approx(min(60, max(3, width_deg)), rel=1e-6)


def test_a_virtual_head_that_cannot_turn_to_a_place_says_so():
    with pytest.raises(ValueError, match="cannot turn there"):
        Head(Model(pan_span_deg=(-10, 10), pose=POSE)).angles_to(SITE.to_geodetic(-40, 0, 1.5), None)
    with pytest.raises(ValueError, match="takes no places"):
        Head(Model()).angles_to((38.9, -77.0, 20.0), None)


@pytest.mark.parametrize("operation", ["AbsoluteMove", "GetStatus", "GetNodes"])
async def test_a_camera_that_forgets_to_declare_a_prefix_is_understood(monkeypatch, operation):
    names = {**onvif_soap.NAMESPACES}

    def forgetful(body):
        declared = {prefix: uri for prefix, uri in names.items() if prefix != "tptz" or operation not in body}
        names_there = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in declared.items())
        return onvif_soap.ENVELOPE.format(names=names_there, body=body)

    monkeypatch.setattr("simulators.peers.onvif_soap.envelope", forgetful)
    async with camera(Model(view=VIEW)) as (there, ours):
        await ours.aim(10, -5, 0.25)

        assert there.looks() == pytest.approx((10, -5), abs=1e-4)
        assert (await ours.read_look()).zoom == pytest.approx(0.25)
