"""Carries out Aim, as an edge (gateway/edges.py): turns a camera, or the next best one if it does not take the order
within 3 s.

Each order is a task of its own; a camera takes one order at a time, and of those that wait the newest only. A camera
that failed is left alone for a while, each longer and with jitter, as long as another can do it. What a camera says
about where it looks is read back until it is within a degree of the order, and reported. Between orders each camera is
asked where it looks from time to time: its connection is warm when a shot comes, and one that is away is known before.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
from typing import Any, NoReturn

import structlog

from gateway.backoff import Backoff
from gateway.incident import Aim, Outcome
from gateway.street import Mount, angle_deg
from gateway.tasks import end
from hw.ports import Camera

GIVE_UP_S = 3.0  # notes/reliability.md 4.3: PTZ gives up within 3 s, next camera within 1 s
GREET_S = 20.0  # a slow camera takes 1.5 s a call, and connecting is five calls and a look
WARM_S = 20.0
LOOK_S = 0.25
GRACE_S = 0.25  # past its limit, for a call to come back
SETTLE_S = 12.0  # half a turn at 15 degrees a second, a slow camera
SETTLE_STEP_S = 0.25
NEAR_DEG = 1.0
log = structlog.get_logger("gateway.reaction.cameras")

Report = Callable[[Outcome], None]
Clock = Callable[[], int]


class Eye:
    """A camera on its mount, and whether it answered last time."""

    def __init__(self, mount: Mount, camera: Camera) -> None:
        self.mount = mount
        self.camera = camera
        self.newest: Aim | None = None
        self.alone = asyncio.Lock()
        self._away_until_s = 0.0
        self._answers = True
        self._refused = False
        self._backoff = Backoff(first_s=5.0, longest_s=60.0)
        self._due_s: dict[object, float] = {}

    @contextlib.asynccontextmanager
    async def within(self, limit_s: float) -> AsyncIterator[None]:
        """Calls of the camera that may take so long together. Raises TimeoutError where they take longer."""
        call = object()
        self._due_s[call] = asyncio.get_running_loop().time() + limit_s + GRACE_S
        try:
            async with asyncio.timeout(limit_s):
                yield
        finally:
            del self._due_s[call]

    def hangs(self, now_s: float) -> bool:
        """Whether a call did not even come back when its time was over."""
        return any(due_s < now_s for due_s in self._due_s.values())

    def is_away(self, now_s: float) -> bool:
        """Whether it failed so lately that another camera should be asked first."""
        return now_s < self._away_until_s

    def failed(self, now_s: float, why: str) -> None:
        """It did not do as it was told. Said once, until it works again."""
        self._refused = True
        self.silent(now_s, why)

    def silent(self, now_s: float, why: str) -> None:
        """It did not answer. Said once, until it answers again."""
        self._away_until_s = now_s + self._backoff.next_s()
        if self._answers:
            log.warning("camera does not answer", camera=self.mount.name, why=why)
        self._answers = False

    def worked(self) -> None:
        """It took an order."""
        self._refused = False
        self.answered()

    def answered(self) -> None:
        """It said where it looks. One that failed an order has yet to take one."""
        if self._refused:
            return
        self._away_until_s = 0.0
        self._backoff.reset()
        if not self._answers:
            log.info("camera answers again", camera=self.mount.name)
        self._answers = True


class Cameras:
    """All cameras of a street. report : is told which camera took an order, and where it looks then."""

    def __init__(self, eyes: Iterable[Eye], clock: Clock, report: Report) -> None:
        self._eyes: Mapping[str, Eye] = {eye.mount.name: eye for eye in eyes}
        self._clock = clock
        self._report = report
        self._tasks: set[asyncio.Task[None]] = set()
        self._bug: BaseException | None = None

    async def run(self, beat: Callable[[], None]) -> NoReturn:
        """Keep all cameras warm, for ever; one that is away is asked more and more rarely, lest it shuts us out.

        Raises OSError where a call of a camera's does not come back, and what an order died of.
        """
        loop, due_s = asyncio.get_running_loop(), 0.0
        while True:
            beat()
            self._check(loop.time())
            if loop.time() >= due_s:
                due_s = loop.time() + WARM_S
                self._start(self.greet(), "greet the cameras")
            await asyncio.sleep(min(LOOK_S, WARM_S))

    async def greet(self) -> None:
        """Connect to each camera, or ask the connected one, so that a shot need not wait, and who is away is known."""
        now_s = asyncio.get_running_loop().time()
        await asyncio.gather(*(self._greet(eye) for eye in self._eyes.values() if not eye.is_away(now_s)))

    def order(self, aim: Aim) -> None:
        """Take an order; returns at once. ValueError for a camera that is not ours."""
        for each in chain(aim):
            if each.camera not in self._eyes:
                raise ValueError(f"camera {each.camera!r}: there is none of that name")
        self._start(self._carry_out(aim), f"aim {aim.camera}")

    async def close(self) -> None:
        """Drop the orders under way and hang up."""
        await end(*self._tasks)
        await asyncio.gather(*(eye.camera.close() for eye in self._eyes.values()), return_exceptions=True)

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            self._bug = task.exception() or self._bug

    def _check(self, now_s: float) -> None:
        """Raise what must not be lost."""
        if self._bug is not None:
            raise self._bug
        for name, eye in self._eyes.items():
            if eye.hangs(now_s):
                raise OSError(f"camera {name}: a call does not come back")

    async def _greet(self, eye: Eye) -> None:
        try:
            async with eye.within(GREET_S):
                await eye.camera.read_aim()
        except (TimeoutError, OSError) as error:
            eye.silent(asyncio.get_running_loop().time(), str(error) or f"no answer within {GREET_S:g} s")
        else:
            eye.answered()

    async def _carry_out(self, aim: Aim) -> None:
        now_s = asyncio.get_running_loop().time()
        orders = sorted(chain(aim), key=lambda each: self._eyes[each.camera].is_away(now_s))  # stable: nearest first
        for each in orders:
            if await self._turn(each):
                return

    async def _turn(self, aim: Aim) -> bool:
        """True where nothing further is to be done: the camera turned, the order is old, or a newer one has come."""
        eye = self._eyes[aim.camera]
        eye.newest = aim
        async with eye.alone:
            if eye.newest is not aim:
                return True
            if aim.expires_us is not None and self._clock() > aim.expires_us:
                self._report(Outcome(aim, aim.camera, False, self._clock(), "too late: the event is past"))
                return True
            taken = await self._order(eye, aim)
        if taken:
            await self._watch(eye, aim)
        return taken

    async def _order(self, eye: Eye, aim: Aim) -> bool:
        look = eye.mount.pan_tilt(aim.azimuth_deg, aim.elevation_deg)
        try:
            if look is None:
                raise ValueError(f"cannot turn to {aim.azimuth_deg:.1f}, {aim.elevation_deg:.1f} degrees")
            async with eye.within(GIVE_UP_S):
                await eye.camera.aim(*look)
        except TimeoutError:
            why = f"no answer within {GIVE_UP_S:g} s"
        except (OSError, ValueError) as error:
            why = str(error)
        else:
            eye.worked()
            self._report(Outcome(aim, aim.camera, True, self._clock(), "took the order"))
            return True
        eye.failed(asyncio.get_running_loop().time(), why)
        self._report(Outcome(aim, aim.camera, False, self._clock(), why))
        return False

    async def _watch(self, eye: Eye, aim: Aim) -> None:
        """Read back until the camera looks where it was told, a newer order has come, or it has had long enough."""
        want = eye.mount.pan_tilt(aim.azimuth_deg, aim.elevation_deg)
        assert want is not None
        off_deg = 180.0
        try:
            async with eye.within(SETTLE_S):
                while eye.newest is aim:
                    off_deg = angle_deg(want, await eye.camera.read_aim())
                    if off_deg <= NEAR_DEG:
                        break
                    await asyncio.sleep(SETTLE_STEP_S)
                else:
                    return
            note = f"looks there, {off_deg:.2f} degrees off"
        except TimeoutError:
            note = f"still {off_deg:.1f} degrees off after {SETTLE_S:g} s"
        except OSError as error:
            note = f"does not tell where it looks: {error}"
        self._report(Outcome(aim, aim.camera, off_deg <= NEAR_DEG, self._clock(), note))


def chain(aim: Aim | None) -> Iterable[Aim]:
    """An order and what is to be done otherwise, in order."""
    while aim is not None:
        yield aim
        aim = aim.otherwise
