"""The integer detector's inner loops in MicroPython's viper: one source for all boards and for the unix port.

What they reckon, and why, stands in dsp/fixed/detector.py; dsp/hearing/fixed_reference.py says it again in whole
arrays. The numbers are the same to the last bit, there, here, and in each board's own machine code.

Viper is not the same everywhere (notes/micropython.md section 3): on 64 bits a ptr32 load comes without its sign, a
ptr16 load does so on all, and only boards wrap at 32 bits. So a loaded word gets its sign by hand, (v ^ sign) - sign
with sign = 1 << 31, which is reckoned since boards have no such constant; and what is compared, shifted right or
multiplied stays within 31 bits and a sign, which the reference asserts. Nothing here allocates. A function has all its
work in it, because a call from viper costs more than the work.

Arrays: `state` has 107 words, its places the constants below. `raw` (16 bits) holds the last samples, `cells` (2048
words) the last cells; `weighed` has the rise of 256 cells, their energies after, and the energy of 64 cells in units of
2^20 and of 1. The samples of the band would take twice as much as `raw`, and are not held: what the filter remembers is
kept with every eighth cell, and from there `again` makes the same samples once more, those few that an onset asks for.
"""

import micropython
from micropython import const

_GAIN = const(0)
_POLE_1 = const(1)
_POLE_2 = const(2)
_EDGE_1 = const(3)
_EDGE_0 = const(4)
_LOW_1 = const(5)  # what the filter remembers
_LOW_2 = const(6)
_HIGH_1 = const(7)
_HIGH_0 = const(8)
_AT = const(9)  # of the cell being filled
_LEFT = const(10)
_TOTAL = const(11)
_LAST = const(12)
_VARIED = const(13)
_CELL = const(14)  # samples of a cell, and of `raw`
_SPAN = const(15)
_LOST = const(16)  # this cell misses samples; and so do all to come
_HOLD = const(17)
_N_CELLS = const(18)  # cells so far; since a gap; silent
_N_WEIGHED = const(19)
_CLEAN = const(20)
_SILENT = const(21)
_AFTER_HIGH = const(22)  # sums of energies, in units of 2^20 and of 1
_AFTER_LOW = const(23)
_BEFORE_HIGH = const(24)
_BEFORE_LOW = const(25)
_KEPT = const(26)  # place of what was kept last, in what follows: four words for every eighth cell that `raw` holds
_MEMORY = const(27)
_MEMORIES = const(80)
_HIGHS = const(512)

_AFTER = const(12)
_WINDOW = const(52)
_APART = const(40)
_GAP = const(5)
_LOOK = const(116)
_RISE = const(2382)
_NO_RISE = const(1 << 20)
_RATIO = const(1779)
_PER_CELL = const(3671)


