"""The only bridge between ticks (sample indices) and UTC.

A mark says: this tick was at this UTC, give or take one sigma. From the last marks the clock fits a line by weighted
least squares in integers, and says the UTC of any tick, fractions included, and what that is worth:

    utc(tick) = mean_utc + (tick - mean_tick) * period,    sigma(tick)^2 = sigma_marks^2 + scatter^2 + (drift * age)^2

sigma_marks is not made smaller by the number of marks: what is wrong with a clock source is wrong with all its marks.
scatter is the weighted mean square of the marks about the line. age is how far the tick lies outside the marks (from
their mean, while the rate is not fitted), and drift what the sample clock may have wandered since: its whole tolerance
while the rate is not fitted, afterwards, where the marks are fine enough to tell, only what its rate may have changed
(steady_ppm). A mark far from the line is set aside; three of these in a row that agree with each other are believed,
and the line starts anew from them: the source has stepped.

States as notes/reliability.md 4.2 has them: locked up to 1 ms with a mark of the last 3 s, holdover up to 10 ms,
coarse beyond, unset before the first mark. Portable: integers only.
"""

from firmware.wire import COARSE, HOLDOVER, LOCKED, U32, UNSET

MARKS = 64
LOCKED_US, HOLDOVER_US, FRESH_US = 1_000, 10_000, 3_000_000
OUTLIERS = 3
RATE_SPAN_S, RATE_MARKS = 8, 4
"""The rate is fitted once there are so many marks over so long: before, the nominal rate is the better guess."""
RATE_LIMIT_PPM = 500
"""A sample clock farther off than this is broken, not slow (crystals: tens of ppm; notes/micropython.md 7.1)."""
Q = 32
"""Binary places of a period, us per tick."""


