"""Carries out Aim, as an edge (gateway/edges.py): turns a camera, or the next best one if it does not take the order
within 3 s.

Each order is a task of its own; a camera takes one order at a time, and of those that wait the newest only. A camera
that failed is left alone for a while, each longer and with jitter, as long as another can do it. What a camera says
about where it looks is read back until it is within a degree of the order, and reported; one that was told a place and
looks elsewhere, for it does not know well where it stands, is told the angles. Between orders each camera is asked
where it looks from time to time: its connection is warm when a shot comes, and one that is away is known before.

Before an order it is asked, too, for a moment: one that somebody else has just turned is left to him for a while, and
the next best is asked (gateway/reaction/operator.py). One goes home only if it still looks where it was told to; one
that is away then does when it answers again. What a later round asks for again turns only a camera that does not look
there already.
"""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import replace
from typing import Any, NoReturn

import structlog

from gateway.orders import NEWER, Aim, Outcome
from gateway.reaction.eye import Eye, stands
from gateway.street import angle_deg
from gateway.tasks import end
from hw.ports import Look

GIVE_UP_S = 2.8  # notes/reliability.md 4.3: PTZ gives up within 3 s, the next camera within 1 s; less what is late
GREET_S = 20.0  # a slow camera takes 1.5 s a call, and connecting is five calls and a look
WARM_S = 20.0
LOOK_S = 0.25
FIRST_LOOK = 1 / 12  # of GIVE_UP_S, for whose it is
SETTLE_S = 12.0  # half a turn at 15 degrees a second, a slow camera
SETTLE_STEP_S = 0.25
NEAR_DEG = 1.0
log = structlog.get_logger("gateway.reaction.cameras")

