"""Carries out Light: an edge (gateway/edges.py) for each lamp bank, so that a dead bank delays no other.

A lamp is written, then read back. Three tries at most, then the bank gets a rest, each longer and with jitter, until it
answers, a newer order takes the place of this one, or this one has expired: nothing comes up for an event that is past.
Going back to rest does not expire.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import NoReturn

import structlog

from gateway.backoff import Backoff
from gateway.incident import Light, Outcome
from gateway.tasks import until
from hw.ports import Lamps

TRIES = 3
TRY_ANSWERS = 5
"""A try has the time of the three answers that it needs, of connecting and of a line that must fall quiet. The driver
gives up on each answer by itself, so that three tries at a silent bank take the time of three answers."""
ANSWER_S = 0.5
log = structlog.get_logger("gateway.reaction.lights")

Report = Callable[[Outcome], None]
Clock = Callable[[], int]
Beat = Callable[[], None]


def try_s(answer_s: float) -> float:
    """How long one try may take at a bank that takes so long for an answer."""
    return TRY_ANSWERS * answer_s


class LampBank:
    """One bank: what each of its lamps should be at, and the task that sees to it.

    channels : name of lamp -> channel of the bank. report : is told what became of each lamp of each order. answer_s :
    how long the bank may take for one answer.
    """

    def __init__(
        self,
        name: str,
        lamps: Lamps,
        channels: Mapping[str, int],
        clock: Clock,
        report: Report,
        answer_s: float = ANSWER_S,
    ) -> None:
        self.name = name
        self._lamps = lamps
        self._channels = channels
        self._clock = clock
        self._report = report
        self._try_s = try_s(answer_s)
        self._wanted: dict[str, Light] = {}
        self._failing: set[str] = set()
        self._woken = asyncio.Event()
        self._backoff = Backoff()

    def order(self, light: Light) -> None:
        """Take an order for those of its lamps that are ours. Returns at once."""
        ours = [name for name in light.lamps if name in self._channels]
        self._wanted.update(dict.fromkeys(ours, light))
        if ours:
            self._woken.set()

    async def run(self, beat: Beat) -> NoReturn:
        """See to the orders, for ever."""
        beat()
        await self._greet()
        while True:
            await until(self._woken, beat)
            self._woken.clear()
            while self._wanted:
                await self._round(beat)
                if self._wanted:
                    await self._rest(beat)

    async def close(self) -> None:
        """Hang up."""
        await self._lamps.close()

    async def _greet(self) -> None:
        """Connect now, so that the first shot need not wait for it, and a bank that is away is known."""
        name = min(self._channels, key=lambda lamp: self._channels[lamp])
        try:
            async with asyncio.timeout(self._try_s):
                await self._lamps.read_level(self._channels[name])
        except (TimeoutError, OSError) as error:
            self._failed(name, str(error) or f"no answer within {self._try_s:g} s")

    async def _rest(self, beat: Beat) -> None:
        """Leave the bank alone for a while, or until a new order comes."""
        await until(self._woken, beat, self._backoff.next_s())
        self._woken.clear()

    async def _round(self, beat: Beat) -> None:
        """Try each wanted lamp, those that failed again after the others. Three failures in a row end it."""
        tries = dict.fromkeys(self._wanted, 0)
        in_a_row = 0
        while in_a_row < TRIES and (name := self._next(tries)) is not None:
            beat()
            light = self._wanted.pop(name)
            if light.expires_us is not None and self._clock() > light.expires_us:
                self._tell(light, name, "too late: the event is past")
            elif await self._bring(name, light):
                in_a_row = 0
            else:
                in_a_row += 1
                tries[name] = tries.get(name, 0) + 1
                self._wanted.setdefault(name, light)  # at the end; a newer order stays

    def _next(self, tries: Mapping[str, int]) -> str | None:
        return next((name for name in self._wanted if tries.get(name, 0) < TRIES), None)

    async def _bring(self, name: str, light: Light) -> bool:
        """One try: write, read back. True where the bank's own register holds the level."""
        channel, level_pct = self._channels[name], light.level_pct
        try:
            async with asyncio.timeout(self._try_s):
                found_pct = await self._lamps.read_level(channel) if light.again else None
                if found_pct != level_pct:  # what is there already is not switched a second time
                    await self._lamps.write_level(channel, level_pct)
                    found_pct = await self._lamps.read_level(channel)
        except TimeoutError:
            return self._failed(name, f"no answer within {self._try_s:g} s")
        except (OSError, ValueError) as error:
            return self._failed(name, str(error))
        if found_pct != level_pct:
            return self._failed(name, f"told {level_pct} %, reads {found_pct} %")
        self._worked(name)
        self._tell(light, name)
        return True

    def _failed(self, name: str, why: str) -> bool:
        if not self._failing:
            log.warning("lamps do not answer", bank=self.name, lamp=name, why=why)
        self._failing.add(name)
        return False

    def _worked(self, name: str) -> None:
        self._backoff.reset()
        was_failing = bool(self._failing)
        self._failing.discard(name)
        if was_failing and not self._failing:
            log.info("lamps answer again", bank=self.name)

    def _tell(self, light: Light, name: str, why_not: str = "") -> None:
        note = why_not or f"reads {light.level_pct} %"
        if why_not:
            self._failing.discard(name)
        self._report(Outcome(light, name, not why_not, self._clock(), note))
