"""A camera on its mount: whether it answered last time, whose it is, and how an order sounds to it."""

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator

import structlog

from dsp.geodesy import Site, bearing
from gateway.backoff import Backoff
from gateway.orders import Aim
from gateway.reaction.operator import Operator
from gateway.street import Mount, angle_deg
from hw.ports import Camera, GeoPlace, Look

GRACE_S = 0.25  # past its limit, for a call to come back
STILL_DEG = 0.1
log = structlog.get_logger("gateway.reaction.cameras")


class Eye:
    """site : to tell it places, where it takes them; None: it is told angles. home_deg : (pan, tilt) to go back to;
    None: its own home, or where it looked before. operator_s : how long it is left to whoever else moved it. home_due :
    an order to go home that it was away for. turning : the order that it is on its way for. took : the last one that it
    took, since when it has always answered.
    """

    def __init__(
        self,
        mount: Mount,
        camera: Camera,
        *,
        site: Site | None = None,
        home_deg: tuple[float, float] | None = None,
        operator_s: float = 0.0,
    ) -> None:
        self.mount = mount
        self.camera = camera
        self.home_deg = home_deg
        self.operator = Operator(round(operator_s * 1e6))
        self.newest: Aim | None = None
        self.before: Look | None = None
        self.is_turned = False
        self.home_due: Aim | None = None
        self.turning: Aim | None = None
        self.took: Aim | None = None
        self.alone = asyncio.Lock()
        self._site = site
        self._away_until_s = 0.0
        self._answers = True
        self._refused = False
        self._backoff = Backoff(first_s=5.0, longest_s=60.0)
        self._due_s: dict[object, float] = {}

    @property
    def widest(self) -> float | None:
        """The zoom of its widest picture; None where it is not told to zoom."""
        return self.mount.view[0][0] if self.mount.view else None

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

    def stood_still(self, for_s: float) -> None:
        """The whole program did, so long: calls under way have so much longer to come back."""
        self._due_s = {call: due_s + for_s for call, due_s in self._due_s.items()}

    async def look(self, now_us: int) -> Look | None:
        """Where it says it looks; who turned it there is taken note of. None where it cannot say."""
        look = await self.camera.read_look()
        if look is not None and self.operator.seen((look.pan_deg, look.tilt_deg), look.zoom, now_us):
            self.took = None  # it looks where somebody else wants it
            log.info("camera is in its operator's hand", camera=self.mount.name)
        return look

    async def turn(self, aim: Aim, now_us: int, *, by_place: bool) -> str:
        """Give it an order: how it took it. Raises ValueError for what it cannot do, OSError where it does not."""
        look = self.mount.pan_tilt(aim.azimuth_deg, aim.elevation_deg)
        if look is None:
            raise ValueError(f"cannot turn to {aim.azimuth_deg:.1f}, {aim.elevation_deg:.1f} degrees")
        zoom = None if aim.width_deg is None else self.mount.zoom(aim.width_deg)
        how = await self.camera.aim(*look, zoom, self._place(aim) if by_place else None)
        self.operator.told(None if how.startswith("preset") else look, now_us)
        self.is_turned, self.took = True, aim
        return how

    def is_turning(self, aim: Aim) -> bool:
        """Whether it is on its way there."""
        return self.turning is not None and _same_way(self.turning, aim)

    def is_there(self, aim: Aim, look: Look | None) -> bool:
        """Whether it took that order, and looks there still; look : None where it does not say."""
        took = self.took is not None and _same_way(self.took, aim)
        return took and (look is None or self.operator.shows((look.pan_deg, look.tilt_deg)))

    def _place(self, aim: Aim) -> GeoPlace | None:
        if self._site is None or aim.place_m is None or aim.width_deg is None:
            return None
        away_m = bearing(self.mount.xyz_m, aim.place_m)[2]
        width_m = 2 * away_m * math.tan(math.radians(min(aim.width_deg, 170.0) / 2))
        return GeoPlace(*self._site.to_geodetic(*aim.place_m), width_m, width_m / self.mount.aspect)

    def is_away(self, now_s: float) -> bool:
        """Whether it failed so lately that another camera should be asked first."""
        return now_s < self._away_until_s

    def failed(self, now_s: float, why: str) -> None:
        """It did not do as it was told. Said once, until it works again."""
        self._refused = True
        self.silent(now_s, why)

    def silent(self, now_s: float, why: str) -> None:
        """It did not answer. Said once, until it answers again."""
        self.took = None
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


def stands(before: Look | None, now: Look) -> bool:
    """Whether it does not move any more."""
    return before is not None and (
        angle_deg((before.pan_deg, before.tilt_deg), (now.pan_deg, now.tilt_deg)) <= STILL_DEG
    )


def _same_way(one: Aim, other: Aim) -> bool:
    return (one.azimuth_deg, one.elevation_deg) == (other.azimuth_deg, other.elevation_deg)