Report = Callable[[Outcome], None]
Clock = Callable[[], int]


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
            wait_s, began_s = min(LOOK_S, WARM_S), loop.time()
            await asyncio.sleep(wait_s)
            late_s = max(0.0, loop.time() - began_s - wait_s)  # the whole program stood still: no call could come back
            for eye in self._eyes.values():
                eye.stood_still(late_s)

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
        try:
            await end(*self._tasks)
        finally:  # an order that does not end keeps no connection open
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
                await eye.look(self._clock())
        except (TimeoutError, OSError) as error:
            eye.silent(asyncio.get_running_loop().time(), str(error) or f"no answer within {GREET_S:g} s")
        else:
            eye.answered()
            if eye.home_due is not None:
                self._start(self._turn_late(eye), f"send {eye.mount.name} home")

    async def _turn_late(self, eye: Eye) -> None:
        """It is back, and was to go home meanwhile: it does, unless a newer order has come."""
        due, eye.home_due = eye.home_due, None
        if due is not None and eye.newest is due:
            await self._turn(replace(due, expires_us=None))

    async def _carry_out(self, aim: Aim) -> None:
        now_s = asyncio.get_running_loop().time()
        orders = sorted(chain(aim), key=lambda each: self._eyes[each.camera].is_away(now_s))  # stable: nearest first
        for each in orders:
            if await self._turn(each):
                return

    async def _turn(self, aim: Aim) -> bool:
        """True where nothing further is to be done: the camera turned, the order is old, or a newer one has come."""
        eye = self._eyes[aim.camera]
        if aim.again and eye.is_turning(aim):
            self._tell(aim, True, "is on its way there")
            return True
        eye.newest = aim
        async with eye.alone:
            if eye.newest is not aim:
                self._report(Outcome(aim, aim.camera, False, self._clock(), NEWER, superseded=True))
                return True
            if aim.expires_us is not None and self._clock() > aim.expires_us:
                self._tell(aim, False, "too late: the event is past")
                return True
            if aim.home:
                await self._go_home(eye, aim)
                return True
            look, took_s = await self._look_first(eye)
            left = self._left_as_it_is(eye, aim, look)
            if left is not None:
                return left
            how = await self._order(eye, aim, GIVE_UP_S - took_s, by_place=True)
        if how:
            await self._watch(eye, aim, how)
        return bool(how)

    def _left_as_it_is(self, eye: Eye, aim: Aim, look: Look | None) -> bool | None:
        """True where it looks there already, False where it is its operator's; None: it is to turn."""
        if eye.operator.has_it(self._clock()):
            self._tell(aim, False, "left to its operator, who has just moved it")
            return False
        if aim.again and eye.is_there(aim, look):
            self._tell(aim, True, "looks there still")
            return True
        return None

    async def _look_first(self, eye: Eye) -> tuple[Look | None, float]:
        """Whose it is, and where it looks before it is turned, as far as it says so at once; and the seconds."""
        look: Look | None = None
        began_s = asyncio.get_running_loop().time()
        if not eye.is_away(began_s):
            with contextlib.suppress(TimeoutError, OSError):
                async with eye.within(GIVE_UP_S * FIRST_LOOK):
                    look = await eye.look(self._clock())
                    eye.before = eye.before if eye.is_turned else look
        return look, asyncio.get_running_loop().time() - began_s

    async def _order(self, eye: Eye, aim: Aim, limit_s: float, *, by_place: bool) -> str:
        """How it took it; "" where it did not."""
        try:
            async with eye.within(limit_s):
                how = await eye.turn(aim, self._clock(), by_place=by_place)
        except TimeoutError:
            why = f"no answer within {GIVE_UP_S:g} s"
        except (OSError, ValueError) as error:
            why = str(error)
        else:
            eye.worked()
            self._tell(aim, True, "took the order" if how == "angles" else f"took the order, by {how}")
            return how
        eye.failed(asyncio.get_running_loop().time(), why)
        self._tell(aim, False, why)
        return ""

    async def _watch(self, eye: Eye, aim: Aim, how: str) -> None:
        """Read back until the camera looks where it was told, is somebody else's, a newer order has come, or it has had
        long enough."""
        want = eye.mount.pan_tilt(aim.azimuth_deg, aim.elevation_deg)
        assert want is not None
        off_deg, eye.turning = 180.0, aim
        try:
            async with eye.within(SETTLE_S):
                last: Look | None = None
                while eye.newest is aim and off_deg > NEAR_DEG:
                    look = await eye.look(self._clock())
                    if look is None or how.startswith("preset"):
                        return
                    if eye.operator.has_it(self._clock()):
                        self._tell(aim, False, "left to its operator, who has moved it meanwhile")
                        return
                    off_deg = angle_deg(want, (look.pan_deg, look.tilt_deg))
                    if off_deg > NEAR_DEG and how == "place" and stands(last, look):
                        self._tell(
                            aim, False, f"by the place it looks {off_deg:.1f} degrees off; it is told the angles"
                        )
                        how = await self._order(eye, aim, GIVE_UP_S, by_place=False) or "not"
                    last = look
                    await asyncio.sleep(SETTLE_STEP_S if off_deg > NEAR_DEG else 0)
                if eye.newest is not aim:
                    return
            note = f"looks there, {off_deg:.2f} degrees off"
        except TimeoutError:
            note = f"still {off_deg:.1f} degrees off after {SETTLE_S:g} s"
        except OSError as error:
            note = f"does not tell where it looks: {error}"
        finally:
            if eye.turning is aim:
                eye.turning = None
        self._tell(aim, off_deg <= NEAR_DEG, note)

    async def _go_home(self, eye: Eye, aim: Aim) -> None:
        """Back to where it belongs, if it still looks where it was told to; what was never turned is not spoken of."""
        eye.home_due = aim  # until it answers
        try:
            async with eye.within(GIVE_UP_S):
                look = await eye.look(self._clock())
                eye.home_due = None
                if not self._was_left_so(eye, aim, look):
                    if eye.is_turned:
                        self._tell(aim, False, "left as it is: somebody else has moved it")
                    eye.is_turned = False
                    return
                note = await self._home(eye)
        except TimeoutError:
            self._tell(aim, False, f"no answer within {GIVE_UP_S:g} s{_later(eye)}")
        except (OSError, ValueError) as error:
            self._tell(aim, False, f"{error}{_later(eye)}")
        else:
            eye.is_turned = False
            self._tell(aim, True, note)

    def _was_left_so(self, eye: Eye, aim: Aim, look: Look | None) -> bool:
        """Whether it looks where this order, of another run of the gateway perhaps, says that it was turned to."""
        if look is None:
            return eye.is_turned
        looks_deg, want = (look.pan_deg, look.tilt_deg), eye.mount.pan_tilt(aim.azimuth_deg, aim.elevation_deg)
        if eye.operator.has_it(self._clock()):
            return False
        return (eye.is_turned and eye.operator.shows(looks_deg)) or (
            want is not None and angle_deg(looks_deg, want) <= 2 * NEAR_DEG
        )

    async def _home(self, eye: Eye) -> str:
        """Send it: in words, where to. Raises ValueError where it has nowhere to go."""
        if eye.home_deg is None:
            try:
                await eye.camera.go_home()
            except ValueError:
                if eye.before is None:
                    raise ValueError("has no home, and where it looked before is not known") from None
            else:
                eye.operator.told(None, self._clock())
                return "sent to its own home"
        home = eye.home_deg or (eye.before.pan_deg, eye.before.tilt_deg)  # type: ignore[union-attr]
        zoom = eye.before.zoom if eye.home_deg is None and eye.before is not None else eye.widest
        await eye.camera.aim(*home, zoom)
        eye.operator.told(home, self._clock())
        return "sent home" if eye.home_deg else "sent back to where it looked before"

    def _tell(self, aim: Aim, done: bool, note: str) -> None:
        self._report(Outcome(aim, aim.camera, done, self._clock(), note))


def _later(eye: Eye) -> str:
    return "; it goes home when it answers again" if eye.home_due is not None else ""


def chain(aim: Aim | None) -> Iterable[Aim]:
    """An order and what is to be done otherwise, in order."""
    while aim is not None:
        yield aim
        aim = aim.otherwise
