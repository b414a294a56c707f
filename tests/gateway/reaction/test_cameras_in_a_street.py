"""A shot in a street of real virtual cameras: what their pictures show, by the pictures' own word."""

import asyncio
import contextlib
import math
import time

import numpy as np
import pytest

av = pytest.importorskip("av")

from dsp.geodesy import Site, bearing  # noqa: E402
from dsp.placing.fix import Fix  # noqa: E402
from gateway.incident import Round  # noqa: E402
from gateway.orders import Aim  # noqa: E402
from gateway.reaction.camera_policy import CameraRules, Target  # noqa: E402
from gateway.reaction.cameras import Cameras  # noqa: E402
from gateway.reaction.eye import Eye  # noqa: E402
from gateway.reaction.policy import Policy, Rules  # noqa: E402
from gateway.reaction.walls import Wall, Walls  # noqa: E402
from gateway.street import Mount, angle_deg  # noqa: E402
from hw.onvif_camera import OnvifCamera  # noqa: E402
from simulators.peers.camera import VirtualCamera  # noqa: E402
from simulators.peers.head import Model, Pose  # noqa: E402
from simulators.peers.picture import read  # noqa: E402
from simulators.peers.rtsp_picture import RtspPicture  # noqa: E402

S = 1_000_000
SITE = Site(38.9, -77.0, 20.0)
VIEW = ((0.0, 60.0), (1.0, 3.0))
MOUNTS = [
    Mount("west", (-50.0, 0.0, 6.0), bearing_deg=90.0, view=VIEW),
    Mount("north", (10.0, 60.0, 6.0), bearing_deg=-160.0, view=VIEW),
    Mount("hidden", (30.0, -5.0, 6.0), bearing_deg=45.0, view=VIEW),
]
WALL = Wall(((22.0, -20.0), (22.0, 40.0)), 12.0)
COV_M2 = np.array([[9.0, 3.0], [3.0, 4.0]])


def shot(e, n, t_us):
    return Round(Fix((e, n, 0.0), t_us, COV_M2, np.zeros(6), 100.0), (), "A", 0.95, "gunshot")


def still(url):
    """A decoded picture, and what it says of itself."""
    with av.open(url, options={"rtsp_transport": "tcp"}, timeout=5) as stream:
        frame = next(stream.decode(video=0))
        return frame.width / frame.height, read(frame.to_ndarray(format="yuv420p")[: frame.height])


@contextlib.asynccontextmanager
async def cameras():
    """Virtual cameras on MOUNTS, with their pictures; `north` takes places and `west` does not."""
    pose = Pose(*SITE.to_geodetic(*MOUNTS[1].xyz_m), MOUNTS[1].bearing_deg)
    there, pictures = [], []
    for mount in MOUNTS:
        model = Model(speed_deg_s=400, view=VIEW, pose=pose if mount.name == "north" else None, home_deg=(0.0, 0.0))
        there.append(VirtualCamera(model=model))
        pictures.append(RtspPicture(there[-1].look, fps=20, key_every=4))
    for each in (*there, *pictures):
        await each.open()
    try:
        yield there, pictures
    finally:
        for each in (*there, *pictures):
            await each.close()


async def test_two_cameras_show_the_place_with_its_ellipse_and_the_one_behind_a_wall_is_left_alone():
    told, more = [], asyncio.Event()
    place_m, t_us = (4.0, 3.0, 0.0), time.time_ns() // 1000

    def report(outcome):
        told.append((outcome.device, outcome.note))
        more.set()

    async def until(condition):
        async with asyncio.timeout(20):
            while not condition():
                more.clear()
                await more.wait()

    rules = Rules(cameras=CameraRules(home_s=60))
    policy = Policy(rules, [], MOUNTS, lambda at_us: -20.0, Walls([WALL]))
    async with cameras() as (there, pictures):
        drivers = [OnvifCamera(each.url, "soundpost", "street") for each in there]
        eyes = [Eye(mount, driver, site=SITE, operator_s=60) for mount, driver in zip(MOUNTS, drivers, strict=True)]
        edge = Cameras(eyes, lambda: time.time_ns() // 1000, report)
        await edge.greet()
        for order in policy.feed(shot(*place_m[:2], t_us), t_us + S):
            if isinstance(order, Aim):
                edge.order(order)
        await until(lambda: sum(note.startswith("looks there") for _, note in told) == 2)
        shown = [await asyncio.to_thread(still, picture.url) for picture in pictures]
        for order in policy.tick(t_us + 62 * S):
            if isinstance(order, Aim):
                edge.order(order)
        await until(lambda: sum(note == "sent to its own home" for _, note in told) == 2)
        await edge.close()

    assert {device for device, _ in told} == {"west", "north"}
    assert there[2].notebook.entries == []
    assert ("north", "took the order, by place") in told and ("west", "took the order") in told
    for mount, camera, (aspect, picture) in zip(MOUNTS[:2], there, shown, strict=False):
        looks = ((picture.pan_deg + mount.bearing_deg) % 360, picture.tilt_deg)
        true = bearing(mount.xyz_m, (*place_m[:2], 1.5))[:2]
        width_deg = camera.head.model.width_deg(picture.zoom)

        assert angle_deg(looks, true) < 1.0
        assert holds(mount, looks, width_deg, aspect, Target(place_m, COV_M2).rim_m())
        assert width_deg < 30  # and not much more than it
        assert camera.notebook.entries[-1]["by"] == "GotoHomePosition"


def holds(mount, looks, width_deg, aspect, rim_m):
    """Whether points on the ground are in the picture."""
    found = []
    for point in rim_m:
        azimuth_deg, elevation_deg, _ = bearing(mount.xyz_m, (*point, 0.0))
        across_deg = ((azimuth_deg - looks[0] + 180) % 360 - 180) * math.cos(math.radians(elevation_deg))
        found.append(abs(across_deg) <= width_deg / 2 and abs(elevation_deg - looks[1]) <= width_deg / aspect / 2)
    return all(found)


async def test_the_cameras_follow_a_shooter_who_walks():
    t_us = time.time_ns() // 1000
    policy = Policy(Rules(), [], MOUNTS[:2], lambda at_us: -20.0)
    async with cameras() as (there, _):
        drivers = [OnvifCamera(each.url, "soundpost", "street") for each in there[:2]]
        eyes = [Eye(mount, driver, operator_s=60) for mount, driver in zip(MOUNTS, drivers, strict=False)]
        told, done = [], asyncio.Event()

        def report(outcome):
            told.append(outcome.note)
            done.set()

        edge = Cameras(eyes, lambda: time.time_ns() // 1000, report)
        for index in range(3):
            place_m = (10.0 * index, 4.0 * index)
            told.clear()
            for order in policy.feed(shot(*place_m, t_us + index * S), t_us + index * S + S // 2):
                if isinstance(order, Aim):
                    edge.order(order)
            async with asyncio.timeout(20):
                while sum(note.startswith("looks there") for note in told) < 2:
                    done.clear()
                    await done.wait()
            for mount, camera in zip(MOUNTS, there[:2], strict=False):
                pan_deg, tilt_deg = camera.looks()
                true = bearing(mount.xyz_m, (*place_m, 1.5))[:2]
                assert angle_deg((pan_deg + mount.bearing_deg, tilt_deg), true) < 1.0
        await edge.close()
