"""Which lamps have failed, from what looks at them find, by day and by night. Pure.

What may be wrong with a lamp is a table: how it shows in one look, for how long and in how many looks it must show
without a break before it is a fault, and for how long it must not show before that is over. A look that cannot tell
(the lamp is off, or says nothing of its power) changes nothing. All that is wrong with one lamp is one notice, from the
first fault until nothing is wrong: it is told when it opens, when something else is found, and when it is over.

Where a bank as a whole does not answer, that is one notice, and its lamps are not looked at.

The times are ours, chosen for lamps that are looked at every few seconds: a discharge lamp takes minutes to strike
anew, so that one that cycles is first found out, then cycling; and dusk is no fault.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from gateway.lamp_notice import LampNotice
from gateway.reaction.lamp_seen import LampSeen
from hw.ports import LampState

S = 1_000_000
DAY_DEG, NIGHT_DEG = 6.0, -6.0
"""The sun's elevation by which it is surely day, or night: civil dusk ends at -6 degrees (from general knowledge)."""
WARM_US = 20 * S  # after it was told to be on
FLICKER_N, FLICKER_US = 6, 60 * S  # changes between light and dark, in so long
CYCLES_N, CYCLES_US = 3, 3600 * S  # times that it went out by itself, in so long
DARK_W, DARK_SHARE, DARK_A = 1.0, 0.05, 0.01  # what draws less than this is dark; the share is of what it draws in full
MOST_HISTORY = 20


@dataclass(frozen=True, slots=True)
class _Rule:
    """for_us, looks : how long and in how many looks it must show. well_us : how long it must not."""

    words: str
    for_us: int
    looks: int
    well_us: int


RULES: Mapping[str, _Rule] = {
    "gear": _Rule("its gear reports a failure of its own", 2 * S, 2, 30 * S),
    "lamp": _Rule("its gear reports that the lamp has failed", 2 * S, 2, 30 * S),
    "out": _Rule("is dark", 20 * S, 3, 900 * S),
    "cycling": _Rule("goes out and strikes anew by itself", 0, 1, 1800 * S),
    "flicker": _Rule("flickers", 0, 1, 600 * S),
    "disobeys": _Rule("does not do what it is told", 0, 3, 0),
    "weak": _Rule("draws another power than its level asks for", 60 * S, 5, 300 * S),
    "day burner": _Rule("burns by day", 900 * S, 5, 60 * S),
    "silent": _Rule("does not answer", 60 * S, 3, 20 * S),
}
"""The gravest first."""


@dataclass(frozen=True, slots=True)
class LampKind:
    """What is known of a lamp. rated_w : what it draws at full light. lit_by_night : it burns every night, whatever its
    level says."""

    rated_w: float | None = None
    lit_by_night: bool = False


@dataclass(slots=True)
class _Sign:
    """One thing that may be wrong: since when it shows (or not), in how many looks, and whether it is a fault."""

    shows: bool = False
    since_us: int = 0
    looks: int = 0
    is_fault: bool = False


@dataclass(slots=True)
class _Lamp:
    """What is remembered of one lamp. on_since_us : it is to burn since then. lit, level_pct : as it was seen last.
    changes_us : when it was seen to change between light and dark while it was to burn."""

    signs: dict[str, _Sign] = field(default_factory=dict)
    on_since_us: int | None = None
    lit: bool | None = None
    level_pct: int | None = None
    changes_us: deque[tuple[int, bool]] = field(default_factory=lambda: deque(maxlen=1000))
    notice: LampNotice | None = None