@micropython.viper
def hear(i: int, stop: int, raw: ptr16, cells: ptr32, samples: ptr32, state: ptr32) -> int:
    """Band-pass the samples i to `stop` (not with it), and fold them into cells. Comes back: how many cells there are.

    Viper keeps the first three arguments in registers: they are those that each sample asks for.
    """
    sign = 1
    sign = sign << 31
    gain = state[_GAIN] << 1  # a sample has 16 bits, half of bands.FULL
    pole_1 = (state[_POLE_1] ^ sign) - sign
    pole_2 = state[_POLE_2]
    edge_1 = state[_EDGE_1]
    edge_0 = state[_EDGE_0]
    low_1 = (state[_LOW_1] ^ sign) - sign
    low_2 = (state[_LOW_2] ^ sign) - sign
    high_1 = (state[_HIGH_1] ^ sign) - sign
    high_0 = (state[_HIGH_0] ^ sign) - sign
    last = (state[_LAST] ^ sign) - sign
    varied = state[_VARIED]
    total = state[_TOTAL]
    left = state[_LEFT]
    at = state[_AT]
    end = stop
    while i < end:
        # To the end of the cell, or of what there is.
        stop = i + left
        if stop > end:
            stop = end
        left -= stop - i
        while i < stop:
            x = ((samples[i] ^ sign) - sign) >> 16
            raw[at] = x
            varied = varied | (x ^ last)
            push = gain * x
            low = (push + low_1) >> 13
            low_1 = low_2 + push + push - pole_1 * low
            low_2 = push - pole_2 * low
            y = low + (high_1 >> 14)
            high_1 = high_1 + high_0 - edge_1 * y
            high_0 = high_0 - edge_0 * y
            if y < 0:
                y = 0 - y
            total += y
            at += 1
            i += 1
        last = x
        if left == 0:
            if varied == 0:
                total = 0
            if state[_LOST]:
                total = 0 - 1
            cells[state[_N_CELLS] & 2047] = total
            state[_N_CELLS] = state[_N_CELLS] + 1
            state[_LOST] = state[_HOLD]
            varied = 0
            total = 0
            left = state[_CELL]
            if at == state[_SPAN]:
                at = 0
            if (state[_N_CELLS] & 7) == 0:
                kept = state[_KEPT] + 4
                if kept == _MEMORIES:
                    kept = 0
                state[_KEPT] = kept
                kept += _MEMORY
                state[kept] = low_1
                state[kept + 1] = low_2
                state[kept + 2] = high_1
                state[kept + 3] = high_0
    state[_LOW_1] = low_1
    state[_LOW_2] = low_2
    state[_HIGH_1] = high_1
    state[_HIGH_0] = high_0
    state[_LAST] = last
    state[_VARIED] = varied
    state[_TOTAL] = total
    state[_LEFT] = left
    state[_AT] = at
    return state[_N_CELLS]


@micropython.viper
def weigh(state: ptr32, cells: ptr32, weighed: ptr32) -> int:
    """Weigh the cells that came. Comes back: a cell in which the rise peaks, or -1 when all cells are weighed."""
    sign = 1
    sign = sign << 31
    found = 0 - 1
    here = state[_N_WEIGHED]
    end = state[_N_CELLS]
    clean = state[_CLEAN]
    silent = state[_SILENT]
    after_high = state[_AFTER_HIGH]
    after_low = state[_AFTER_LOW]
    before_high = state[_BEFORE_HIGH]
    before_low = state[_BEFORE_LOW]
    while here < end:
        # Is there a gap?
        total = (cells[here & 2047] ^ sign) - sign
        clean += 1
        if total > 0:
            silent = 0
        elif total == 0:
            silent += 1
            if silent >= _GAP:
                clean = 0
                k = _AFTER
                while k < _AFTER + _GAP - 1:
                    weighed[(here - k) & 255] = 0 - _NO_RISE
                    k += 1
        else:
            silent = 0
            clean = 0
            total = 0
        # Three energies move: one comes into AFTER, one goes from there into BEFORE, one leaves it.
        low = total & 1023
        high = total >> 10
        cross = (high + high) * low
        high = high * high + (cross >> 10)
        low = low * low + ((cross & 1023) << 10)
        k = (here & 63) + _HIGHS
        weighed[k] = high
        weighed[k + 64] = low
        after_high += high
        after_low += low
        k = ((here - _AFTER) & 63) + _HIGHS
        high = weighed[k]
        low = weighed[k + 64]
        after_high -= high
        after_low -= low
        before_high += high
        before_low += low
        k = ((here - _WINDOW) & 63) + _HIGHS
        before_high -= weighed[k]
        before_low -= weighed[k + 64]
        # How far it rises, where it does at all.
        rise = 0 - _NO_RISE
        if clean >= _WINDOW:
            high = after_high + (after_low >> 20)
            low = after_low & 0xFFFFF
            more = high - before_high - (before_low >> 20)
            if more == 0:
                more = low - (before_low & 0xFFFFF)
            if more >= 0:
                rise = 0
                k = 0
                while k < 2:
                    log = 10240
                    if high < 2048:
                        high = (high << 20) | low
                    else:
                        log = 30720
                    if high < 1:
                        high = 1
                    while high > 32767:
                        high = high >> 4
                        log += 4096
                    while high > 2047:
                        high = high >> 1
                        log += 1024
                    while high < 1024:
                        high = high + high
                        log -= 1024
                    high -= 1024
                    log += high + ((352 * high * (1024 - high)) >> 20)
                    if k == 0:
                        weighed[((here - _AFTER + 1) & 255) + 256] = log - _PER_CELL
                        rise = log + _RATIO
                        high = before_high + (before_low >> 20)
                        low = before_low & 0xFFFFF
                    else:
                        rise -= log
                    k += 1
        weighed[(here - _AFTER + 1) & 255] = rise
        # Does the rise peak where all that is asked for is known by now?
        k = here - _LOOK
        rise = (weighed[k & 255] ^ sign) - sign
        if rise >= _RISE and k >= 0:
            found = k
            back = 1
            while back <= _APART:
                if ((weighed[(k - back) & 255] ^ sign) - sign) >= rise:
                    found = 0 - 1
                if ((weighed[(k + back) & 255] ^ sign) - sign) > rise:
                    found = 0 - 1
                back += 1
            if found >= 0:
                end = here
        here += 1
    state[_N_WEIGHED] = here
    state[_CLEAN] = clean
    state[_SILENT] = silent
    state[_AFTER_HIGH] = after_high
    state[_AFTER_LOW] = after_low
    state[_BEFORE_HIGH] = before_high
    state[_BEFORE_LOW] = before_low
    return found


