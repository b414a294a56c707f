"""A simulated street lamp: what it does with what it is told, well or ill. Pure; time is an argument.

good: burns at what it is told. dead: burns never, and its gear says so. dark: burns never and says nothing. stuck: its
register stays where it was. slow: does what it is told `slow_us` later. cycling: goes out by itself and strikes anew,
as old discharge lamps do. flicker: is off every other time that one looks. lying: says what it was told, and burns as
before. burning: burns whatever it is told, as with a welded relay.
"""

from dataclasses import dataclass

KINDS = ("good", "dead", "dark", "stuck", "slow", "cycling", "flicker", "lying", "burning")
GEAR_FAILURE, LAMP_FAILURE, LIT = 1, 2, 4


@dataclass(slots=True)
class LampBody:
    """level_pct : what its register holds, of `full`. rated_w : what it draws at full light. cycle_us : of which a
    cycling lamp is dark for a quarter."""

    level_pct: int
    kind: str = "good"
    full: int = 100
    rated_w: float = 40.0
    slow_us: int = 2_000_000
    cycle_us: int = 120_000_000
    _burns_pct: int = 0
    _due_us: int = 0
    _due_pct: int = 0
    _looks: int = 0

    def __post_init__(self) -> None:
        self._burns_pct = self._due_pct = self.level_pct

    def tell(self, level_pct: int, now_us: int) -> None:
        """It is told a level."""
        if self.kind == "stuck":
            return
        self._settle(now_us)
        if self.kind == "slow":
            self._due_us, self._due_pct = now_us + self.slow_us, level_pct
        else:
            self.level_pct = self._due_pct = level_pct
            self._burns_pct = self._burns_pct if self.kind == "lying" else level_pct

    def register(self, now_us: int) -> int:
        """What its register holds."""
        self._settle(now_us)
        return self.level_pct

    def power_w(self, now_us: int) -> float:
        """What it draws."""
        self._settle(now_us)
        self._looks += 1
        if self.kind in ("dead", "dark") or (self.kind == "flicker" and self._looks % 2):
            return 0.0
        if self.kind == "cycling" and now_us % self.cycle_us < self.cycle_us // 4:
            return 0.0
        burns_pct = self.full if self.kind == "burning" else self._burns_pct
        return self.rated_w * burns_pct / self.full

    def status(self, now_us: int) -> int:
        """The flags that its gear shows."""
        if self.kind == "dead":
            return LAMP_FAILURE if self.register(now_us) else 0
        return 0 if self.kind == "dark" or not self.register(now_us) else LIT

    def _settle(self, now_us: int) -> None:
        if self.kind == "slow" and now_us >= self._due_us:
            self.level_pct = self._burns_pct = self._due_pct