class LampFaults:
    """Feed it what each look found. kinds : what is known of each lamp. opened : notices of before, not over."""

    def __init__(self, kinds: Mapping[str, LampKind] | None = None, opened: Iterable[LampNotice] = ()) -> None:
        self._kinds = dict(kinds or {})
        self._lamps: dict[str, _Lamp] = {}
        for notice in opened:
            signs = {fault: _Sign(shows=True, is_fault=True) for fault in _faults_of(notice)}
            self._lamps[notice.lamp] = _Lamp(signs=signs, notice=notice)

    def feed(self, seen: LampSeen, sun_deg: float | None) -> list[LampNotice]:
        """What one look tells. sun_deg : the sun's elevation then, None where that is not known."""
        lamp = self._lamps.setdefault(seen.lamp, _Lamp())
        new: list[tuple[str, str]] = []
        for fault, (shows, why) in self._signs(lamp, seen, sun_deg).items():
            sign = lamp.signs.setdefault(fault, _Sign(since_us=seen.steady_us))
            if shows != sign.shows or not sign.looks:
                sign.shows, sign.since_us, sign.looks = shows, seen.steady_us, 0
            sign.looks += 1
            lasts_us, rule = seen.steady_us - sign.since_us, RULES[fault]
            if shows and not sign.is_fault and lasts_us >= rule.for_us and sign.looks >= rule.looks:
                sign.is_fault = True
                new.append((fault, f"{rule.words}{why and ': '}{why}"))
            elif not shows and sign.is_fault and lasts_us >= rule.well_us:
                sign.is_fault = False
        return self._tell(seen, lamp, new)

    def _signs(self, lamp: _Lamp, seen: LampSeen, sun_deg: float | None) -> dict[str, tuple[bool, str]]:
        """Fault -> whether it shows in this look, and in what; those that this look can tell of."""
        if seen.disobeys:
            return {"disobeys": (True, seen.disobeys)}
        if seen.whole_bank or seen.state is None:
            return {"silent": (seen.state is None, "")}
        state, kind = seen.state, self._kinds.get(seen.lamp, LampKind())
        lit = _lit(state, kind)
        is_on = self._follow(lamp, seen, lit)
        signs: dict[str, tuple[bool, str]] = {"silent": (False, "")}
        if state.gear_failure is not None:
            signs["gear"] = state.gear_failure, ""
        if state.lamp_failure is not None and (state.lamp_failure or is_on):
            signs["lamp"] = state.lamp_failure, ""
        if seen.told_pct is not None and state.level_pct is not None and state.level_pct == seen.told_pct:
            signs["disobeys"] = False, ""
        signs |= self._burning(lamp, seen, is_on, lit, sun_deg)
        return signs

    def _follow(self, lamp: _Lamp, seen: LampSeen, lit: bool | None) -> bool:
        """Keep count of its changes. Comes back: whether it has been on for long enough to burn."""
        assert seen.state is not None
        level_pct = seen.state.level_pct
        if not level_pct:
            lamp.on_since_us = None
        elif lamp.on_since_us is None:
            lamp.on_since_us = seen.steady_us
        same = lamp.level_pct == level_pct
        if lit is not None and lamp.lit is not None and lit != lamp.lit and same and level_pct:
            lamp.changes_us.append((seen.steady_us, lit))
        lamp.lit, lamp.level_pct = lit if lit is not None else lamp.lit, level_pct
        return lamp.on_since_us is not None and seen.steady_us - lamp.on_since_us >= WARM_US

    def _burning(
        self, lamp: _Lamp, seen: LampSeen, is_on: bool, lit: bool | None, sun_deg: float | None
    ) -> dict[str, tuple[bool, str]]:
        """What its light tells, where that is known."""
        assert seen.state is not None
        if lit is None:
            return {}
        kind, state = self._kinds.get(seen.lamp, LampKind()), seen.state
        is_day = sun_deg is not None and sun_deg > DAY_DEG
        is_night = sun_deg is not None and sun_deg < NIGHT_DEG
        signs: dict[str, tuple[bool, str]] = {}
        if is_on or (kind.lit_by_night and is_night):
            if not (state.lamp_failure or state.gear_failure):  # they say so already
                signs["out"] = not lit, _draws(state)
            flickers = [at for at, _ in lamp.changes_us if seen.steady_us - at <= FLICKER_US]
            falls = [at for at, lit in lamp.changes_us if seen.steady_us - at <= CYCLES_US and not lit]
            signs["flicker"] = len(flickers) >= FLICKER_N, f"{len(flickers)} changes in a minute"
            flickers_now = signs["flicker"][0] or self._is(lamp, "flicker")
            signs["cycling"] = len(falls) >= CYCLES_N and not flickers_now, f"{len(falls)} times in an hour"
            if lit and kind.rated_w and state.power_w is not None and state.level_pct:
                due_w = kind.rated_w * state.level_pct / 100
                odd = not 0.5 * due_w <= state.power_w <= 1.5 * due_w + DARK_W
                signs["weak"] = odd, f"{state.power_w:.1f} W where {due_w:.1f} W are due"
        if is_day and seen.told_pct is None:
            signs["day burner"] = lit, _draws(state)
        return signs

    def _is(self, lamp: _Lamp, fault: str) -> bool:
        return fault in lamp.signs and lamp.signs[fault].is_fault

    def _tell(self, seen: LampSeen, lamp: _Lamp, new: list[tuple[str, str]]) -> list[LampNotice]:
        """A notice where it opens, where something else is found, and where it is over."""
        now = [fault for fault in RULES if self._is(lamp, fault)]
        known = _faults_of(lamp.notice) if lamp.notice else set()
        words = [(seen.at_us, f"{fault}: {why}") for fault, why in new if fault not in known]
        if lamp.notice is None and not words:
            return []
        if not now:
            words.append((seen.at_us, "is well again"))
        if not words:
            return []
        before = lamp.notice
        since_us = before.since_us if before else seen.at_us
        history = (*(before.history if before else ()), *words)[-MOST_HISTORY:]
        name = before.notice if before else f"{seen.lamp}-{datetime.fromtimestamp(since_us // S, UTC):%Y%m%dT%H%M%SZ}"
        fault = now[0] if now else before.fault if before else ""
        told = LampNotice(name, seen.lamp, fault, bool(now), words[-1][1], since_us, seen.at_us, history)
        lamp.notice = told if now else None
        return [told]


def _faults_of(notice: LampNotice) -> set[str]:
    return {fault for fault in RULES for _, words in notice.history if words.startswith(f"{fault}: ")}


def _lit(state: LampState, kind: LampKind) -> bool | None:
    """Whether it burns, by the best sign that there is."""
    if state.power_w is not None:
        return state.power_w > max(DARK_W, DARK_SHARE * (kind.rated_w or 0.0))
    if state.current_a is not None:
        return state.current_a > DARK_A
    return state.lit


def _draws(state: LampState) -> str:
    level = "" if state.level_pct is None else f" at {state.level_pct} %"
    return f"draws {state.power_w:.1f} W{level}" if state.power_w is not None else ""
