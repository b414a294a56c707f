"""The cameras' edge: places before angles, an operator's own move, and the way home."""

import asyncio
import contextlib

import pytest

from dsp.geodesy import Site
from gateway.orders import Aim
from gateway.reaction.cameras import Cameras
from gateway.reaction.eye import Eye
from gateway.street import Mount
from hw.fake import FakeCamera, FakeClock, Told

S = 1_000_000
SITE = Site(38.9, -77.0, 20.0)
PLACE_M = (0.0, 50.0, 1.5)


class Notes(Told):
    """(device, done, note) of what became of orders."""

    def __call__(self, outcome):
        super().__call__((outcome.device, outcome.done, outcome.note))

    async def says(self, note):
        await self.until(lambda told: any(note in each[2] for each in told))


def street(*cameras, site=None, operator_s=120.0, home_deg=None, **mount):
    """Cameras c0, c1... in one place, what they tell, and their clock."""
    told, clock = Notes(), FakeClock()
    eyes = [
        Eye(Mount(f"c{i}", (0, 0, 5), **mount), each, site=site, home_deg=home_deg, operator_s=operator_s)
        for i, each in enumerate(cameras)
    ]
    return Cameras(eyes, clock.now_us, told), told, clock


def aim(*names, azimuth_deg=0.0, width_deg=None, home=False):
    order = None
    for name in reversed(names):
        order = Aim(name, azimuth_deg, -4.0, "i1", None, order, place_m=PLACE_M, width_deg=width_deg, home=home)
    return order


