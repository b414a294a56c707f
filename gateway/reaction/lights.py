"""Carries out Light: an edge (gateway/edges.py) for each lamp bank, so that a dead bank delays no other.

A lamp is read, written, then read back (gateway/reaction/lamp_memory.py decides). Three tries at most, then the bank
gets a rest, each longer and with jitter, until it answers, a newer order takes the place of this one, or this one has
expired: nothing comes up for an event that is past. Going back does not expire.

Between orders one lamp after the other is looked at, so that a lamp that has failed is known before it is needed, and
the bank is told that we are here: without that it lets go of its lamps by itself (hw/ports.py, `fail_s`). An order
waits for one look at most.
"""

import asyncio
import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import NoReturn

import structlog

from gateway.backoff import Backoff
from gateway.orders import NEWER, Light, Outcome
from gateway.reaction.bank_rules import BankRules, try_s
from gateway.reaction.lamp_memory import LampMemory, Leave, Wait
from gateway.reaction.lamp_policy import START
from gateway.reaction.lamp_seen import Found, LampSeen, Said, See, unseen
from gateway.tasks import now_s, now_us, until
from hw.ports import LampRefuses, Lamps, LampState

TRIES = 3
KEEPS = 3  # times in fail_s
FRESH_S = 10.0  # of what a look found
FRESH_UP_S = 1.0  # the same of a lamp that is up
log = structlog.get_logger("gateway.reaction.lights")

Report = Callable[[Outcome], None]
Clock = Callable[[], int]
Beat = Callable[[], None]


