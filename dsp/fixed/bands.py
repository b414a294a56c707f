"""The integer band-pass of each sample rate: five coefficients, and what they stand for.

The band is the float detector's (dsp/hearing/detect.py): Butterworth of second order on either side, 350 Hz to 4 kHz or
to 0.45 of the rate. Its poles and gain come of the bilinear transform (scipy.signal.butter); tests/dsp/fixed holds
these numbers against it. The upper pair of poles and the zeros at half the rate are a transposed biquad, in units of
2^-13:

    low[n] = push + low_1;  low_1 = low_2 + 2 push - POLE_1 low[n];  low_2 = push - POLE_2 low[n];  push = GAIN x[n]

The lower pair and the double zero at nought are two integrators, in units of 2^-14, which a constant leaves alone and
whose rounding the zeros take out again:

    y[n] = low[n] + high_1;  high_1 = high_1 + high_0 - EDGE_1 y[n];  high_0 = high_0 - EDGE_0 y[n]

With 1 + a1 z^-1 + a2 z^-2 the lower poles' polynomial, EDGE_1 = 2 + a1 and EDGE_0 = 1 + a1 + a2.
"""

from collections import namedtuple

FULL = 1 << 16
"""The amplitude of full scale within the detector. With it no number of the filter passes 31 bits at any sound."""

Band = namedtuple("Band", ("gain", "pole_1", "pole_2", "edge_1", "edge_0"))

BANDS = {
    8_000: Band(5386, 12767, 5261, 6341, 1077),
    11_025: Band(3767, 6724, 2562, 4612, 622),
    12_000: Band(3278, 4763, 2117, 4233, 537),
    16_000: Band(2079, -617, 1745, 3155, 319),
    22_050: Band(1257, -4953, 2277, 2273, 175),
    24_000: Band(1098, -5883, 2488, 2085, 149),
    32_000: Band(688, -8516, 3291, 1556, 85),
    44_100: Band(401, -10693, 4209, 1125, 46),
    48_000: Band(346, -11162, 4441, 1032, 39),
}
"""By sample rate, Hz."""


def band_of(rate_hz: int) -> Band:
    """The band-pass at this rate; ValueError names the rates there are."""
    if rate_hz not in BANDS:
        raise ValueError("sample rate " + str(rate_hz) + " Hz is none of " + ", ".join(map(str, sorted(BANDS))))
    return BANDS[rate_hz]