async def settled(edge):
    """Let all orders end, those that wait for time excepted."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_camera_is_told_to_zoom_as_its_view_says():
    camera = FakeCamera()
    edge, told, _ = street(camera, view=((0.0, 60.0), (1.0, 6.0)))
    edge.order(aim("c0", width_deg=6.0))
    await told.says("looks there")
    await edge.close()

    assert camera.zooms == [1.0]


async def test_a_camera_that_takes_places_is_told_one_with_how_much_of_it_is_to_be_seen():
    camera = FakeCamera(takes_places=True)
    camera.drive_look(0.0, -4.0)
    edge, told, _ = street(camera, site=SITE)
    edge.order(aim("c0", width_deg=10.0))
    await told.says("looks there")
    await edge.close()

    (place,) = camera.places
    assert SITE.to_enu(place.lat_deg, place.lon_deg, place.h_m) == pytest.approx(PLACE_M, abs=0.01)
    assert place.width_m == pytest.approx(2 * 50.12 * 0.08749, rel=1e-3)  # twice 50 m away, half of 10 degrees
    assert place.width_m / place.height_m == pytest.approx(16 / 9)
    assert told[0] == ("c0", True, "took the order, by place")


async def test_a_camera_that_looks_elsewhere_by_the_place_is_told_the_angles():
    camera = FakeCamera(takes_places=True)
    camera.drive_look(20.0, -4.0)
    edge, told, _ = street(camera, site=SITE)
    edge.order(aim("c0", width_deg=10.0))
    await told.says("looks there")
    await edge.close()

    assert [each[2] for each in told] == [
        "took the order, by place",
        "by the place it looks 20.0 degrees off; it is told the angles",
        "took the order",
        "looks there, 0.00 degrees off",
    ]
    assert camera.places[1] is None
    assert await camera.read_aim() == (0.0, -4.0)


async def test_without_a_site_no_camera_is_told_a_place():
    camera = FakeCamera(takes_places=True)
    edge, told, _ = street(camera)
    edge.order(aim("c0", width_deg=10.0))
    await told.says("took the order")
    await edge.close()

    assert camera.places == [None]


async def test_a_camera_that_its_operator_has_just_turned_is_left_to_him_and_the_next_turns():
    his, free = FakeCamera(), FakeCamera()
    edge, told, clock = street(his, free)
    await edge.greet()
    his.drive_look(77.0, 0.0)
    clock.drive_time(S)
    edge.order(aim("c0", "c1"))
    await told.says("looks there")

    assert told[0] == ("c0", False, "left to its operator, who has just moved it")
    assert (his.orders, free.orders) == ([], [(0.0, -4.0)])

    clock.drive_time(121 * S)
    edge.order(aim("c0", azimuth_deg=9.0))
    await asyncio.sleep(0)
    await told.says("looks there")
    await settled(edge)
    await edge.close()
    assert his.orders == [(9.0, -4.0)]


async def test_where_operators_are_not_heeded_it_turns_at_once():
    his = FakeCamera()
    edge, told, _ = street(his, operator_s=0)
    await edge.greet()
    his.drive_look(77.0, 0.0)
    edge.order(aim("c0"))
    await told.says("looks there")
    await edge.close()

    assert his.orders == [(0.0, -4.0)]


class CalledAway(FakeCamera):
    """On its way it is turned elsewhere by somebody else."""

    def __init__(self):
        super().__init__()
        self.ways = [(60.0, -4.0), (30.0, -4.0), (80.0, 0.0)]

    async def aim(self, *order):
        await super().aim(*order)
        self.drive_look(*self.ways.pop(0))
        return "angles"

    async def read_look(self):
        look = await super().read_look()
        if self.ways and self.orders:
            self.drive_look(*self.ways.pop(0))
        return look


async def test_an_operator_who_takes_it_meanwhile_has_it():
    camera = CalledAway()
    edge, told, _ = street(camera)
    edge.order(aim("c0"))
    await told.says("operator")
    await edge.close()

    assert told[-1] == ("c0", False, "left to its operator, who has moved it meanwhile")
    assert camera.orders == [(0.0, -4.0)]


@pytest.mark.parametrize(
    ("camera", "home_deg", "note", "looks"),
    [
        (FakeCamera(home_deg=(5.0, 6.0)), None, "sent to its own home", (5.0, 6.0)),
        (FakeCamera(home_deg=(5.0, 6.0)), (-20.0, -8.0), "sent home", (-20.0, -8.0)),
        (FakeCamera(), None, "sent back to where it looked before", (45.0, -10.0)),
    ],
)
async def test_a_camera_goes_back_to_where_it_belongs(camera, home_deg, note, looks):
    camera.drive_look(45.0, -10.0, 0.3)
    edge, told, _ = street(camera, home_deg=home_deg)
    edge.order(aim("c0"))
    await told.says("looks there")
    edge.order(aim("c0", home=True))
    await told.says(note)
    await edge.close()

    assert told[-1] == ("c0", True, note)
    assert await camera.read_aim() == looks


async def test_it_goes_back_to_where_it_looked_before_the_first_of_several_shots():
    camera = FakeCamera()
    camera.drive_look(45.0, -10.0)
    edge, told, _ = street(camera)
    for azimuth_deg in (0.0, 30.0, 60.0):
        edge.order(aim("c0", azimuth_deg=azimuth_deg))
        await told.says("looks there")
        told.clear()
    edge.order(aim("c0", azimuth_deg=60.0, home=True))
    await told.says("sent back")
    await edge.close()

    assert await camera.read_aim() == (45.0, -10.0)


async def test_a_camera_that_somebody_moved_meanwhile_is_left_as_it_is():
    camera = FakeCamera()
    edge, told, clock = street(camera)
    edge.order(aim("c0"))
    await told.says("looks there")
    camera.drive_look(50.0, 0.0)
    clock.drive_time(300 * S)
    edge.order(aim("c0", home=True))
    await told.says("somebody else has moved it")
    await edge.close()

    assert await camera.read_aim() == (50.0, 0.0)


async def test_a_camera_that_never_turned_for_it_is_not_moved_and_not_spoken_of():
    camera = FakeCamera(home_deg=(0.0, 0.0))
    camera.drive_look(50.0, 0.0)
    edge, told, _ = street(camera)
    edge.order(aim("c0", home=True))
    await settled(edge)
    await edge.close()

    assert told == []
    assert await camera.read_aim() == (50.0, 0.0)


async def test_after_a_restart_a_camera_that_still_looks_there_goes_home():
    camera = FakeCamera(home_deg=(5.0, 6.0))
    camera.drive_look(0.4, -4.0)
    edge, told, _ = street(camera)
    edge.order(aim("c0", home=True))
    await told.says("sent to its own home")
    await edge.close()

    assert await camera.read_aim() == (5.0, 6.0)


async def test_after_a_restart_a_camera_without_a_home_stays_and_it_is_said():
    camera = FakeCamera()
    camera.drive_look(0.4, -4.0)
    edge, told, _ = street(camera)
    edge.order(aim("c0", home=True))
    await told.says("not known")
    await edge.close()

    assert told == [("c0", False, "has no home, and where it looked before is not known")]


async def test_a_camera_that_was_away_when_it_was_to_go_home_goes_when_it_is_back_however_late():
    camera = FakeCamera(home_deg=(5.0, 6.0))
    edge, told, clock = street(camera)
    edge.order(aim("c0"))
    await told.says("looks there")
    camera.drive_failure(OSError("unplugged"))
    edge.order(aim("c0", home=True))
    await told.says("unplugged; it goes home when it answers again")
    clock.drive_time(3600 * S)
    camera.drive_failure(None)
    await edge.greet()
    await told.says("sent to its own home")
    await edge.greet()
    await settled(edge)
    await edge.close()

    assert await camera.read_aim() == (5.0, 6.0)
    assert [note for _, _, note in told].count("sent to its own home") == 1


async def test_a_camera_that_was_away_at_home_time_and_turned_for_a_newer_shot_stays_with_that():
    camera = FakeCamera(home_deg=(5.0, 6.0))
    edge, told, _ = street(camera)
    edge.order(aim("c0"))
    await told.says("looks there")
    camera.drive_failure(OSError("unplugged"))
    edge.order(aim("c0", home=True))
    await told.says("unplugged")
    camera.drive_failure(None)
    told.clear()
    edge.order(aim("c0", azimuth_deg=60.0))
    await told.says("looks there")
    await edge.greet()
    await settled(edge)
    await edge.close()

    assert await camera.read_aim() == (60.0, -4.0)


async def test_a_camera_that_refuses_to_go_home_is_not_asked_again_and_again():
    class Stubborn(FakeCamera):
        async def go_home(self):
            raise OSError("refuses")

    edge, told, _ = street(Stubborn())
    edge.order(aim("c0"))
    await told.says("looks there")
    edge.order(aim("c0", home=True))
    await told.says("refuses")
    await edge.greet()
    await settled(edge)
    await edge.close()

    assert [note for _, _, note in told].count("refuses") == 1


class HungCamera(FakeCamera):
    """A call to it does not come back, whatever is done to end it; it notes that it was hung up."""

    def __init__(self):
        super().__init__()
        self.over, self.is_closed = asyncio.Event(), False

    async def read_look(self):
        while not self.over.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await self.over.wait()

    async def close(self):
        self.is_closed = True


async def test_a_call_that_does_not_end_keeps_no_connection_of_any_camera_open():
    hung, other = HungCamera(), HungCamera()
    other.over.set()
    edge, _, _ = street(hung, other)
    edge.order(aim("c0"))
    await settled(edge)
    with contextlib.suppress(TimeoutError):  # as gateway/edges.py lets go of an edge
        await asyncio.wait_for(edge.close(), 0.05)
    closed = hung.is_closed, other.is_closed
    hung.over.set()
    await settled(edge)

    assert closed == (True, True)


async def test_while_the_whole_program_stood_still_no_call_hangs():
    eye = Eye(Mount("c", (0, 0, 5)), FakeCamera())
    async with eye.within(1.0):
        now_s = asyncio.get_running_loop().time()
        eye.stood_still(5.0)

        assert not eye.hangs(now_s + 6.0)
        assert eye.hangs(now_s + 6.5)
