"""What an impulse is like, in thirty integers: the first nine of an arrival's shape, within the detector's band, and 21
that only the board itself looks at.

The nine are what dsp/hearing/features.py calls by the same names, but of the sound from 350 Hz to 4 kHz, and simpler:
energies are squares of mean magnitudes in cells of 1 ms, and the centroid is that of a tone with the same ratio of
differences to magnitudes, 2 sin(pi f / rate), which is taken for 2 pi f / rate.

Eighteen more say how much the sound changes over a while, against how large it is. A tone of frequency f changes by
2 |sin(pi f lag)| of itself: with lags of 1/8 to 4 ms that is a coarse spectrum, for a subtraction a sample and lag. It
is taken over the first 20 ms, the 40 after and the 40 after these. The last three are the energies of the first 2 ms,
the 3 after and the 5 after these, against that of the first 20. All these are logarithms, in 1/1024 of a doubling. The
definitions are our own.
"""

from dsp.fixed.levels import decibels, log2

BEFORE_CELLS, LEFT_OUT, EARLY_CELLS, SHAPE_CELLS = 20, 2, 20, 100
"""Cells before the onset, of which the last are not looked at; cells looked at closely, and all that are looked at."""
_SLOTS = (0, 5, 20, 60, 100)  # cells between which energies are compared
LEAD_CELLS = 4  # as long as the longest lag
LAGS_US = (125, 250, 500, 1000, 2000, 4000)
_STRETCHES = ((0, 20), (20, 60), (60, 100))  # cells over which changes are summed
_STARTS = ((0, 2), (2, 5), (5, 10))
N_TOLD, N_CHANGES, N_SENT = 5, 18, 9


def describe(told: "list[int]", changes: "list[int]", cells: "list[int]", rate_hz: int) -> "tuple[int, ...]":
    """rise_us, half_us, duration_us, crossings_per_s, centroid_hz, decay_5_cdb, decay_20_cdb, decay_60_cdb, before_cdb;
    then the 21.

    told: what kernel.measure says. changes: sums of magnitudes of differences, N_CHANGES, all lags of a stretch
    together. cells: BEFORE_CELLS before that of the onset, it, and what follows, SHAPE_CELLS.
    """
    rise, over, crossings, total, change = told
    energies = [cell * cell if cell > 0 else 0 for cell in cells]
    heard = energies[BEFORE_CELLS:]
    slots = [_log_mean(heard[_SLOTS[i] : _SLOTS[i + 1]]) for i in range(4)]
    before = _log_mean(energies[: BEFORE_CELLS - LEFT_OUT])
    sent = (
        max(rise, 0) * 1_000_000 // rate_hz,
        1000 * _half(heard),
        over * 1_000_000 // rate_hz,
        crossings * 1000 // EARLY_CELLS,
        change * rate_hz * 1000 // (6283 * max(total, 1)),
        decibels(slots[0] - slots[1]),
        decibels(slots[1] - slots[2]),
        decibels(slots[2] - slots[3]),
        decibels(_log_mean(heard[:EARLY_CELLS]) - before),
    )
    return sent + tuple(_inside(changes, [max(cell, 0) for cell in cells[BEFORE_CELLS:]], heard))


def _inside(changes: "list[int]", sizes: "list[int]", energies: "list[int]") -> "list[int]":
    logs = [log2(max(sum(sizes[first:end]), 1)) for first, end in _STRETCHES]
    told = [log2(max(change, 1)) - logs[i // len(LAGS_US)] for i, change in enumerate(changes)]
    early = _log_mean(energies[:EARLY_CELLS])
    return told + [_log_mean(energies[first:end]) - early for first, end in _STARTS]


def _log_mean(energies: "list[int]") -> int:
    return log2(max(sum(energies) // len(energies), 1))


def _half(energies: "list[int]") -> int:
    """Cells until half of all energy has come."""
    left, n = sum(energies), 0
    half = left // 2
    while left > half:
        left -= energies[n]
        n += 1
    return n
