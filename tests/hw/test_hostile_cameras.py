"""Cameras that answer as none should: each order has an end that is told, and no word of a login goes anywhere else."""

import logging

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from simulators.peers.hostile_camera import KINDS, HostileCamera
from simulators.peers.under_fire import Toll, under_fire

SECRET = "correct-horse-battery"


@pytest.fixture
async def elsewhere():
    """(url of another host's web server, what came to it)."""
    heard = []

    async def hear(request):
        heard.append(await request.read())
        return web.Response(text="")

    app = web.Application()
    app.router.add_route("*", "/{any:.*}", hear)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}", heard
    await runner.cleanup()


async def test_every_order_to_a_hostile_camera_ends_and_is_told_and_no_login_goes_elsewhere(
    elsewhere, monkeypatch, caplog
):
    monkeypatch.setattr("simulators.peers.hostile_camera.SILENT_S", 1.0)
    monkeypatch.setattr("gateway.reaction.cameras.GIVE_UP_S", 0.5)
    caplog.set_level(logging.DEBUG)
    url, heard = elsewhere
    cameras = [HostileCamera(password=SECRET, seed=seed, elsewhere=url, silent_share=0.05) for seed in range(4)]
    for camera in cameras:
        await camera.open()
    with capture_logs() as logs:
        toll = await under_fire([camera.url for camera in cameras], SECRET, orders_each=40, timeout_s=0.5)
    given = sum((camera.given for camera in cameras), start=cameras[0].given - cameras[0].given)
    for camera in cameras:
        await camera.close()

    assert toll.illegal() == []
    assert len(toll.orders) == 160
    assert given.total() - given["true"] > 80 and len(given) > len(KINDS) // 2
    assert {"took", "failed"} <= {word for words in toll.orders.values() for word in words}
    assert heard == []
    told = "\n".join([*toll.notes, caplog.text, *map(str, logs)])
    assert SECRET not in told
    assert all(note.isprintable() and len(note) < 400 for note in toll.notes)


def test_an_order_that_nothing_was_told_of_or_out_of_turn_would_be_seen():
    toll = Toll()
    toll.orders |= {"a": [], "b": ["there"], "c": ["took", "took"], "d": ["took", "misplaced", "took", "there"]}

    assert [each[0] for each in toll.illegal()] == ["a", "b", "c"]