@micropython.viper
def floor(cells: ptr32, first: int, n: int) -> int:
    """The 30th percentile of the n cells from `first` on that hold sound; 1 where none does."""
    sign = 1
    sign = sign << 31
    heard = 0
    value = 0
    bit = 1 << 23
    while bit > 0:
        below = 0
        heard = 0
        i = first
        while i < first + n:
            cell = (cells[i & 2047] ^ sign) - sign
            if cell > 0:
                heard += 1
                if cell < value + bit:
                    below += 1
            i += 1
        if below <= ((heard - 1) * 307) >> 10:
            value += bit
        bit = bit >> 1
    if heard == 0:
        value = 1
    return value


@micropython.viper
def again(at: int, n: int, raw: ptr16, band: ptr32, state: ptr32) -> int:
    """Band-pass n samples of `raw` from its place `at` on as `hear` did, into `band`. Comes back: n."""
    sign = 1
    sign = sign << 31
    gain = state[_GAIN] << 1
    pole_1 = (state[_POLE_1] ^ sign) - sign
    pole_2 = state[_POLE_2]
    edge_1 = state[_EDGE_1]
    edge_0 = state[_EDGE_0]
    span = state[_SPAN]
    # From the last place before that the filter's memory is kept of.
    kept = _MEMORY
    begin = 0
    size = state[_CELL] << 3
    while begin + size <= at:
        begin += size
        kept += 4
    low_1 = (state[kept] ^ sign) - sign
    low_2 = (state[kept + 1] ^ sign) - sign
    high_1 = (state[kept + 2] ^ sign) - sign
    high_0 = (state[kept + 3] ^ sign) - sign
    i = begin - at
    at = begin
    while i < n:
        x = (raw[at] ^ 0x8000) - 0x8000
        push = gain * x
        low = (push + low_1) >> 13
        low_1 = low_2 + push + push - pole_1 * low
        low_2 = push - pole_2 * low
        y = low + (high_1 >> 14)
        high_1 = high_1 + high_0 - edge_1 * y
        high_0 = high_0 - edge_0 * y
        if i >= 0:
            band[i] = y
        at += 1
        if at == span:
            at = 0
        i += 1
    return n