class Clock:
    """rate_hz: nominal ticks a second. drift_ppm: how far the sample clock may wander off in holdover; 20 is a plain
    crystal (notes/reliability.md 4.2); 0 for a file, whose ticks are exact. steady_ppm: the same once the rate is
    fitted; None where the marks are too rough to better it. n_marks: how many the line goes through. rate_span_s: over
    how long, before the rate is fitted."""

    def __init__(
        self,
        rate_hz: int,
        drift_ppm: int = 20,
        steady_ppm: "int | None" = None,
        n_marks: int = MARKS,
        rate_span_s: int = RATE_SPAN_S,
    ) -> None:
        if not 1 <= rate_hz <= 1_000_000:
            raise ValueError("rate_hz must be 1 to 1000000")
        self.rate_hz = rate_hz
        self.drift_ppm = drift_ppm
        self._steady_ppm = drift_ppm if steady_ppm is None else steady_ppm
        self._n_marks = n_marks
        self._rate_span = rate_span_s * rate_hz
        self._nominal_q = (1_000_000 << Q) // rate_hz
        self._marks: list[tuple[int, int, int]] = []
        self._outliers: list[tuple[int, int, int]] = []
        self._fit()

    def mark(self, tick: int, utc_us: int, sigma_us: int) -> bool:
        """Say that `tick` was at utc_us, within one sigma. Ticks of marks ascend. False: set aside as an outlier.

        ValueError: a tick not after the last mark's, or a sigma below 1.
        """
        if sigma_us < 1 or (self._marks and tick <= self._marks[-1][0]):
            raise ValueError("a mark's tick must be after the last mark's, and sigma_us at least 1")
        mark = (tick, utc_us, sigma_us)
        if self._marks and self._is_outlier(mark):
            self._outliers.append(mark)
            if len(self._outliers) < OUTLIERS:
                return False
            self._marks = self._outliers if self._agree(self._outliers) else self._marks
            self._outliers = []
        else:
            self._outliers = []
            self._marks.append(mark)
        self._marks = self._marks[-self._n_marks :]
        self._fit()
        return True

    def shift(self, by_us: int) -> None:
        """All marks so far were named wrong by so much: whole seconds, as a rule."""
        self._marks = [(tick, utc_us + by_us, sigma_us) for tick, utc_us, sigma_us in self._marks]
        self._outliers = []
        self._fit()

    def restart(self) -> None:
        """Forget all marks."""
        self._marks, self._outliers = [], []
        self._fit()

    def utc_us(self, tick_q8: int) -> int:
        """UTC of a tick in 1/256. Before any mark: microseconds since tick 0 at the nominal rate."""
        return self._utc_us + (((tick_q8 - (self._tick << 8)) * self._period_q + (1 << Q + 7)) >> Q + 8)

    def sigma_us(self, tick: int) -> int:
        """One sigma of utc_us at this tick, at least 1; the most a frame can say before any mark."""
        if not self._marks:
            return U32
        if self._rated:
            drift_us = (self._age_us(tick) * self._steady_ppm + 999_999) // 1_000_000
        else:
            drift_us = ((abs(tick - self._tick) * self._nominal_q >> Q) * self.drift_ppm + 999_999) // 1_000_000
        return min(U32, root(self._var_us2 + drift_us * drift_us - 1) + 1)  # rounded up

    def state(self, tick: int) -> int:
        """UNSET, COARSE, HOLDOVER or LOCKED, at this tick."""
        if not self._marks:
            return UNSET
        sigma_us = self.sigma_us(tick)
        if sigma_us <= LOCKED_US and (self.drift_ppm == 0 or self._age_us(tick) <= FRESH_US):
            return LOCKED
        return HOLDOVER if sigma_us <= HOLDOVER_US else COARSE

    def _age_us(self, tick: int) -> int:
        outside = max(0, tick - self._marks[-1][0], self._marks[0][0] - tick)
        return outside * self._nominal_q >> Q

    def _is_outlier(self, mark: tuple[int, int, int]) -> bool:
        """Five sigmas off the line; the steps that hurt are far larger (notes/reliability.md section 0, point 8)."""
        tick, utc_us, sigma_us = mark
        off_us = utc_us - self.utc_us(tick << 8)
        return off_us * off_us > 25 * (sigma_us * sigma_us + self.sigma_us(tick) ** 2)

    def _agree(self, marks: list[tuple[int, int, int]]) -> bool:
        tick, utc_us, sigma_us = marks[0]
        for t, u, s in marks[1:]:
            off_us = u - utc_us - ((t - tick) * self._nominal_q >> Q)
            slack_us = ((t - tick) * self._nominal_q >> Q) * RATE_LIMIT_PPM // 1_000_000
            if abs(off_us) > 5 * root(s * s + sigma_us * sigma_us) + slack_us:
                return False
        return True

    def _fit(self) -> None:
        """The weighted line through the marks: self._utc_us at self._tick, self._period_q, and self._var_us2."""
        if not self._marks:
            self._tick, self._utc_us, self._period_q, self._var_us2, self._rated = 0, 0, self._nominal_q, 0, False
            return
        tick_0, utc_0, _ = self._marks[-1]
        finest = min([sigma for _, _, sigma in self._marks])
        rows = []
        for tick, utc, sigma in self._marks:
            x = tick - tick_0
            rows.append((max(1, (finest << 16) // sigma) ** 2, x, utc - utc_0 - (x * self._nominal_q >> Q)))
        weight = sum([w for w, _, _ in rows])
        x_mean = sum([w * x for w, x, _ in rows]) // weight
        y_mean = (2 * sum([w * y for w, _, y in rows]) + weight) // (2 * weight)
        self._rated = len(rows) >= RATE_MARKS and rows[-1][1] - rows[0][1] >= self._rate_span
        slope_q = self._slope_q(rows, x_mean, y_mean) if self._rated else 0
        scatter = sum([w * (y - y_mean - (slope_q * (x - x_mean) >> Q)) ** 2 for w, x, y in rows]) // weight
        self._tick = tick_0 + x_mean
        self._utc_us = utc_0 + (x_mean * self._nominal_q >> Q) + y_mean
        self._period_q = self._nominal_q + slope_q
        self._var_us2 = (len(rows) * finest * finest << 32) // weight + scatter

    def _slope_q(self, rows: list[tuple[int, int, int]], x_mean: int, y_mean: int) -> int:
        """How much longer than nominal a tick is, us * 2^Q."""
        xy = sum([w * (x - x_mean) * (y - y_mean) for w, x, y in rows])
        xx = sum([w * (x - x_mean) ** 2 for w, x, _ in rows])
        limit = self._nominal_q * RATE_LIMIT_PPM // 1_000_000
        return max(-limit, min(limit, (xy << Q) // xx))


def root(n: int) -> int:
    """The integer square root, by Newton's method: MicroPython has no math.isqrt."""
    if n < 2:
        return n
    x, y = n, (n + 1) // 2
    while y < x:
        x, y = y, (y + n // y) // 2
    return x
