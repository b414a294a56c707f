"""What an impulse is like, in nine integers: the first nine of an arrival's shape, within the detector's band.

They are what dsp/hearing/features.py calls by the same names, but of the sound from 350 Hz to 4 kHz, and simpler:
energies are squares of mean magnitudes in cells of 1 ms, and the centroid is that of a tone with the same ratio of
differences to magnitudes, 2 sin(pi f / rate), which is taken for 2 pi f / rate.
"""

from dsp.fixed.levels import decibels, log2

BEFORE_CELLS, LEFT_OUT, EARLY_CELLS, SHAPE_CELLS = 20, 2, 20, 100
"""Cells before the onset, of which the last are not looked at; cells looked at closely, and all that are looked at."""
SLOTS = (0, 5, 20, 60, 100)  # cells between which energies are compared
N_TOLD = 5


def describe(told: "list[int]", cells: "list[int]", rate_hz: int) -> "tuple[int, ...]":
    """rise_us, half_us, duration_us, crossings_per_s, centroid_hz, decay_5_cdb, decay_20_cdb, decay_60_cdb, before_cdb.

    told: what kernel.measure says. cells: BEFORE_CELLS before that of the onset, it, and what follows, SHAPE_CELLS.
    """
    rise, over, crossings, total, change = told
    energies = [cell * cell if cell > 0 else 0 for cell in cells]
    heard = energies[BEFORE_CELLS:]
    slots = [_log_mean(heard[SLOTS[i] : SLOTS[i + 1]]) for i in range(4)]
    before = _log_mean(energies[: BEFORE_CELLS - LEFT_OUT])
    return (
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