@micropython.viper
def cut(band: ptr32, n: int) -> int:
    """Where n samples are best cut in two; comes back: how many before."""
    sign = 1
    sign = sign << 31
    # The stretch ends behind its peak.
    peak = 0
    stop = 0
    i = 0
    while i < n:
        y = (band[i] ^ sign) - sign
        if y < 0:
            y = 0 - y
        if y > peak:
            peak = y
            stop = i
        i += 1
    if stop + 2 < n:
        n = stop + 2
    if n < 24:
        n = 24
    # All energy, over a floor 36 dB under the peak, in a unit in which it stays under 2^30.
    shift = 0
    while (peak >> shift) > 32767:
        shift += 1
    least = ((peak >> shift) * (peak >> shift)) >> 12
    i = 0
    total = 0
    while i < n:
        y = (band[i] ^ sign) - sign
        if y < 0:
            y = 0 - y
        y = y >> shift
        total += y * y + least
        i += 1
        if total > 0x3FFFFFFF:
            total = 0
            i = 0
            shift += 1
            least = ((peak >> shift) * (peak >> shift)) >> 12
    # The cut with the least of Akaike's criterion.
    best = 0
    place = 8
    grown = 0
    i = 0
    while i < n - 1:
        if i >= 8:
            score = 0
            k = 0
            while k < 4:
                v = i
                if k == 1:
                    v = grown
                if k == 2:
                    v = n - i
                if k == 3:
                    v = total - grown
                if v < 1:
                    v = 1
                log = 10240
                while v > 32767:
                    v = v >> 4
                    log += 4096
                while v > 2047:
                    v = v >> 1
                    log += 1024
                while v < 1024:
                    v = v + v
                    log -= 1024
                v -= 1024
                log += v + ((352 * v * (1024 - v)) >> 20)
                if k == 0:
                    score -= i * log
                if k == 1:
                    score += i * log
                if k == 2:
                    score -= (n - i - 1) * log
                if k == 3:
                    score += (n - i - 1) * log
                k += 1
            if i == 8 or score < best:
                best = score
                place = i
        y = (band[i] ^ sign) - sign
        if y < 0:
            y = 0 - y
        y = y >> shift
        grown += y * y + least
        i += 1
    return place


@micropython.viper
def measure(band: ptr32, first: int, n: int, told: ptr32) -> int:
    """Measure n samples from an onset on. Comes back: their peak.

    told: samples from a tenth of the peak to it, samples of a tenth of it and more, changes of sign, the sum of
    magnitudes, and that of differences.
    """
    sign = 1
    sign = sign << 31
    peak = 0
    peak_at = 0
    crossings = 0
    total = 0
    change = 0
    last = (band[first] ^ sign) - sign
    i = 0
    while i < n:
        y = (band[first + i] ^ sign) - sign
        step = y - last
        if step < 0:
            step = 0 - step
        change += step
        if (y ^ last) < 0:
            crossings += 1
        last = y
        if y < 0:
            y = 0 - y
        total += y
        if y > peak:
            peak = y
            peak_at = i
        i += 1
    over = 0
    start = 0 - 1
    i = 0
    while i < n:
        y = (band[first + i] ^ sign) - sign
        if y < 0:
            y = 0 - y
        if y * 10 >= peak:
            over += 1
            if start < 0:
                start = i
        i += 1
    told[0] = peak_at - start
    told[1] = over
    told[2] = crossings
    told[3] = total
    told[4] = change
    return peak


@micropython.viper
def loud(band: ptr32, first: int, stop: int, peak: int) -> int:
    """How many of the samples first to `stop` (not with it) are a tenth of a peak and more."""
    sign = 1
    sign = sign << 31
    over = 0
    while first < stop:
        y = (band[first] ^ sign) - sign
        if y < 0:
            y = 0 - y
        if y * 10 >= peak:
            over += 1
        first += 1
    return over


@micropython.viper
def differ(band: ptr32, first: int, stop: int, lag: int) -> int:
    """The sum of magnitudes of what the samples first to `stop` (not with it) differ from those `lag` before."""
    sign = 1
    sign = sign << 31
    total = 0
    while first < stop:
        y = (band[first] ^ sign) - sign
        y -= (band[first - lag] ^ sign) - sign
        if y < 0:
            y = 0 - y
        total += y
        first += 1
    return total
