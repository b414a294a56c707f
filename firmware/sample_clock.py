"""The clock of a node whose sound carries the PPS: pulses found in the sound (pps.py) and seconds named by the receiver
(gnss.py), put together.

Pulses are counted: of each, by the frames since the one before, how many seconds it is later. So its second is known
from any second that was ever named, and a name is no more than a vote for the offset between count and UTC:

    AGREE votes in a row that say the same name the count; until then the clock is unset.
    One vote that says otherwise is not heard. From the DOUBT-th in a row the clock is coarse; the BELIEVE-th is
    believed, and all marks move by the whole seconds between. A 60th second moves the count at the pulse after it.

Of a date only its place in the 1024 weeks of GPS counts (receivers forget the rest: rollback); FLOOR_S says which.

What a count of frames also tells: GRANULE frames at a time are lost where nobody reads the microphone in time, silently
(notes/micropython.md 7.1). A pulse that comes a multiple of that early shows it; `pulse` says how many, and from then
on the reader counts them in. Between loss and pulse up to a second goes by, in which times would be too early; so a
reader that was late says `doubt`, and the clock is coarse until the next pulse. A pulse at no whole second from the
last is set aside; ODD of these in a row that agree are a receiver that has moved its pulse, and the line starts anew.

The microphone hands out a sound delay_q8 frames after it came in, the pulse at once: marks are that much later.
Pulses are marks only while the receiver vouches for them. Portable: integers only.
"""

from firmware.clock import Clock
from firmware.gnss import Second
from firmware.pps import Edge
from firmware.wire import COARSE, U32, UNSET

AGREE, DOUBT, BELIEVE, ODD = 3, 2, 5, 3
FLOOR_S = 1_760_000_000
"""October 2025: no node of ours is older."""
ERA_S = 1024 * 604_800
VOUCHED_S = 3
LINE_MARKS = 32
"""Seconds; notes/micropython.md 7.3."""
RATE_SPAN_S = 3
"""Marks of 3 us over so long tell the rate to 1.3 ppm, better than a crystal's word."""
WILD_PPM, STEADY_PPM = 100, 2
"""A crystal of unknown rate (20 ppm, and what divides it: notes/micropython.md 7.1), and one whose rate was known: it
wanders by 0.1 to 0.5 ppm in the short term (notes/micropython.md 7.4, an estimate); chosen: 2, for a sun that rises."""
WORST_ACCURACY_NS = 1_000_000
DOUBT_US = 1_000_000
NS_Q8 = 2_255_274
"""One sigma, ns, of a uniform half width of 1/256 frame, times the rate: 10^9 / (256 * sqrt(3))."""
NEVER = -1 << 62


