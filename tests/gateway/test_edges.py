"""Edges that are killed, hang, raise or cannot be made, each while shots come: the others act as without, and it is
back within 5 s."""

import asyncio
import contextlib
import time

import pytest

from gateway.edges import Edges, Plug
from gateway.incident import News
from gateway.orders import Aim, Light, Outcome

BACK_S = 5.0


class Doer:
    """An edge that does what it is ordered; `breaks`: how the first one made of its plug goes wrong."""

    made = 0

    def __init__(self, tell, breaks=None):
        self._tell, self._breaks = tell, breaks
        self._orders = asyncio.Queue()
        self.closed, self.let_go = False, asyncio.Event()

    def order(self, effect):
        if self._breaks == "refuses":
            raise RuntimeError("cannot take it")
        self._orders.put_nowait(effect)

    async def run(self, beat):
        while True:
            beat()
            with contextlib.suppress(TimeoutError):
                effect = await asyncio.wait_for(self._orders.get(), 0.1)
                await self._carry_out(effect)

    async def _carry_out(self, effect):
        if self._breaks == "raises":
            raise ZeroDivisionError("a bug")
        if self._breaks == "ends":
            raise asyncio.CancelledError
        if self._breaks == "hangs":
            await asyncio.Event().wait()
        while self._breaks == "hangs and will not end" and not self.let_go.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await self.let_go.wait()
        self._tell(Outcome(effect, "device", True, 0, "done"))

    async def close(self):
        self.closed = True
        if self._breaks == "hangs and will not end":
            await self.let_go.wait()


class World:
    """Two edges, of which one breaks once."""

    def __init__(self, breaks, n_broken=1):
        self.told, self._more = [], asyncio.Event()
        self.breaking, self.whole = [], []

        def broken(tell):
            self.breaking.append(Doer(tell, breaks if len(self.breaking) < n_broken else None))
            return self.breaking[-1]

        def sound(tell):
            self.whole.append(Doer(tell))
            return self.whole[-1]

        plugs = [Plug("lamps", (Light,), broken, 0.5), Plug("cameras", (Aim,), sound, 0.5)]
        self.edges = Edges(plugs, self.tell, lambda: 0)

    def tell(self, told):
        self.told.append(told)
        self._more.set()

    async def until(self, condition):
        async with asyncio.timeout(BACK_S):
            while not any(condition(each) for each in self.told):
                self._more.clear()
                await self._more.wait()

    def news(self):
        return [each.note for each in self.told if isinstance(each, News)]


@contextlib.asynccontextmanager
async def running(world):
    task = asyncio.create_task(world.edges.run())
    yield world
    task.cancel()
    async with asyncio.timeout(BACK_S):
        await asyncio.gather(task, return_exceptions=True)
    for edge in world.breaking:
        edge.let_go.set()


LIGHT, AIM = Light(("l0",), 100, "i1"), Aim("c1", 0, 0, "i1")


def did(effect):
    return lambda told: isinstance(told, Outcome) and told.effect == effect


@pytest.mark.parametrize("breaks", ["raises", "ends", "hangs", "hangs and will not end", "refuses"])
async def test_an_edge_that_breaks_takes_nothing_with_it_and_does_its_orders_when_it_is_back(breaks):
    async with running(World(breaks)) as world:
        world.edges.order(LIGHT)
        world.edges.order(AIM)
        await world.until(did(AIM))
        if breaks == "refuses":  # such a one goes on, and takes the next order or not
            assert world.news() == ["lamps does not take an order: RuntimeError('cannot take it'); it is started again"]
        else:
            await world.until(did(LIGHT))
    if breaks != "refuses":
        assert len(world.news()) == 1
        assert world.news()[0].startswith("lamps ")
        assert world.news()[0].endswith("it is started again")
        assert [len(world.breaking), len(world.whole)] == [2, 1]
    assert all(edge.closed for edge in (*world.breaking, *world.whole))


async def test_an_edge_that_always_breaks_is_said_once_and_tried_again_and_again():
    async with running(World("raises", n_broken=3)) as world:
        world.edges.order(LIGHT)
        await world.until(did(LIGHT))

    assert len(world.breaking) == 4
    assert len(world.news()) == 1


async def test_an_edge_that_cannot_be_made_anew_is_made_when_it_can_be():
    made = []

    def make(tell):
        made.append(1)
        if len(made) == 2:
            raise OSError("password: no such file")
        return Doer(tell, "raises" if len(made) == 1 else None)

    world = World(None)
    world.edges = Edges([Plug("cameras", (Light,), make, 0.5)], world.tell, lambda: 0)
    async with running(world):
        world.edges.order(LIGHT)
        await world.until(did(LIGHT))

    assert len(made) == 3


async def test_what_one_cannot_be_made_of_at_the_start_is_raised():
    def make(tell):
        raise OSError("password: no such file")

    with pytest.raises(OSError, match="password"):
        Edges([Plug("cameras", (Aim,), make)], print, lambda: 0)


async def test_what_nobody_takes_is_let_go():
    async with running(World(None)) as world:
        world.edges.order(News("edge", "?", 0))
        world.edges.order(LIGHT)
        await world.until(did(LIGHT))

    assert len(world.told) == 1


class Slow(Doer):
    """Beats only some steps after it woke."""

    async def run(self, beat):
        while True:
            beat()
            await asyncio.sleep(0.1)
            for _ in range(10):
                await asyncio.sleep(0)


async def test_a_program_that_stood_still_blames_no_edge():
    world, made = World(None), []

    def make(tell):
        made.append(Slow(tell))
        return made[-1]

    world.edges = Edges([Plug("lamps", (Light,), make, 0.5)], world.tell, lambda: 0)
    async with running(world):
        for _ in range(3):
            await asyncio.sleep(0.3)
            time.sleep(0.8)  # noqa: ASYNC251 (what is meant: nothing of the program runs)
        await asyncio.sleep(0.3)

    assert world.news() == []
    assert len(made) == 1


async def test_an_edge_that_is_made_anew_is_not_told_again_what_it_has_done():
    world = World("raises")
    light = Light(("l0", "l1"), 100, "i1", action="lights-1")
    orders = []

    class Half(Doer):
        """Does one lamp of two, then breaks; the next one says what it is told."""

        async def _carry_out(self, effect):
            orders.append(effect)
            self._tell(Outcome(effect, "l0" if len(orders) == 1 else "l1", True, 0, "done"))
            if len(orders) == 1:
                raise ZeroDivisionError("a bug")

    world.edges = Edges([Plug("lamps", (Light,), Half, 0.5)], world.tell, lambda: 0)
    async with running(world):
        world.edges.order(light)
        await world.until(lambda told: isinstance(told, Outcome) and told.device == "l1")

    assert [each.lamps for each in orders] == [("l0", "l1"), ("l1",)]


@pytest.mark.parametrize(("done", "left"), [((), ("c1",)), (("c2",), ())])
def test_of_an_aim_that_some_camera_took_nothing_is_left(done, left):
    order = AIM.left(done)

    assert tuple([order.camera] if order else []) == left
