"""What a lamp was before it was brought up, and who else has a say in it. Pure.

A lamp is read before it is told anything. What it was then is what it goes back to, exactly, whatever was asked of it
in between; and it goes back only if it is still as we left it. One that is at something else meanwhile was set by
somebody: that hand wins, for override_s, and then it is again like any other. One that is back at what it was went
back by itself (its board's watchdog): it is no longer ours. Until it has shown that it does what it was told,
whatever lies between that and what it was is its own doing (a gear with a limit of its own, a slow one), and nobody's
hand. No lamp is switched twice within least_s, for lamps and relays bear that only so often; an order waits for it,
and expires as it does elsewhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.orders import Light
from gateway.reaction.lamp_policy import START


@dataclass(frozen=True, slots=True)
class Held:
    """A lamp that is up because of us: what it was, what it was told. seen : it was at what it was told."""

    before_pct: int
    told_pct: int
    seen: bool = True

    def spans(self, level_pct: int) -> bool:
        """Whether it lies between the two."""
        return min(self.before_pct, self.told_pct) <= level_pct <= max(self.before_pct, self.told_pct)


@dataclass(frozen=True, slots=True)
class Write:
    """Tell the lamp this level."""

    level_pct: int


@dataclass(frozen=True, slots=True)
class Leave:
    """Tell it nothing. done : the order is fulfilled all the same."""

    why: str
    done: bool


@dataclass(frozen=True, slots=True)
class Wait:
    """Not before then."""

    until_us: int


class LampMemory:
    """Of one bank. held : lamps that an earlier run brought up. All times are of one clock that nobody sets."""

    def __init__(self, least_s: float = 0.0, override_s: float = 600.0, held: Mapping[str, Held] | None = None) -> None:
        self._least_us, self._override_us = round(least_s * 1e6), round(override_s * 1e6)
        self._held: dict[str, Held] = dict(held or {})
        self._switched_us: dict[str, int] = {}
        self._hand_until_us: dict[str, int] = {}
        self._fading: dict[str, tuple[int, int]] = {}  # going back: to what level, and until when
        self._unsure = {name for name, each in self._held.items() if not each.seen}  # told a level, not seen at it yet

    def held(self, name: str) -> Held | None:
        """What is known of a lamp that is up because of us."""
        return self._held.get(name)

    def before(self, levels: Mapping[str, int]) -> dict[str, int]:
        """What each lamp is to be without us, of those whose level is known."""
        return {name: self._held[name].before_pct if name in self._held else level for name, level in levels.items()}

    def saw(self, name: str, level_pct: int | None, manual: bool | None, now_us: int) -> str:
        """How a lamp was found. Comes back: what to say of it, or "": somebody has taken it, or it went back."""
        if manual:
            was_free = not self._in_hand(name, now_us)
            self._take(name, now_us)
            return "somebody has it in hand" if was_free else ""
        held = self._held.get(name)
        if held is None or level_pct is None:
            return ""
        if level_pct == held.told_pct:
            self._unsure.discard(name)
            return ""
        if name in self._unsure and held.spans(level_pct):
            return ""
        del self._held[name]
        if level_pct == held.before_pct:
            return f"went back to {level_pct} % by itself"
        self._take(name, now_us)
        return f"somebody set it to {level_pct} %"

    def decide(self, name: str, light: Light, level_pct: int, found_pct: int, now_us: int) -> Write | Leave | Wait:
        """What to do about an order, for a lamp found so. level_pct : what is asked, as this bank can do it."""
        held = self._held.get(name)
        goes_back = light.expires_us is None
        if goes_back and found_pct == (level_pct if held is None else held.before_pct):
            self._held.pop(name, None)
            return Leave(f"reads {found_pct} %", True)
        self.saw(name, found_pct, None, now_us)
        if self._in_hand(name, now_us):
            return Leave("left as it is: somebody has it in hand", goes_back)
        held = self._held.get(name)
        if goes_back and held is None and (light.back or light.incident == START):
            return Leave("left as it is: it is not up from here", True)
        if light.back and held is not None:
            level_pct = held.before_pct
        fades = now_us < self._fading.get(name, (0, now_us))[1]
        if not goes_back and found_pct >= level_pct and not fades:
            self._held.setdefault(name, Held(found_pct, found_pct))
            return Leave(f"reads {found_pct} %", True)
        return self._wait(name, now_us) or Write(level_pct)

    def telling(self, name: str, light: Light, told_pct: int, found_pct: int, now_us: int) -> None:
        """It is about to be told a level; it was found so."""
        self._switched_us[name] = now_us
        held = self._held.get(name)
        if light.expires_us is not None:
            goes_pct, until_us = self._fading.pop(name, (found_pct, now_us))
            was_pct = goes_pct if now_us < until_us else found_pct
            self._held[name] = Held(held.before_pct if held else was_pct, told_pct)
            self._unsure.add(name)
        else:
            self._fading[name] = told_pct, now_us + round(light.fade_s * 1e6)

    def told(self, name: str, light: Light) -> None:
        """It is at what it was told."""
        self._unsure.discard(name)
        if light.expires_us is None:
            self._held.pop(name, None)

    def _wait(self, name: str, now_us: int) -> Wait | None:
        until_us = self._switched_us.get(name, now_us - self._least_us) + self._least_us
        return Wait(until_us) if until_us > now_us else None

    def _take(self, name: str, now_us: int) -> None:
        self._hand_until_us[name] = now_us + self._override_us
        self._held.pop(name, None)

    def _in_hand(self, name: str, now_us: int) -> bool:
        return self._hand_until_us.get(name, now_us) > now_us