class LampBank:
    """One bank: what each of its lamps should be at, and the task that sees to it.

    channels : name of lamp -> channel of the bank. report : is told what became of each lamp of each order. see : is
    told what each look found. memory : outlives this edge, should a fresh one be needed.
    """

    def __init__(
        self,
        name: str,
        lamps: Lamps,
        channels: Mapping[str, int],
        clock: Clock,
        report: Report,
        rules: BankRules | None = None,
        memory: LampMemory | None = None,
        see: See = unseen,
    ) -> None:
        self.name = name
        self._lamps = lamps
        self._channels = channels
        self._clock = clock
        self._report = report
        self._rules = rules or BankRules()
        self._try_s = try_s(self._rules.answer_s)
        self._memory = memory or LampMemory()
        self._see = see
        self._wanted: dict[str, Light] = {}
        self._found: dict[str, Found] = {}
        self._said = Said()
        self._failing: set[str] = set()
        self._n_failures = 0  # since the bank last worked
        self._woken = asyncio.Event()
        self._backoff = Backoff()
        self._turn: Iterator[str] = itertools.cycle(sorted(channels, key=lambda lamp: channels[lamp]))
        self._look_due_s = self._keep_due_s = 0.0
        self._kept: dict[int, int] = {}  # what the bank was told last that lamps are without us

    def order(self, light: Light) -> None:
        """Take an order for those of its lamps that are ours. Returns at once."""
        ours = [name for name in light.lamps if name in self._channels]
        for name in ours:
            if (waits := self._wanted.get(name)) is not None:
                self._give_way(waits, name)
        self._wanted.update(dict.fromkeys(ours, light))
        if ours:
            self._woken.set()

    async def run(self, beat: Beat) -> NoReturn:
        """See to the orders, for ever. It looks at once, so that the first shot need not wait for the connection."""
        while True:
            beat()
            while not self._wanted and now_s() >= self._due_s():
                await self._look(beat)
            await until(self._woken, beat, max(0.0, self._due_s() - now_s()))
            self._woken.clear()
            while self._wanted:
                waits_s = await self._round(beat)
                await self._keep()
                if self._wanted:
                    await self._rest(beat, waits_s)

    async def close(self) -> None:
        """Hang up."""
        await self._lamps.close()

    def _due_s(self) -> float:
        """When there is something to do without an order."""
        return self._look_due_s if self._lamps.fail_s is None else min(self._look_due_s, self._keep_due_s)

    async def _look(self, beat: Beat) -> None:
        """Say that we are here, and look at the next lamp, where either is due."""
        await self._keep()
        beat()
        if now_s() < self._look_due_s or self._wanted:
            return
        name = next(self._turn)
        try:
            async with asyncio.timeout(self._try_s):
                state = await self._lamps.read_state(self._channels[name])
        except (TimeoutError, OSError) as error:
            self._failed(name, str(error) or f"no answer within {self._try_s:g} s")
            whole = not isinstance(error, LampRefuses)
            self._see(LampSeen(self.name if whole else name, self._clock(), now_us(), whole_bank=whole))
            self._look_due_s = now_s() + (self._backoff.next_s() if whole else self._pause_s())
            return
        self._worked(name)
        if len(self._found) == len(self._channels):  # else on: at the start all are looked at
            self._look_due_s = now_s() + self._pause_s()
        if state.level_pct is not None:
            self._found[name] = Found(state.level_pct, now_s())
        if news := self._memory.saw(name, state.level_pct, state.manual, now_us()):
            log.info("a lamp is not as we left it", lamp=name, news=news)
            self._report_news(name, news)
        held = self._memory.held(name)
        self._see(LampSeen(name, self._clock(), now_us(), state, held.told_pct if held else None))
        self._see(LampSeen(self.name, self._clock(), now_us(), state, whole_bank=True))

    def _report_news(self, name: str, news: str) -> None:
        """A row says that a lamp is up no longer, so that nobody takes it for that: not people, nor the next run."""
        self._said.forget(name)
        level_pct = self._found[name].level_pct if name in self._found else 0
        self._report(Outcome(Light((name,), level_pct, START, back=True), name, True, self._clock(), news))

    def _pause_s(self) -> float:
        return self._rules.looks_s / len(self._channels)

    async def _keep(self) -> None:
        """Say that we are here, where that is due."""
        if self._lamps.fail_s is None or now_s() < self._keep_due_s:
            return
        self._keep_due_s = now_s() + self._lamps.fail_s / KEEPS
        try:
            async with asyncio.timeout(self._try_s):
                await self._keep_now()
        except (TimeoutError, OSError) as error:
            self._failed(self.name, str(error) or f"no answer within {self._try_s:g} s")
        else:
            self._worked(self.name)

    async def _keep_now(self) -> None:
        levels = {name: found.level_pct for name, found in self._found.items()}
        before = {self._channels[name]: level for name, level in self._memory.before(levels).items()}
        await self._lamps.keep(before)
        self._kept = before

    async def _rest(self, beat: Beat, waits_s: float) -> None:
        """Leave the bank alone for a while, or until a new order comes."""
        due_s = now_s() + (waits_s or self._backoff.next_s())
        while (left_s := due_s - now_s()) > 0 and not self._woken.is_set():
            if self._lamps.fail_s is not None:
                await self._keep()
                left_s = min(left_s, self._keep_due_s - now_s())
            await until(self._woken, beat, max(0.0, left_s))
        self._woken.clear()

    async def _round(self, beat: Beat) -> float:
        """Try each wanted lamp, those that failed again after the others. Three failures in a row end it. Comes back:
        how long to wait for those that may not be switched yet; 0 where others are left, too."""
        tries = dict.fromkeys(self._wanted, 0)
        waits_s: dict[str, float] = {}
        in_a_row = 0
        while in_a_row < TRIES and (name := self._next(tries, waits_s)) is not None:
            beat()
            light = self._wanted.pop(name)
            if light.expires_us is not None and self._clock() > light.expires_us:
                self._tell(light, name, "too late: the event is past")
                continue
            done = await self._bring(name, light, tries.get(name, 0))
            if done is True:
                in_a_row = 0
            else:
                in_a_row += done is False
                tries[name] = tries.get(name, 0) + 1
                if isinstance(done, Wait):
                    waits_s[name] = max(0.05, done.until_us / 1e6 - now_s())
                if self._wanted.setdefault(name, light) is not light:  # at the end; a newer order stays
                    self._give_way(light, name)
                await self._keep()  # one that fails slowly must not let the others fall
        return min(waits_s.values()) if waits_s and set(self._wanted) <= waits_s.keys() else 0.0

    def _next(self, tries: Mapping[str, int], waits_s: Mapping[str, float]) -> str | None:
        return next((name for name in self._wanted if tries.get(name, 0) < TRIES and name not in waits_s), None)

    async def _bring(self, name: str, light: Light, tried: int) -> bool | Wait:
        """One try: read where that was not done lately, write, read back. True where the lamp is as it was asked, or is
        rightly left as it is."""
        channel = self._channels[name]
        try:
            async with asyncio.timeout(self._try_s):
                found_pct = await self._find(name, tried)
                self._notice(name, light, found_pct)
                step = self._memory.decide(name, light, self._lamps.nearest(light.level_pct), found_pct, now_us())
                if isinstance(step, Wait):
                    return step
                if isinstance(step, Leave):
                    self._tell(light, name, step.why, done=step.done)
                    return True
                self._said.forget(name)  # something is done: what comes of it is news
                self._memory.telling(name, light, step.level_pct, found_pct, now_us())
                is_free = light.expires_us is None and await self._lamps.let_go(channel)
                if not is_free:
                    await self._secure(name, found_pct)
                    await self._lamps.write_level(channel, step.level_pct, light.fade_s)
                now_pct = await self._lamps.read_level(channel)
        except TimeoutError:
            return self._failed(name, f"no answer within {self._try_s:g} s")
        except (OSError, ValueError) as error:
            return self._failed(name, str(error))
        return self._came_to(name, light, None if is_free else step.level_pct, now_pct)

    async def _find(self, name: str, tried: int) -> int:
        """The level that it is at. One that should be up may have gone down: a look from before does not do."""
        found, held = self._found.get(name), self._memory.held(name)
        fresh_s = FRESH_S if held is None else FRESH_UP_S
        if found is not None and not tried and now_s() - found.at_s < fresh_s:
            return found.level_pct
        level_pct = await self._lamps.read_level(self._channels[name])
        self._found[name] = Found(level_pct, now_s())
        return level_pct

    def _notice(self, name: str, light: Light, found_pct: int) -> None:
        """Say so where one that was up is found to be so no longer, before it is brought up again."""
        if light.expires_us is not None and (news := self._memory.saw(name, found_pct, None, now_us())):
            log.info("a lamp is not as we left it", lamp=name, news=news)
            self._report_news(name, news)

    def _give_way(self, light: Light, name: str) -> None:
        """Say what became of an order that a newer one has taken the place of; of one that asked again that is no
        news."""
        if light.expires_us is not None and not light.again:
            self._report(Outcome(light, name, False, self._clock(), NEWER, self._was(name), superseded=True))

    def _came_to(self, name: str, light: Light, told_pct: int | None, now_pct: int) -> bool:
        """Whether a lamp is at what it was told; None: under its own control again, which nobody told."""
        self._found[name] = Found(now_pct, now_s())
        if told_pct is not None and now_pct != told_pct and not light.fade_s:
            words = f"told {told_pct} %, reads {now_pct} %"
            self._see(LampSeen(name, self._clock(), now_us(), disobeys=words))
            return self._failed(name, words)
        self._memory.told(name, light)
        self._worked(name)
        self._see(LampSeen(name, self._clock(), now_us(), LampState(now_pct), None if told_pct is None else now_pct))
        self._tell(
            light, name, ("" if told_pct is not None else "its own control again, ") + f"reads {now_pct} %", done=True
        )
        return True

    async def _secure(self, name: str, found_pct: int) -> None:
        """Before a lamp comes up the bank knows what it is without us: what comes next may kill us."""
        self._found[name] = Found(found_pct, now_s())
        held = self._memory.held(name)
        if self._lamps.fail_s is not None and held and self._kept.get(self._channels[name]) != held.before_pct:
            await self._keep_now()

    def _failed(self, name: str, why: str) -> bool:
        if not self._failing:
            log.warning("lamps do not answer", bank=self.name, lamp=name, why=why)
        self._failing.add(name)
        self._n_failures += 1
        return False

    def _worked(self, name: str) -> None:
        was_failing = bool(self._failing)
        self._failing -= {name, self.name}
        if not self._failing:
            self._backoff.reset()
        if was_failing and not self._failing:
            log.info("lamps answer again", bank=self.name, failures=self._n_failures)
            self._n_failures = 0

    def _tell(self, light: Light, name: str, note: str, *, done: bool = False) -> None:
        if not done:
            self._failing.discard(name)
        repeats = self._said.repeats(name, light, done=done, note=note)
        self._report(Outcome(light, name, done, self._clock(), note, self._was(name), repeats))

    def _was(self, name: str) -> int | None:
        held = self._memory.held(name)
        return held.before_pct if held else None