class SampleClock(Clock):
    """rate_hz: nominal frames a second, within 100 ppm. granule: 16 on RP2, 256 on ESP32. delay_q8: the microphone's
    group delay in 1/256 frame: 17.2 * 256 for an INMP441 (notes/micropython.md 7.4).

    pulses, lost: pulses that were marked, and frames that were found missing, since start.
    """

    def __init__(self, rate_hz: int, granule: int = 16, delay_q8: int = 0) -> None:
        super().__init__(rate_hz, WILD_PPM, STEADY_PPM, LINE_MARKS, RATE_SPAN_S)
        self.pulses = self.lost = 0
        self._granule = granule
        self._delay_q8 = delay_q8
        self._last: tuple[int, int] | None = None
        self._odd: list[int] = []
        self._offset_s: int | None = None
        self._votes = (0, 0)
        self._leap_count: int | None = None
        self._vouched, self._accuracy_ns = NEVER, 0
        self._doubt = False

    def pulse(self, edge: Edge) -> int:
        """The pin rose. Comes back: how many frames were lost since the pulse before, this edge's own tick not yet
        counting them; the reader adds them to all ticks from now on."""
        if self._last is None:
            self._take(edge.tick_q8, 0, edge.half_q8)
            return 0
        seconds, early_q8 = self._since_last(edge.tick_q8)
        slack_q8 = self._slack_q8(seconds) + edge.half_q8
        step_q8 = self._granule << 8
        lost = (early_q8 + step_q8 // 2) // step_q8 * self._granule if slack_q8 < step_q8 // 2 else 0
        if seconds < 1 or lost < 0 or abs(early_q8 - (lost << 8)) > slack_q8:
            self._set_aside(edge)
            return 0
        self.lost += lost
        self._take(edge.tick_q8 + (lost << 8), self._last[1] + seconds, edge.half_q8)
        return lost

    def name(self, second: Second, tick: int) -> None:
        """The receiver named a second when the stream was at this tick, within some 10 ms."""
        self._vouched, self._accuracy_ns = tick, second.accuracy_ns or self._accuracy_ns
        if self._last is None:
            return
        rate_hz = self.rate_hz
        past = tick - (self._last[0] >> 8)
        phase = past % rate_hz
        if not rate_hz // 200 < phase < rate_hz - rate_hz // 20:
            return  # too near a pulse to tell which side of it
        count = self._last[1] + past // rate_hz + second.is_next
        self._vote(self._in_era(second.second_s - count))
        if second.is_leap:
            self._leap_count = count + 1

    def doubt(self) -> None:
        """Frames may have been lost just now."""
        self._doubt = True

    def state(self, tick: int) -> int:
        """As Clock's; UNSET while no second is named, at most COARSE in doubt."""
        if self._offset_s is None:
            return UNSET
        return min(COARSE, super().state(tick)) if self._in_doubt() else super().state(tick)

    def sigma_us(self, tick: int) -> int:
        """As Clock's; a second more in doubt."""
        if self._offset_s is None:
            return U32
        return min(U32, super().sigma_us(tick) + (DOUBT_US if self._in_doubt() else 0))

    def _in_doubt(self) -> bool:
        return self._doubt or self._votes[1] >= DOUBT

    def _since_last(self, tick_q8: int) -> tuple[int, int]:
        """Seconds since the last pulse, to the nearest, and by how many 1/256 frames this one is early for them."""
        last_q8 = self._last[0] if self._last else 0
        span_us = self.utc_us(tick_q8) - self.utc_us(last_q8)
        seconds = (span_us + 500_000) // 1_000_000
        expected_q8 = (seconds * self.rate_hz << 8) * self._nominal_q // self._period_q
        return seconds, last_q8 + expected_q8 - tick_q8

    def _slack_q8(self, seconds: int) -> int:
        """How far off a whole count of seconds a good pulse may be: two frames, and the drift of the sample clock."""
        ppm = STEADY_PPM if self._rated else WILD_PPM
        return (2 << 8) + (seconds * self.rate_hz * ppm << 8) // 1_000_000

    def _set_aside(self, edge: Edge) -> None:
        """At no whole second: noise, or the receiver has moved its pulse."""
        frames_q8 = edge.tick_q8 - self._odd[-1] if self._odd else 0
        off_q8 = (frames_q8 + (self.rate_hz << 7)) % (self.rate_hz << 8) - (self.rate_hz << 7)
        whole = self._odd and abs(off_q8) <= (4 << 8) + frames_q8 * WILD_PPM // 1_000_000
        self._odd = self._odd + [edge.tick_q8] if whole else [edge.tick_q8]
        if len(self._odd) == ODD:
            count = self._last[1] + max(1, self._since_last(edge.tick_q8)[0]) if self._last else 0
            self.restart()
            self._take(edge.tick_q8, count, edge.half_q8)

    def _take(self, tick_q8: int, count: int, half_q8: int) -> None:
        """A good pulse: the count is now `count`."""
        self._last, self._odd, self._doubt = (tick_q8, count), [], False
        if self._leap_count is not None and count >= self._leap_count:
            self._move(-1)
        tick_q8 += self._delay_q8
        tick = tick_q8 >> 8
        if tick - self._vouched > VOUCHED_S * self.rate_hz or self._accuracy_ns > WORST_ACCURACY_NS:
            return
        sigma_ns = half_q8 * NS_Q8 // self.rate_hz + self._accuracy_ns
        into_us = ((tick_q8 & 255) * 1_000_000 + (self.rate_hz << 7)) // (self.rate_hz << 8)
        utc_us = (count + (self._offset_s or 0)) * 1_000_000 - into_us
        if not self._marks or tick > self._marks[-1][0]:
            self.pulses += self.mark(tick, utc_us, max(1, (sigma_ns + 500) // 1000))

    def _in_era(self, offset_s: int) -> int:
        """The offset that is a number of eras away from this one: nearest to the one held, or the first that makes now
        later than FLOOR_S."""
        if self._offset_s is not None:
            return self._offset_s + (offset_s - self._offset_s + ERA_S // 2) % ERA_S - ERA_S // 2
        floor_s = FLOOR_S - (self._last[1] if self._last else 0)
        return floor_s + (offset_s - floor_s) % ERA_S

    def _vote(self, offset_s: int) -> None:
        if offset_s == self._offset_s:
            self._votes = (offset_s, 0)
            return
        self._votes = (offset_s, self._votes[1] + 1 if self._votes[0] == offset_s else 1)
        if self._votes[1] >= (AGREE if self._offset_s is None else BELIEVE):
            self._move(offset_s - (self._offset_s or 0))

    def _move(self, by_s: int) -> None:
        self._offset_s = (self._offset_s or 0) + by_s
        self._votes = (self._offset_s, 0)
        self._leap_count = None
        self.shift(by_s * 1_000_000)
